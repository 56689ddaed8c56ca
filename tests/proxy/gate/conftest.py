"""One service and one upstream for all tests of a file; each test gets a door of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.service.client import connect
from support.registry import Upstream
from support.service import Door, service_home
from support.wheels import make_wheel

RULES = """\
default: allow
rules:
  - deny: pkg:pypi/bad
    reason: steals keys
  - deny: pkg:pypi/demo
    versions: "<1"
"""


@pytest.fixture(scope="module")
def home() -> Iterator[paths.Paths]:
    with service_home() as folders:
        connect(folders).close()  # now: tests have another JHANSI_HOME in their environment
        yield folders


@pytest.fixture(scope="module")
def up() -> Iterator[Upstream]:
    with Upstream() as upstream:
        for version in ("0.5", "1.0"):
            upstream.add(make_wheel("demo", version))
        upstream.add(make_wheel("bad", "1.0"))
        yield upstream


@pytest.fixture
def door(home: paths.Paths, up: Upstream) -> Iterator[Door]:
    opened = Door(home, up, RULES)
    yield opened
    opened.close()
