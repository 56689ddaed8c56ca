"""Collects what a program imports: from its entry file through local modules, or from a whole workspace."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from jhansi_runner.resolvers.interface import FileImports, ParseImports, SourceFile, View, ViewError
from jhansi_runner.resolvers.python import notebook
from jhansi_runner.resolvers.python.local import Modules, join, parents, search_paths
from jhansi_runner.resolvers.python.stdlib import is_stdlib
from jhansi_runner.resolvers.reading import Reader

# Folders that hold other people's code, or copies of this one's.
SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages", "build", "dist", "venv", "env", "deps"})


@dataclass(frozen=True, slots=True)
class Scan:
    """The files that were parsed, by path; `modules` knows what is local; `notes` say what was left out."""

    files: tuple[FileImports, ...]
    modules: Modules
    notes: tuple[str, ...]


class _Reader(Reader):
    """Reads Python, also that of notebooks."""

    def read(self, paths: Iterable[str]) -> list[SourceFile]:
        return [SourceFile(each.path, self._source(each.path, each.data)) for each in super().read(paths)]

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


def scan(view: View, entry: str | None, parse: ParseImports, further: tuple[str, ...] = ()) -> Scan:
    """Parse the files that `entry` reaches, or without an entry every Python file of the workspace.

    `further` are folders that will be on the path besides the usual ones. Raises ViewError when the entry itself cannot
    be read or is absent.
    """
    roots = (*parents(entry), "src", "lib") if entry is not None else ("", "src", "lib")
    modules = Modules(view, tuple(dict.fromkeys((*roots, *further))))
    reader = _Reader(view)
    if entry is None:
        files = list(parse(reader.read(list(_python_files(reader)))))
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


def _python_files(reader: Reader) -> Iterator[str]:
    for folder, names in reader.walk(_is_foreign, lambda names: "pyvenv.cfg" in names):
        yield from (join(folder, name) for name in names if name.endswith((".py", notebook.SUFFIX)))


def _is_foreign(folder: str) -> bool:
    return folder.startswith(".") or folder in SKIPPED or folder.endswith(".egg-info")
