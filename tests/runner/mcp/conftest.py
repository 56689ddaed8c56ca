"""A user of tools, and a session that the tests of a module share: the SDK takes a second to start."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from support.agents import Use
from support.agents import session as session_of
from support.user import User


@pytest.fixture(scope="module")
def session(owner: User) -> Iterator[Callable[[Use], None]]:
    """Lets an agent do something."""
    with session_of(owner) as let:
        yield let
