"""A server for the tests of a module, and a client of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jhansi_runner.client import Client
from support.serving import serving, socket_of
from support.user import User, ordinary_user


@pytest.fixture(scope="module")
def owner() -> Iterator[User]:
    """The user whose server it is."""
    with ordinary_user() as user, serving(user):
        yield user


@pytest.fixture
def client(owner: User) -> Iterator[Client]:
    """A client of the server."""
    with Client(socket_of(owner)) as client:
        yield client
