"""Fixtures for tests of the whole command: a user for the tests of a module, a workspace for each test."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from support.registry import Upstream
from support.user import User, ordinary_user
from support.wheels import make_sdist, make_wheel

_counter = itertools.count(1)


@pytest.fixture(scope="module")
def owner() -> Iterator[User]:
    """An ordinary user, the same for the tests of a module: their first run is not paid for by each."""
    with ordinary_user() as user:
        yield user


@pytest.fixture
def user(owner: User) -> User:
    """The module's user, in a workspace of the test's own."""
    owner.work = owner.folder(owner.root / f"work{next(_counter)}")
    return owner


@pytest.fixture
def new_user() -> Iterator[User]:
    """A user who has never run anything."""
    with ordinary_user() as user:
        yield user


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """A package index with a few packages under names that everybody knows."""
    with Upstream() as index:
        index.add(make_wheel("six", "1.15.0"))
        index.add(make_wheel("six", "1.16.0"))
        index.add(make_wheel("packaging", "1.0"))
        index.add(make_wheel("click", "8.0", requires=["packaging<2"]))
        index.add(make_sdist("attrs", "23.1.0"))
        yield index
