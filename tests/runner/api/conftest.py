"""A server for the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.api import Serving, serving


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    """A server that nothing but its unix socket and tokens let in."""
    with serving() as found:
        yield found
