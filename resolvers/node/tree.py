"""The tree of packages in a package-lock.json: who finds whom.

Source: npm's documentation of package-lock.json, "packages"; Node's "Loading from node_modules folders".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from jhansi_runner.resolvers.node.text import Table

MODULES = "node_modules/"
_NEEDED = ("dependencies", "optionalDependencies", "peerDependencies")

Entries = Mapping[str, Table]


def name_at(place: str) -> str:
    """The name under which a package is found at a place, "" where none is."""
    _, found, name = f"/{place}".rpartition(f"/{MODULES}")
    return name if found else ""


def owner(place: str) -> str:
    """The place of the package in whose `node_modules` another is; the root is ""."""
    return f"/{place}".rpartition(f"/{MODULES}")[0].lstrip("/")


def found_by(entries: Entries, place: str, name: str) -> str | None:
    """The place of the package that the one at `place` gets for a name, None when there is none."""
    while True:
        candidate = f"{place}/{MODULES}{name}" if place else MODULES + name
        if candidate in entries:
            return candidate
        if not place:
            return None
        place = owner(place) if name_at(place) else place.rpartition("/")[0]


def real_place(entries: Entries, place: str) -> str:
    """Where a link leads, or the place itself."""
    entry = entries[place]
    target = entry.get("resolved")
    return target if entry.get("link") is True and isinstance(target, str) and target in entries else place


def needs(entries: Entries, place: str) -> Iterator[tuple[str, bool]]:
    """The places of what a package needs, and whether it can do without."""
    entry = entries[place]
    sections = _NEEDED if name_at(place) else (*_NEEDED, "devDependencies")
    optional = _names(entry.get("optionalDependencies"))
    for section in sections:
        for name in _names(entry.get(section)):
            found = found_by(entries, place, name)
            if found is not None:
                yield real_place(entries, found), section == "optionalDependencies" or name in optional
                if real_place(entries, found) != found:
                    yield found, True


def _names(section: object) -> list[str]:
    return [name for name in section if isinstance(name, str)] if isinstance(section, dict) else []


def fitting(entries: Entries, unfit: frozenset[str]) -> dict[str, Table]:
    """The tree without what does not fit this host, what cannot do without it, and what is there for them alone."""
    left_out = {place for place in unfit if entries.get(place, {}).get("optional") is True}
    waiting = True
    while waiting:
        more = {
            place
            for place, entry in entries.items()
            if place not in left_out
            and entry.get("optional") is True
            and any(needed in left_out and not can_do_without for needed, can_do_without in needs(entries, place))
        }
        left_out |= more
        waiting = bool(more)
    roots = ["", *(place for place, entry in entries.items() if (place and not name_at(place)) or entry.get("link"))]
    reached: set[str] = set()
    while roots:
        place = roots.pop()
        if place in reached or place in left_out or place not in entries:
            continue
        reached.add(place)
        roots.extend(needed for needed, _ in needs(entries, place))
    return {place: _without(entries, place, left_out) for place in entries if place in reached}


def _without(entries: Entries, place: str, left_out: set[str]) -> Table:
    """An entry that no more names what was left out: npm would miss it in the lock."""
    entry = entries[place]
    optional = entry.get("optionalDependencies")
    if not isinstance(optional, dict):
        return entry
    kept = {name: spec for name, spec in optional.items() if found_by(entries, place, name) not in {None, *left_out}}
    others = {key: value for key, value in entry.items() if key != "optionalDependencies"}
    return {**others, "optionalDependencies": kept} if kept else others
