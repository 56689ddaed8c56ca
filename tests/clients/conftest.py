"""What the tests with real clients share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.service.client import connect
from support.clients import Desk, Serve, token_file
from support.registry import Authority
from support.service import service_home
from support.team import Team


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "desk")


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Starts mirrors, which end with the module."""
    with ExitStack() as stack:

        def start(policy: str, *options: str, token: bool = False, tls: Authority | None = None) -> Team:
            home = tmp_path_factory.mktemp("team")
            more = ["--token-file", token_file(home)] if token else []
            context = None
            if tls is not None:
                file = str(tls.server_file("127.0.0.1"))
                more += ["--tls-cert", file, "--tls-key", file]
                context = tls.client_context()
            return stack.enter_context(Team(home, policy, *options, *more, tls=context))

        yield start


@pytest.fixture(scope="module")
def folders() -> Iterator[paths.Paths]:
    """The service with the gate, for the whole module."""
    with service_home() as found:
        connect(found).close()
        yield found
