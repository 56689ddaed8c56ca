"""Collects the sources that a program is made from, and what they import.

From its entry, a program reaches the types that its files name: those of their packages, which lie in the same folder,
and those that they import, which lie as their packages say.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from jhansi_runner.resolvers.interface import Import, ParseImports, View, ViewError
from jhansi_runner.resolvers.java.paths import join, parents
from jhansi_runner.resolvers.java.source import Source, source_of
from jhansi_runner.resolvers.reading import Reader

MAX_FILES = 2_000
MAX_BYTES = 32 << 20
MAX_FOLDERS = 2_000
LAYOUTS = ("src/main/java", "src/test/java", "src")
SKIPPED = frozenset({"build", "target", "out", "bin", "dist", "node_modules"})


@dataclass(frozen=True, slots=True)
class Scan:
    """The sources of a program, its entry first, and what was left out."""

    sources: tuple[Source, ...]
    roots: tuple[str, ...]
    notes: tuple[str, ...]
    local: frozenset[str]
    """Packages that folders of the workspace hold."""

    def is_local(self, each: Import) -> bool:
        """Whether the workspace's own files provide an import."""
        package = each.name.rpartition(".")[0]
        while package:
            if package in self.local:
                return True
            package = package.rpartition(".")[0] if package.rpartition(".")[2][:1].isupper() else ""
        return False


class Sources:
    """Reads sources through a view, each once and within the bounds."""

    def __init__(self, view: View, parse: ParseImports) -> None:
        self._view, self._parse = view, parse
        self._read: dict[str, Source] = {}
        self._folders: dict[str, list[Source]] = {}
        self._reader = Reader(view)
        self.notes = self._reader.notes

    def get(self, paths: list[str]) -> list[Source]:
        """The sources at these paths, as far as they are there."""
        files = self._reader.read(paths)
        for file in files:
            self._read[file.path] = Source(file.path, (), None)
        for answer in self._parse(files) if files else ():
            self._read[answer.path] = source_of(answer)
            if answer.problem:
                self.notes.append(f"{answer.path}: not scanned: {answer.problem}")
        return [self._read[path] for path in paths if path in self._read]

    def names(self, folder: str) -> tuple[str, ...]:
        """The names in a folder; none where it may not be listed."""
        try:
            return self._view.names(folder)
        except ViewError:
            return ()

    def folder(self, folder: str) -> list[Source]:
        """All sources that lie in a folder."""
        if folder not in self._folders:
            paths = [join(folder, name) for name in sorted(self.names(folder)) if name.endswith(".java")]
            self._folders[folder] = self.get(paths)
        return self._folders[folder]


def scan(view: View, entry: str, parse: ParseImports, more: tuple[str, ...] = ()) -> Scan:
    """Parse what `entry` reaches; `more` are sources that it names itself. Raises ViewError when it cannot be read."""
    if view.read(entry) is None:
        raise ViewError(entry, "does not exist")
    sources = Sources(view, parse)
    waiting = sources.get([entry, *more])
    roots = _roots(waiting, entry)
    found: dict[str, Source] = {}
    local: set[str] = set()
    while waiting:
        source = waiting.pop(0)
        if source.path in found or len(found) >= MAX_FILES:
            continue
        found[source.path] = source
        local.add(source.package)
        waiting += [each for each in _reached(source, roots, sources, local) if each.path not in found]
    return Scan(tuple(found.values()), roots, tuple(sources.notes), frozenset(local - {""}))


def _roots(given: list[Source], entry: str) -> tuple[str, ...]:
    roots = [each.root for each in given if each.root is not None]
    layouts = [join(folder, layout) for folder in parents(entry) for layout in LAYOUTS]
    return tuple(dict.fromkeys([*roots, *layouts]))


def _reached(source: Source, roots: tuple[str, ...], sources: Sources, local: set[str]) -> Iterator[Source]:
    folder = posixpath.dirname(source.path)
    own = {each.name for each in source.types}
    beside = [each for each in sources.folder(folder) if each.package == source.package and each.path != source.path]
    yield from _of_types(beside, source.uses - own)
    if source.root is not None:
        tail = source.package.replace(".", "/")
        for root in roots:
            if join(root, tail).strip("/") != folder:
                yield from _of_types(sources.folder(join(root, tail).strip("/")), source.uses - own)
    for each in source.imports:
        yield from _imported(each, source, roots, sources, local)


def _imported(
    each: Import, source: Source, roots: tuple[str, ...], sources: Sources, local: set[str]
) -> Iterator[Source]:
    package, _, name = each.name.rpartition(".")
    while package.rpartition(".")[2][:1].isupper():  # a type inside of another
        package, _, name = package.rpartition(".")
    for root in roots if package else ():
        inside = sources.folder(join(root, package.replace(".", "/")).strip("/"))
        if inside:
            local.add(package)
            yield from _of_types(inside, source.uses if name == "*" else {name})


def _of_types(sources: list[Source], names: set[str] | frozenset[str]) -> Iterator[Source]:
    for each in sources:
        if each.stem in names or any(one.name in names for one in each.types):
            yield each


def all_sources(view: View, parse: ParseImports, top: str = "") -> Scan:
    """Parse every Java file of the workspace, or below a folder of it."""
    sources = Sources(view, parse)
    paths: list[str] = []
    folders, listed = [top], 0
    while folders and listed < MAX_FOLDERS:
        folder = folders.pop()
        listed += 1
        names = sorted(sources.names(folder))
        paths += [join(folder, name) for name in names if name.endswith(".java")]
        inner = [name[:-1] for name in names if name.endswith("/") and not name.startswith(".")]
        folders += [join(folder, name) for name in reversed(inner) if name not in SKIPPED]
    found = sources.get(paths)
    return Scan(tuple(found), (), tuple(sources.notes), frozenset(each.package for each in found) - {""})
