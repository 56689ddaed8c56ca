"""Which versions of which packages an advisory affects, as its record says.

What cannot be read of it only ever makes it wider: a bound that is no bound is left out.

Source: Open Source Vulnerability format 1.7, "affected fields".
"""

from __future__ import annotations

from dataclasses import dataclass

from jhansi_runner.proxy import coordinate as coordinates
from jhansi_runner.proxy.coordinate import Coordinate

Event = tuple[str, str]
"""What happens at a version: one of EVENTS, and the version as it is written."""
Range = tuple[Event, ...]

INTRODUCED, FIXED, LAST_AFFECTED, LIMIT = EVENTS = ("introduced", "fixed", "last_affected", "limit")
BEGINNING = "0"
"""The version of an `introduced` that comes before every other."""
EVER: Range = ((INTRODUCED, BEGINNING),)

_ECOSYSTEMS = {
    "pypi": coordinates.PYPI,
    "npm": coordinates.NPM,
    "maven": coordinates.MAVEN,
    "go": coordinates.GOLANG,
}
_LONGEST_NAME = 512
_LONGEST_VERSION = 256
_MOST = 20_000
"""Versions or events of one entry that are looked at; an entry with more affects every version."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Which versions of a package a record affects: those in a range, and those listed; without both, all.

    `path` is the package's as in Coordinate. Each range holds its events in the order of the file.
    """

    type: str
    path: str
    ranges: tuple[Range, ...]
    versions: tuple[str, ...]


def read_entries(item: object, troubles: list[str]) -> list[Entry]:
    """What an item of `affected` says: nothing where it names no package of ours, two where name and purl differ."""
    if not isinstance(item, dict):
        troubles.append("has an item of `affected` that is no object")
        return []
    packages = _packages(item.get("package"), troubles)
    if not packages:
        return []
    ranges, versions = _ranges(item, troubles), _versions(item, troubles)
    if ranges is None or versions is None:
        ranges, versions = [EVER], ()
    return [Entry(one.type, one.path, tuple(ranges), versions) for one in sorted(packages)]


def _packages(package: object, troubles: list[str]) -> set[Coordinate]:
    if package is None:  # a record about a repository, and nothing that a registry has
        return set()
    if not isinstance(package, dict):
        troubles.append("affects a package that is no object")
        return set()
    ecosystem, name, purl = (package.get(key) for key in ("ecosystem", "name", "purl"))
    if isinstance(ecosystem, str) and ecosystem:
        purl_type = _ECOSYSTEMS.get(ecosystem.partition(":")[0].strip().lower())  # Maven's may have a repository behind
        if purl_type is None:
            return set()
        return _named(purl_type, name, troubles) | _by_purl(purl, troubles)
    found = _by_purl(purl, troubles)
    if not found:
        troubles.append("affects a package without an ecosystem")
    return found


def _by_purl(purl: object, troubles: list[str]) -> set[Coordinate]:
    if purl is None:
        return set()
    try:
        if not isinstance(purl, str) or len(purl) > 3 * _LONGEST_NAME or not purl.isprintable():
            raise ValueError("it is no text, or too long")
        found = Coordinate.parse(purl).at(None)
    except ValueError:
        troubles.append("has a purl that cannot be read")
        return set()
    return {found} if found.type in _ECOSYSTEMS.values() else set()


def _named(purl_type: str, text: object, troubles: list[str]) -> set[Coordinate]:
    name = text.strip() if isinstance(text, str) else ""
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        troubles.append(f"affects a package of {purl_type} whose name cannot be read")
        return set()
    group, _, artifact = name.partition(":")
    match purl_type:
        case coordinates.PYPI:
            return {coordinates.pypi(name)}
        case coordinates.NPM:
            return {coordinates.npm(name)}
        case coordinates.GOLANG:
            return {coordinates.golang(name)}
        case _ if group and artifact and ":" not in artifact:
            return {coordinates.maven(group, artifact)}
    troubles.append(f"affects {name!r}, which is no group:artifact of Maven")
    return set()


def _ranges(item: dict[str, object], troubles: list[str]) -> list[Range] | None:
    """The ranges of versions; None where what is there is none, or too much."""
    given = item.get("ranges")
    if given is None:
        return []
    found = [_range(one, troubles) for one in given] if isinstance(given, list) else None
    if found is None or sum(len(one) for one in found if one) > _MOST:
        troubles.append("has ranges that cannot be read, or too many")
        return None
    return [one for one in found if one is not None]


def _range(item: object, troubles: list[str]) -> Range | None:
    """The events of a range; None for a range of commits, which tells nothing of versions."""
    if not isinstance(item, dict):
        troubles.append("has a range that is no object")
        return EVER
    if item.get("type") == "GIT":
        return None
    events = []
    for event in items_of(item, "events", troubles):
        found = [(kind, event[kind]) for kind in EVENTS if kind in event] if isinstance(event, dict) else []
        if not found:
            troubles.append("has an event that says nothing")
        for kind, version in found:
            if isinstance(version, str) and 0 < len(version) <= _LONGEST_VERSION:
                events.append((kind, version))
            else:
                troubles.append(f"has a version at `{kind}` that is none")
                if kind == INTRODUCED:
                    events.append((kind, BEGINNING))
    return tuple(events) or EVER


def _versions(item: dict[str, object], troubles: list[str]) -> tuple[str, ...] | None:
    """The versions that are listed; None where one of them cannot be read, so that it might be any."""
    found = item.get("versions")
    if found is None:
        return ()
    if isinstance(found, list) and len(found) <= _MOST:
        texts = tuple(one for one in found if isinstance(one, str) and 0 < len(one) <= _LONGEST_VERSION)
        if len(texts) == len(found):
            return texts
    troubles.append("lists versions that cannot be read, or too many")
    return None


def items_of(place: dict[str, object], key: str, troubles: list[str]) -> list[object]:
    """The items of a list; none where there is no list."""
    found = place.get(key)
    if isinstance(found, list):
        return found
    if found is not None:
        troubles.append(f"has `{key}` that is no list")
    return []
