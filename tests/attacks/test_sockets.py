"""Unix sockets of the host: those without a path are out of reach, those that lie in the workspace are not."""

from __future__ import annotations

import pytest

from support.hostile import Canaries, in_run
from support.user import User, wait_for

pytestmark = pytest.mark.attack

CONNECT = """
import socket
RESULT = {}
for name, address in %r.items():
    try:
        socket.socket(socket.AF_UNIX).connect(address)
        RESULT[name] = 'open'
    except OSError: RESULT[name] = 'shut'
"""


def test_known_limit_a_socket_that_lies_in_the_workspace_can_be_connected_to(user: User) -> None:
    """Namespaces have no say over sockets with a path. When this fails, the documentation is out of date."""
    canaries = Canaries(str(user.work))
    found = in_run(user, CONNECT % {"abstract": canaries.abstract, "in the workspace": "/sandbox/canary.sock"})
    known_limit = {"in the workspace": "open"}
    assert found == {"abstract": "shut"} | known_limit
    wait_for(lambda: "path" in canaries.heard)
    assert canaries.heard == {"path"}
