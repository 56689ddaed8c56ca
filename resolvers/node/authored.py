"""The author's package-lock.json as npm gets to see it: registry files by their sha512, and folders of the workspace.

Source: npm's documentation of package-lock.json.
"""

from __future__ import annotations

import json
from collections.abc import Container
from dataclasses import dataclass

from jhansi_runner.resolvers.interface import ManifestError
from jhansi_runner.resolvers.node import npmrc, registry
from jhansi_runner.resolvers.node.text import Table, line_of, parse, table
from jhansi_runner.resolvers.node.tree import name_at

NAMES = ("npm-shrinkwrap.json", "package-lock.json")
_KEPT = (
    *("version", "dependencies", "optionalDependencies", "peerDependencies", "peerDependenciesMeta", "bin", "engines"),
    *("os", "cpu", "libc", "dev", "optional", "devOptional", "peer", "inBundle", "bundleDependencies", "license"),
    *("hasInstallScript", "hasShrinkwrap"),
)
_ELSEWHERE = "name a version of the registry in package.json, and write the lock file anew with npm install"
_MAX_DEPTH = 50
MAX_NOTES = 50


def sanitised(text: str, path: str, members: Container[str]) -> tuple[str, list[str]]:
    """The lock, and notes. `members` are the folders that package.json files link, relative to the project.

    Raises ManifestError for a package that comes from elsewhere than the registry.
    """
    document = parse(text, path)
    if document.get("lockfileVersion") not in (1, 2, 3):
        hint = "write it anew with npm 7 or later"
        raise ManifestError(path, line_of(text, "lockfileVersion"), "is a lock file of an unknown version", hint)
    notes: list[str] = []
    if "packages" in document:
        packages = _packages(table(document, "packages", path, text), path, text, members, notes)
        return json.dumps({"lockfileVersion": 3, "requires": True, "packages": packages}), notes
    old = _old(table(document, "dependencies", path, text), path, text, notes, 0)
    return json.dumps({"lockfileVersion": 1, "requires": True, "dependencies": old}), notes


def _packages(packages: Table, path: str, text: str, members: Container[str], notes: list[str]) -> Table:
    kept: Table = {}
    for place, entry in packages.items():
        if not isinstance(entry, dict):
            raise ManifestError(path, line_of(text, place, "packages"), f"{place!r} is no object", "write it anew")
        name = name_at(place)
        wanted: Table = {key: entry[key] for key in _KEPT if key in entry}
        if entry.get("link") is True:
            target = entry.get("resolved")
            if isinstance(target, str) and target in members:
                kept[place] = {"resolved": target, "link": True}
        elif not name:
            if place == "" or place in members:
                kept[place] = {**wanted, **{key: entry[key] for key in ("name", "devDependencies") if key in entry}}
        elif entry.get("inBundle") is True and not entry.get("resolved"):
            kept[place] = wanted
        elif fetched := _fetched(name, entry, _Where(path, text, place, "packages"), notes):
            kept[place] = {**wanted, **fetched}
    return kept


@dataclass(frozen=True, slots=True)
class _Where:
    """A place in the lock. Its line is looked for only when there is something to say: that takes the whole text."""

    path: str
    text: str
    key: str
    section: str

    @property
    def line(self) -> int:
        return line_of(self.text, self.key, self.section)

    def error(self, message: str, hint: str) -> ManifestError:
        return ManifestError(self.path, self.line, message, hint)


def _fetched(name: str, entry: Table, where: _Where, notes: list[str]) -> Table:
    """What says where a package comes from; empty when npm has to find it anew."""
    told, version = entry.get("resolved") or "", entry.get("version")
    real = entry.get("name", name)
    if not isinstance(told, str) or not isinstance(version, str) or not isinstance(real, str):
        raise where.error(f"{name} is not as npm writes it", "write the lock file anew")
    if told and not told.startswith(("https://", "http://")):
        raise where.error(f"{name} comes from {told[:80]!r}, not from the registry", _ELSEWHERE)
    if not registry.VERSION.fullmatch(version):
        raise where.error(f"{name} has the version {version[:80]!r}", _ELSEWHERE)
    digest = registry.sha512_of(entry.get("integrity"))
    if not digest and told and not registry.is_public(told):
        raise where.error(f"{name} comes from another registry, and has no sha512 to know it by", npmrc.HINT)
    if not digest:
        _note(notes, where, name)
        return {}
    found: Table = {"resolved": registry.file_url(real, version, told), "integrity": registry.integrity_of(digest)}
    return {"name": real, **found} if real != name else found


def _note(notes: list[str], where: _Where, name: str) -> None:
    if len(notes) < MAX_NOTES:
        notes.append(f"{where.path}:{where.line}: {name} has no sha512, so its version is looked for anew")
    elif len(notes) == MAX_NOTES:
        notes.append(f"{where.path}: others have no sha512 either")


def _old(dependencies: Table, path: str, text: str, notes: list[str], depth: int) -> Table:
    """The tree of npm 5 and 6, in which packages nest."""
    kept: Table = {}
    for name, entry in dependencies.items():
        where = _Where(path, text, name, "dependencies")
        if not isinstance(entry, dict) or depth > _MAX_DEPTH:
            raise where.error(f"{name} is not as npm writes it", "write the lock file anew")
        wanted: Table = {
            key: entry[key] for key in ("version", "dev", "optional", "bundled", "requires") if key in entry
        }
        if entry.get("bundled") is not True:
            fetched = _fetched(name, entry, where, notes)
            if not fetched:
                continue
            wanted |= fetched
        if inner := table(entry, "dependencies", path, text):
            wanted["dependencies"] = _old(inner, path, text, notes, depth + 1)
        kept[name] = wanted
    return kept
