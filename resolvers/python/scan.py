"""Collects what a program imports: from its entry file through local modules, or from a whole workspace."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from jhansi_runner.resolvers.interface import FileImports, ParseImports, SourceFile, View, ViewError
from jhansi_runner.resolvers.python import notebook
from jhansi_runner.resolvers.python.local import Modules, join, parents, search_paths
from jhansi_runner.resolvers.python.stdlib import is_stdlib

MAX_FILES = 2_000
MAX_BYTES = 32 * 1024 * 1024
MAX_FOLDERS = 2_000

# Folders that hold other people's code, or copies of this one's.
SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages", "build", "dist", "venv", "env", "deps"})


@dataclass(frozen=True, slots=True)
class Scan:
    """The files that were parsed, by path; `modules` knows what is local; `notes` say what was left out."""

    files: tuple[FileImports, ...]
    modules: Modules
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
                sources.append(SourceFile(path, self._source(path, data)))
        return sources

    def _source(self, path: str, data: bytes) -> bytes:
        """The Python of a file: a notebook's is in its cells."""
        if not path.lower().endswith(notebook.SUFFIX):
            return data
        try:
            made = notebook.script(data)
        except notebook.NotANotebook as fault:
            self.notes.append(f"{path}: {fault}")
            return b""
        for cell, line, text in made.installs:
            self.notes.append(f"{path}:{line}: cell {cell}: not obeyed, the imports decide: {text[:120]}")
        return "\n".join(made.lines).encode("utf-8", "replace")


def scan(view: View, entry: str | None, parse: ParseImports) -> Scan:
    """Parse the files that `entry` reaches, or without an entry every Python file of the workspace.

    Raises ViewError when the entry itself cannot be read or is absent.
    """
    roots = (*parents(entry), "src", "lib") if entry is not None else ("", "src", "lib")
    modules = Modules(view, roots)
    reader = _Reader(view)
    if entry is None:
        files = list(parse(reader.read(list(_python_files(view, reader.notes)))))
        for file in files:
            modules.look_in(search_paths(file))
    else:
        files = _closure(entry, view, reader, modules, parse)
    problems = [f"{file.path}: parsed by line only: {file.problem}" for file in files if file.problem]
    files.sort(key=lambda file: file.path)
    return Scan(tuple(files), modules, (*sorted(problems), *reader.notes))


def _closure(entry: str, view: View, reader: _Reader, modules: Modules, parse: ParseImports) -> list[FileImports]:
    if view.read(entry) is None:
        raise ViewError(entry, "does not exist")
    files: list[FileImports] = []
    wanted = [entry]
    while sources := reader.read(wanted):
        batch = parse(sources)
        files.extend(batch)
        for file in batch:
            modules.look_in(search_paths(file))
        wanted = sorted({path for file in batch for path in _reached(file, modules)})
    return files


def _reached(file: FileImports, modules: Modules) -> Iterator[str]:
    for each in file.imports:
        if each.type_checking:
            continue
        if each.name.startswith("."):
            yield from modules.relative(file.path, each.name)
        elif not is_stdlib(each.name):
            yield from modules.absolute(each.name) or ()


def _python_files(view: View, notes: list[str]) -> Iterator[str]:
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
        if "pyvenv.cfg" in names:
            continue
        yield from (join(folder, name) for name in names if name.endswith((".py", notebook.SUFFIX)))
        inner = [name[:-1] for name in names if name.endswith("/") and not _is_foreign(name[:-1])]
        folders.extend(join(folder, name) for name in reversed(inner))


def _is_foreign(folder: str) -> bool:
    return folder.startswith(".") or folder in SKIPPED or folder.endswith(".egg-info")
