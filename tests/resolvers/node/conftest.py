"""Workspaces made of dictionaries, and the parser without its sandbox."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from jhansi_runner.resolvers.interface import FileImports, Import, ParseImports, Plan, SourceFile, View
from jhansi_runner.resolvers.node.names import NameMap
from jhansi_runner.resolvers.node.plan import plan
from jhansi_runner.resolvers.node.source import imports_of
from support.workspaces import DictView, Files

MakeView = Callable[[Files], View]
MakePlan = Callable[[Files, str | None], Plan]

NAMES = NameMap(frozenset({"lodash", "express", "chalk", "@babel/core", "tsx", "react"}), {"expressjs": "express"})


def parse_here(sources: Sequence[SourceFile]) -> list[FileImports]:
    """Parse in this process: what the tests parse is their own."""
    parsed = []
    for source in sources:
        found, problem, facts = imports_of(source.path, source.data)
        parsed.append(FileImports(source.path, tuple(Import(*each) for each in found), problem, facts))
    return parsed


@pytest.fixture
def parse() -> ParseImports:
    return parse_here


@pytest.fixture
def workspace() -> MakeView:
    return DictView


@pytest.fixture
def refusing() -> Callable[[Files, Sequence[str]], View]:
    return DictView


@pytest.fixture
def planned() -> MakePlan:
    """The plan of a workspace, with few names that are known."""
    return lambda files, entry: plan(DictView(files), entry, parse_here, NAMES)


@pytest.fixture
def really_planned() -> MakePlan:
    """The same with the names that are shipped."""
    return lambda files, entry: plan(DictView(files), entry, parse_here)
