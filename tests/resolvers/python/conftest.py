"""Workspaces made of dictionaries, and the parser without its sandbox."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from jhansi_runner.resolvers.interface import ParseImports, Plan, View
from jhansi_runner.resolvers.python.plan import plan
from support.workspaces import DictView, Files, parse_here

PROJECTS = Path(__file__).parents[2] / "projects"

MakeView = Callable[[Files], View]
MakePlan = Callable[[Files, str | None], Plan]


@pytest.fixture
def parse() -> ParseImports:
    return parse_here


@pytest.fixture
def workspace() -> MakeView:
    return DictView


@pytest.fixture
def planned() -> MakePlan:
    return lambda files, entry: plan(DictView(files), entry, parse_here)


@pytest.fixture
def refusing() -> Callable[[Files, Sequence[str]], View]:
    return DictView
