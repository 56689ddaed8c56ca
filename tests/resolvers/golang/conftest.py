"""Workspaces made of dictionaries, and the parser without its sandbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from jhansi_runner.resolvers.golang import source
from jhansi_runner.resolvers.golang.plan import plan
from jhansi_runner.resolvers.interface import FileImports, Import, ParseImports, Plan, SourceFile, View, ViewError
from jhansi_runner.resolvers.resolver import Tools

Files = Mapping[str, str | bytes]
MakeView = Callable[[Files], View]
MakePlan = Callable[[Files, str | None], Plan]


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
        prefix = f"{folder}/" if folder else ""
        below = [path[len(prefix) :] for path in self._files if path.startswith(prefix)]
        return tuple(sorted({name.partition("/")[0] + ("/" if "/" in name else "") for name in below}))


def parse_here(sources: Sequence[SourceFile]) -> list[FileImports]:
    """Parse in this process: what the tests parse is their own."""
    parsed = []
    for each in sources:
        found: dict[str, Any] = source.read(each.path, each.data)
        imports = tuple(Import(**one) for one in found["imports"])
        parsed.append(FileImports(each.path, imports, found["problem"], found["facts"]))
    return parsed


@pytest.fixture
def parse() -> ParseImports:
    return parse_here


@pytest.fixture
def workspace() -> Callable[..., View]:
    return DictView


@pytest.fixture
def planned() -> MakePlan:
    return lambda files, entry: plan(DictView(files), entry, parse_here)


@pytest.fixture
def tools() -> Tools:
    return Tools({"go": "/usr/local/go/bin/go"}, {"go": "1.26.8"}, "go-1.26.8-x86_64")
