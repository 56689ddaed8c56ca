"""Which modules are to be fetched for a go command that missed something in the cache.

For a package it asks for every module whose path is a beginning of the package's; all but one of them are nothing. What
proves a record of the checksum database has no module in its URL: it belongs to the lookups.

Source: the Go modules reference, "Resolving a package to a module", "Checksum database".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.registries import golang_names as names
from jhansi_runner.proxy.registries.golang_sums import asked
from jhansi_runner.proxy.registries.interface import Wanted

_SUMDB = "/sumdb/"


def lacking(missed: Sequence[Wanted], found: Sequence[Wanted]) -> Sequence[Coordinate]:
    """The releases and modules to fetch, each once."""
    exact = dict.fromkeys(one for one in map(_release, missed) if one is not None)
    if any(one.path.startswith(_SUMDB) and not _looked_up(one) for one in missed):
        exact |= dict.fromkeys(one for one in map(_looked_up, found) if one is not None)
    known = {one.package.path for one in found if one.package is not None and not one.path.startswith(_SUMDB)}
    known |= {one.path for one in exact}
    asked_for = dict.fromkeys(one.package for one in missed if one.package is not None and _release(one) is None)
    opened = [one for one in asked_for if not _is_within(one.path, known)]
    longest = [one for one in opened if not any(other.path.startswith(f"{one.path}/") for other in opened)]
    return [*exact, *longest]


def _release(wanted: Wanted) -> Coordinate | None:
    """The release that a path tells."""
    if wanted.path.startswith(_SUMDB):
        return _looked_up(wanted)
    if wanted.package is None or wanted.package.version is not None:
        return wanted.package
    version = names.unescape(wanted.path.rpartition("/")[2].removesuffix(".mod"))
    exact = wanted.path.endswith(".mod") and version and names.is_release(wanted.package.path, version)
    return wanted.package.at(version) if exact else None


def _looked_up(wanted: Wanted) -> Coordinate | None:
    if not wanted.path.startswith(_SUMDB):
        return None
    what = asked(wanted.path.removeprefix(_SUMDB))
    return names.coordinate(what.module, what.version) if what is not None and what.module else None


def _is_within(path: str, known: Iterable[str]) -> bool:
    """Whether a module that is there may hold a package of this path, or was found where this one was tried too."""
    return any(path == one or path.startswith(f"{one}/") or one.startswith(f"{path}/") for one in known)
