"""Collects what a program imports: from its entry file through local files, or from a whole workspace."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from jhansi_runner.resolvers.interface import FileImports, ParseImports, SourceFile, View, ViewError
from jhansi_runner.resolvers.node.builtins import is_builtin
from jhansi_runner.resolvers.node.local import SOURCES, Files, join

MAX_FILES = 2_000
MAX_BYTES = 32 * 1024 * 1024
MAX_FOLDERS = 2_000

# Folders that hold other people's code, or what tools wrote.
SKIPPED = frozenset({"node_modules", "bower_components", "dist", "build", "out", "coverage", "deps", "venv"})


@dataclass(frozen=True, slots=True)
class Scan:
    """The files that were parsed, by path; `local` knows which are the workspace's; `notes` say what was left out."""

    files: tuple[FileImports, ...]
    local: Files
    notes: tuple[str, ...]


class _Reader:
    """Reads source files within the bounds and keeps a note of each that it could not read."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._seen: set[str] = set()
        self._bytes = 0
        self.notes: list[str] = []

    def read(self, paths: list[str]) -> list[SourceFile]:
        sources = []
        for path in paths:
            if path in self._seen:
                continue
            if len(self._seen) >= MAX_FILES or self._bytes >= MAX_BYTES:
                self.notes.append(f"{path}: the scan stopped here, at {len(self._seen)} files")
                break
            self._seen.add(path)
            try:
                data = self._view.read(path)
            except ViewError as fault:
                self.notes.append(f"{path}: not scanned: {fault.reason}")
                continue
            if data is not None:
                self._bytes += len(data)
                sources.append(SourceFile(path, data))
        return sources


def scan(view: View, entry: str | None, parse: ParseImports) -> Scan:
    """Parse the files that `entry` reaches, or without an entry every source file of the workspace.

    Raises ViewError when the entry itself cannot be read or is absent.
    """
    local = Files(view)
    reader = _Reader(view)
    if entry is None:
        files = list(parse(reader.read(list(_source_files(view, reader.notes)))))
    else:
        files = _closure(entry, view, reader, local, parse)
    problems = [f"{file.path}: not scanned in full: {file.problem}" for file in files if file.problem]
    files.sort(key=lambda file: file.path)
    return Scan(tuple(files), local, (*sorted(problems), *reader.notes))


def _closure(entry: str, view: View, reader: _Reader, local: Files, parse: ParseImports) -> list[FileImports]:
    if view.read(entry) is None:
        raise ViewError(entry, "does not exist")
    files: list[FileImports] = []
    wanted = [entry]
    while sources := reader.read(wanted):
        batch = parse(sources)
        files.extend(batch)
        reached = {path for file in batch for path in _reached(file, local)}
        wanted = sorted(path for path in reached if posixpath.splitext(path)[1] in SOURCES)
    return files


def _reached(file: FileImports, local: Files) -> Iterator[str]:
    for each in file.imports:
        if each.type_checking or is_builtin(each.name):
            continue
        if each.name.startswith((".", "/")):
            yield from local.relative(file.path, each.name)
        else:
            yield from local.mapped(file.path, each.name) or ()


def _source_files(view: View, notes: list[str]) -> Iterator[str]:
    folders, listed = [""], 0
    while folders:
        folder = folders.pop()
        listed += 1
        if listed > MAX_FOLDERS:
            notes.append(f"{folder}: the scan stopped here, at {MAX_FOLDERS} folders")
            return
        try:
            names = sorted(view.names(folder))
        except ViewError as fault:
            notes.append(f"{folder}: not scanned: {fault.reason}")
            continue
        yield from (join(folder, name) for name in names if name.endswith(SOURCES) and not name.endswith(".d.ts"))
        inner = [name[:-1] for name in names if name.endswith("/")]
        folders.extend(
            join(folder, name) for name in reversed(inner) if not name.startswith(".") and name not in SKIPPED
        )
