"""Makes room in the cache because somebody asked for it."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable
from dataclasses import dataclass

from jhansi_runner.proxy.cache.artifacts import ArtifactFiles
from jhansi_runner.proxy.cache.choice import Sort, Thing, aged, down_to, total
from jhansi_runner.proxy.cache.contents import mark_all, remove_marked, things
from jhansi_runner.proxy.cache.pins import pinned
from jhansi_runner.proxy.cache.store import Store
from jhansi_runner.proxy.cache.upkeep import LOCK

_LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Wish:
    """What may go: what was fetched, or used last, so many seconds ago; and how many bytes may stay.

    None is for no wish.
    """

    older: float | None = None
    unused: float | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Removed:
    """One thing that went. `purl` is "" where no row names the file, and for what is no artifact."""

    thing: Thing
    purl: str


@dataclass(frozen=True, slots=True)
class Pruned:
    """What went, or would; how many bytes stay, and how many of them because they are pinned."""

    removed: tuple[Removed, ...]
    stays: int
    pinned: int


def prune(
    store: Store,
    files: ArtifactFiles,
    state: str,
    wish: Wish,
    clock: Callable[[], float] = time.time,
    *,
    dry_run: bool = False,
) -> Pruned:
    """Remove what is wished away, in a few seconds at least if that is anything. Raises OSError."""
    with files.lock(fcntl.LOCK_EX, LOCK):
        stored: dict[str, float] = {}
        purls: dict[str, str] = {}
        for _, artifact in store.artifacts():
            stored[artifact.sha256] = max(artifact.stored, stored.get(artifact.sha256, 0.0))
            purls[artifact.sha256] = artifact.purl
        there = things(store, files, pinned(state), stored)
        chosen = choose(there, wish, clock())
        gone = chosen if dry_run else mark_all(store, files, chosen, clock())
        while not dry_run and remove_marked(store, files, clock()):
            time.sleep(_LOOK_SECONDS)
    names = {(thing.sort, thing.name) for thing in gone}
    left = [thing for thing in there if (thing.sort, thing.name) not in names]
    removed = tuple(Removed(one, purls.get(one.name, "") if one.sort is Sort.ARTIFACT else "") for one in gone)
    return Pruned(removed, total(left), total(thing for thing in left if thing.pinned))


def choose(there: list[Thing], wish: Wish, now: float) -> list[Thing]:
    """What goes: all that is too old, then of the rest what makes the cache small enough."""
    stored = None if wish.older is None else now - wish.older
    used = None if wish.unused is None else now - wish.unused
    chosen = aged(there, stored=stored, used=used)
    if wish.size is not None:
        gone = set(chosen)
        chosen += down_to(wish.size, [thing for thing in there if thing not in gone])
    return chosen
