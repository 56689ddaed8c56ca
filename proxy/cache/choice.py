"""Which of the cache's things go: decided from what is known of them, without touching any."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

DOCUMENT_SECONDS = 7 * 86400.0
"""How much longer than an artifact a document stays: offline, nothing can be chosen without it."""


class Sort(Enum):
    """What a thing in the cache is."""

    ARTIFACT = "artifact"
    DOCUMENT = "document"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing in the cache. `name` is an artifact's sha256, a document's key, or a quarantined file's name.

    `size` is in bytes; `stored` and `used` are in seconds since the epoch. A document counts as used when it was
    fetched or confirmed last.
    """

    sort: Sort
    name: str
    size: int
    stored: float
    used: float
    pinned: bool = False


def total(things: Iterable[Thing]) -> int:
    """How many bytes things are."""
    return sum(thing.size for thing in things)


def down_to(size: int, things: Iterable[Thing]) -> list[Thing]:
    """What goes so that not more than so many bytes stay: what is quarantined, then what was not used for longest.

    A document counts as used `DOCUMENT_SECONDS` later than it was. What is pinned stays, even if that is too much.
    """
    there = list(things)
    excess = total(there) - size
    gone: list[Thing] = []
    for thing in sorted(there, key=_order):
        if excess <= 0:
            break
        if not thing.pinned:
            gone.append(thing)
            excess -= thing.size
    return gone


def _order(thing: Thing) -> tuple[bool, float, str]:
    longer = DOCUMENT_SECONDS if thing.sort is Sort.DOCUMENT else 0.0
    return thing.sort is not Sort.QUARANTINED, thing.used + longer, thing.name


def aged(things: Iterable[Thing], *, stored: float | None = None, used: float | None = None) -> list[Thing]:
    """What was stored, or used last, before a time, and is not pinned."""
    return [
        thing
        for thing in things
        if not thing.pinned
        and ((stored is not None and thing.stored < stored) or (used is not None and thing.used < used))
    ]
