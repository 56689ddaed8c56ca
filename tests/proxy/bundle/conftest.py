"""A world with registries, and a side of it that fetched something."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.bundles import Side, World


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with ExitStack() as stack:
        yield World(stack, tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def source(world: World) -> Side:
    """A side that fetched two versions of each."""
    side = world.side("source")
    world.fetch(side, 0, 1)
    return side


@pytest.fixture(scope="module")
def bundle(source: Side, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All of it in a bundle."""
    file = tmp_path_factory.mktemp("bundle") / "all.tar"
    source.export(file)
    return file


@pytest.fixture
def other(world: World, tmp_path: Path) -> Side:
    """A side with an empty cache."""
    return Side(tmp_path / "other", world.side("x").policy)
