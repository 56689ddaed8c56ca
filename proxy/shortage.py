"""What was asked of the cache alone and was not in it: read from the ledger's entries, as what to fetch elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.ledger import ALLOW, NOT_CACHED, Entry
from jhansi_runner.proxy.registries.interface import Kind, Registry, Wanted

_MIRROR = "mirror"


@dataclass(frozen=True, slots=True)
class Shortage:
    """What one client missed: `coordinates`, releases where their version is known, else packages.

    `partly` are packages of which it was shown some versions or none, because the others are not in the cache, and of
    which it fetched nothing: perhaps what it wanted is among the others. `asked` are all packages that it asked for,
    and `fetched` those of which it got more than a listing.
    """

    coordinates: Sequence[Coordinate]
    partly: Sequence[Coordinate]
    asked: frozenset[Coordinate]
    fetched: frozenset[Coordinate]


def shortage(entries: Iterable[Entry], registries: Mapping[str, Registry]) -> Shortage:
    """Read the entries of one client, in their order. What it got in the end was not missing."""
    latest: dict[tuple[str, str], tuple[Wanted, Entry]] = {}
    for entry in entries:
        kind, _, rest = entry.url.removeprefix("/").partition("/")
        registry = registries.get(kind) if entry.plane == _MIRROR else None
        wanted = registry.route(f"/{rest}") if registry is not None else None
        if wanted is not None:
            latest[kind, wanted.path] = wanted, entry
    coordinates: dict[Coordinate, None] = {}
    partly: dict[Coordinate, None] = {}
    asked: set[Coordinate] = set()
    got: set[Coordinate] = set()
    for kind, registry in registries.items():
        own = [pair for (type_, _), pair in latest.items() if type_ == kind]
        found = [wanted for wanted, entry in own if entry.verdict == ALLOW]
        missed = [wanted for wanted, entry in own if entry.verdict != ALLOW and entry.code == NOT_CACHED]
        fetched = _packages(wanted for wanted in found if wanted.kind is not Kind.LISTING)
        coordinates |= dict.fromkeys(registry.lacking(missed, found))
        short = (wanted for wanted, entry in own if entry.verdict == ALLOW and entry.code == NOT_CACHED)
        partly |= dict.fromkeys(one for one in _packages(short) if one not in fetched)
        asked |= _packages(wanted for wanted, _ in own).keys()
        got |= fetched.keys()
    whole = {one.at(None) for one in coordinates if one.version is not None}
    kept = [one for one in coordinates if one.version is not None or one not in whole]
    others = [one for one in partly if one not in whole and one not in coordinates]
    return Shortage(kept, others, frozenset(asked), frozenset(got))


def _packages(wanted: Iterable[Wanted]) -> dict[Coordinate, None]:
    return dict.fromkeys(one.package.at(None) for one in wanted if one.package is not None)
