"""Collects what a program imports: from its entry file through local files, or from a whole workspace."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from jhansi_runner.resolvers.interface import FileImports, ParseImports, View, ViewError
from jhansi_runner.resolvers.node.builtins import is_builtin
from jhansi_runner.resolvers.node.local import SOURCES, Files, join
from jhansi_runner.resolvers.reading import Reader

# Folders that hold other people's code, or what tools wrote.
SKIPPED = frozenset({"node_modules", "bower_components", "dist", "build", "out", "coverage", "deps", "venv"})


@dataclass(frozen=True, slots=True)
class Scan:
    """The files that were parsed, by path; `local` knows which are the workspace's; `notes` say what was left out."""

    files: tuple[FileImports, ...]
    local: Files
    notes: tuple[str, ...]


def scan(view: View, entry: str | None, parse: ParseImports) -> Scan:
    """Parse the files that `entry` reaches, or without an entry every source file of the workspace.

    Raises ViewError when the entry itself cannot be read or is absent.
    """
    local = Files(view)
    reader = Reader(view)
    if entry is None:
        files = list(parse(reader.read(list(_source_files(reader)))))
    else:
        files = _closure(entry, view, reader, local, parse)
    problems = [f"{file.path}: not scanned in full: {file.problem}" for file in files if file.problem]
    files.sort(key=lambda file: file.path)
    return Scan(tuple(files), local, (*sorted(problems), *reader.notes))


def _closure(entry: str, view: View, reader: Reader, local: Files, parse: ParseImports) -> list[FileImports]:
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


def _source_files(reader: Reader) -> Iterator[str]:
    for folder, names in reader.walk(lambda name: name.startswith(".") or name in SKIPPED):
        yield from (join(folder, name) for name in names if name.endswith(SOURCES) and not name.endswith(".d.ts"))
