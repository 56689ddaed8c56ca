"""Workspaces made of dictionaries, and the parser of Python without its sandbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jhansi_runner.resolvers.interface import FileImports, Import, SourceFile, ViewError
from jhansi_runner.resolvers.python.imports import imports_of
from jhansi_runner.runner.workspace import tells

Files = Mapping[str, str | bytes]


class DictView:
    """A workspace as a dictionary from path to content. A path in `refused` may not be read."""

    def __init__(self, files: Files, refused: Sequence[str] = ()) -> None:
        self._files = {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}
        self._refused = refused

    def read(self, path: str) -> bytes | None:
        """Raises AssertionError for a path that a resolver must not form."""
        assert not path.startswith(("/", "./")), path
        assert not {"", ".", ".."} & set(path.split("/")), path
        if path in self._refused:
            raise ViewError(path, "is a symbolic link")
        return self._files.get(path)

    def names(self, folder: str) -> tuple[str, ...]:
        """Names in a folder, folders with a trailing slash."""
        assert not folder.startswith(("/", "./")), folder
        assert ".." not in folder.split("/"), folder
        prefix = f"{folder}/" if folder else ""
        below = [path[len(prefix) :] for path in self._files if path.startswith(prefix)]
        names = {name.partition("/")[0] + ("/" if "/" in name else "") for name in below}
        return tuple(sorted(name for name in names if tells(name)))


def parse_here(sources: Sequence[SourceFile]) -> list[FileImports]:
    """Parse in this process: what the tests parse is their own."""
    parsed = []
    for source in sources:
        found, problem, facts = imports_of(source.data, source.path)
        parsed.append(FileImports(source.path, tuple(Import(*each) for each in found), problem, facts))
    return parsed
