"""Workspaces made of dictionaries, and the parser without its sandbox."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from jhansi_runner.resolvers.golang import source
from jhansi_runner.resolvers.golang.plan import plan
from jhansi_runner.resolvers.interface import FileImports, Import, ParseImports, Plan, SourceFile, View
from jhansi_runner.resolvers.resolver import Tools
from support.workspaces import DictView, Files

MakeView = Callable[[Files], View]
MakePlan = Callable[[Files, str | None], Plan]


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
