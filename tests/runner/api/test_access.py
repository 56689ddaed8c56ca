"""Who may ask: the user of the socket, who has a token, a process of the same user where that is permitted."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from jhansi_runner.runner.api import peer, socket_diag
from jhansi_runner.runner.api.access import split_host
from jhansi_runner.runner.api.peer import Peer, holder, is_same_user, peer_of
from support.api import Serving, serving
from support.ordinary import ORDINARY_UID, PYTHON, ordinary_argv

pytestmark = pytest.mark.attack


@pytest.fixture(scope="module")
def kind() -> Iterator[Serving]:
    """A server that takes processes of its own user on loopback."""
    with serving(same_user=True) as found:
        yield found


def test_without_a_token_nobody_may_ask_over_tcp(server: Serving) -> None:
    for method, path in [("GET", "/v1/sandboxes"), ("POST", "/v1/sandboxes"), ("GET", "/metrics"), ("GET", "/v1/x")]:
        answer = server.ask(method, path, tcp=True)
        assert answer.status == 401 and answer.code == "unauthorized"
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_health_and_the_description_are_for_anybody(server: Serving) -> None:
    assert server.ask("GET", "/health", tcp=True).json == {"status": "ok"}
    assert server.ask("GET", "/openapi.json", tcp=True).json["openapi"] == "3.1.0"


def test_a_token_is_an_owner(server: Serving) -> None:
    token = server.token("first")
    made = server.ask("POST", "/v1/sandboxes", headers={"Authorization": f"Bearer {token}"}, tcp=True)
    assert made.status == 201 and made.json["owner"] == "first"
    assert server.ask("GET", "/v1/sandboxes", headers={"Authorization": f"bearer {token}"}, tcp=True).json == [
        made.json
    ]


@pytest.mark.parametrize(
    "given",
    [
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Basic eDp5",
        "{token}",
        "Bearer {token}x",
        "Bearer x{token}",
        "Bearer " + "x" * 5000,
    ],
)
def test_a_token_that_is_none_is_refused_on_the_socket_too(server: Serving, given: str) -> None:
    token = server.token(f"t{abs(hash(given))}")
    for tcp in (True, False):
        answer = server.ask("GET", "/v1/sandboxes", headers={"Authorization": given.replace("{token}", token)}, tcp=tcp)
        assert answer.status == 401


def test_ids_of_others_are_answered_as_ids_that_never_were(server: Serving) -> None:
    mine = {"Authorization": f"Bearer {server.token('mine')}"}
    theirs = {"Authorization": f"Bearer {server.token('theirs')}"}
    sandbox = server.sandbox(mine)
    run = server.ask("POST", f"/v1/sandboxes/{sandbox}/exec", {"command": "say x"}, mine).json["run_id"]
    asked = [
        ("GET", "", None),
        ("DELETE", "", None),
        ("GET", "/files", None),
        ("GET", "/files/x", None),
        ("PUT", "/files/x", "x"),
        ("POST", "/files", {"path": "x", "content": "x"}),
        ("POST", "/upload", "x"),
        ("POST", "/exec", {"command": "say x"}),
        ("POST", "/fork", None),
        ("POST", "/snapshot", {"name": "x"}),
        ("GET", "/snapshots", None),
        ("POST", "/restore", {"name": "x"}),
        ("DELETE", "/snapshots/x", None),
    ]
    for method, rest, body in asked:
        got = server.ask(method, f"/v1/sandboxes/{sandbox}{rest}", body, theirs)
        never = server.ask(method, f"/v1/sandboxes/sb_{'0' * 32}{rest}", body, theirs)
        assert (got.status, got.body) == (never.status, never.body) and got.status == 404, (method, rest, got)
    for method, rest in [("GET", ""), ("DELETE", ""), ("GET", "/log"), ("GET", "/events"), ("GET", "/sbom")]:
        got = server.ask(method, f"/v1/runs/{run}{rest}", headers=theirs)
        never = server.ask(method, f"/v1/runs/run_{'f' * 16}{rest}", headers=theirs)
        assert (got.status, got.body) == (never.status, never.body) and got.status == 404, (method, rest, got)
    assert server.ask("GET", "/v1/sandboxes", headers=theirs).json == []
    assert server.ask("GET", "/v1/runs", headers=theirs).json == []
    assert server.ask("GET", f"/v1/sandboxes/{sandbox}", headers=mine).status == 200


def test_a_run_of_another_sandbox_is_not_found_in_this_one(server: Serving) -> None:
    one, other = server.sandbox(), server.sandbox()
    run = server.ask("POST", f"/v1/sandboxes/{one}/exec", {"command": "say x"}).json["run_id"]
    assert server.ask("GET", f"/v1/sandboxes/{one}/runs/{run}").status == 200
    for method, rest in [("GET", ""), ("DELETE", ""), ("GET", "/log"), ("GET", "/events"), ("GET", "/sbom")]:
        assert server.ask(method, f"/v1/sandboxes/{other}/runs/{run}{rest}").status == 404


@pytest.mark.parametrize(
    "host", ["evil.test", "localhost.evil.test", "127.0.0.1.evil.test", "", "a b", "[::1", "x" * 300]
)
def test_a_name_that_is_none_of_ours_is_refused_over_tcp(server: Serving, host: str) -> None:
    answer = server.ask("GET", "/health", headers={"Host": host}, tcp=True)
    assert answer.status == 421 and answer.code == "wrong_host"


def test_names_of_ours_are_not(server: Serving) -> None:
    for host in ("localhost", "LOCALHOST:80", "127.0.0.1", "[::1]:8000", "service.test", "service.test.:99"):
        assert server.ask("GET", "/health", headers={"Host": host}, tcp=True).status == 200


@pytest.mark.attack
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.test:8080"}, 421),
        ({"Host": "localhost.evil.test"}, 421),
        ({"Host": "localhost:8080", "Origin": "http://evil.test"}, 403),
        ({"Host": "localhost:8080", "Origin": "http://localhost:1"}, 403),
        ({"Host": "localhost:8080", "Origin": "null"}, 403),
        ({"Host": "localhost:8080", "Origin": "http://localhost:8080"}, 201),
        ({"Host": "127.0.0.1:8080"}, 201),
        ({"Host": "made-up"}, 201),
        ({"Host": "one-label", "Origin": "http://one-label"}, 421),
        ({"Host": "one-label", "Sec-Fetch-Site": "same-origin"}, 421),
        ({"Host": "evil.test:port"}, 421),
        ({"Host": "evil.test:1:2"}, 421),
    ],
)
def test_a_page_elsewhere_asks_for_nothing_by_a_socket_that_is_forwarded(
    server: Serving, headers: dict[str, str], status: int
) -> None:
    """As `ssh -L 8080:SOCKET` does: pages of any site send to that port, and with DNS rebinding they read there."""
    assert server.ask("POST", "/v1/sandboxes", headers=headers).status == status


def test_a_process_of_the_same_user_needs_no_token(kind: Serving) -> None:
    made = kind.ask("POST", "/v1/sandboxes", headers={"Host": f"localhost:{kind.port}"}, tcp=True)
    assert made.status == 201 and made.json["owner"] == "local"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://localhost"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Mode": "no-cors"},
        {"Host": "localhost:1"},
        {"Host": "localhost"},
        {"Host": "service.test"},
        {"Host": "10.1.1.1"},
    ],
)
def test_a_browser_does(kind: Serving, headers: dict[str, str]) -> None:
    asked = {"Host": f"127.0.0.1:{kind.port}", **headers}
    assert kind.ask("POST", "/v1/sandboxes", headers=asked, tcp=True).status == 401


_ASK = """import http.client, sys
c = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=60)
c.request("GET", "/v1/sandboxes")
print(c.getresponse().status)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_does_as_well(kind: Serving) -> None:
    argv = [PYTHON, "-I", "-c", _ASK, str(kind.port)]
    assert subprocess.run(ordinary_argv(argv), capture_output=True, text=True, check=True).stdout == "401\n"
    assert subprocess.run(argv, capture_output=True, text=True, check=True).stdout == "200\n"


_CONNECT = """import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(b"GET /health HTTP/1.0\\r\\n\\r\\n")
print(s.recv(1000).split()[1].decode())
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_may_not_use_the_socket_even_if_its_mode_let_them() -> None:
    with serving() as server:
        argv = ordinary_argv([PYTHON, "-I", "-c", _CONNECT, server.path])
        closed = subprocess.run(argv, capture_output=True, text=True)
        assert "PermissionError" in closed.stderr
        for place in (server.home, server.folders.runtime, server.path):
            os.chmod(place, 0o777)  # noqa: S103
        assert subprocess.run(argv, capture_output=True, text=True, check=True).stdout == "403\n"


def test_the_user_of_the_socket_may_use_it_whoever_else_may_not() -> None:
    with serving(uid=ORDINARY_UID) as server:
        done = subprocess.run(
            [sys.executable, "-I", "-c", _CONNECT, server.path], capture_output=True, text=True, check=True
        )
        assert done.stdout == "200\n"  # root, or the user itself


_ROW = (
    "   0: 0100007F:{theirs:04X} 0100007F:{ours:04X} {state} 00000000:00000000 00:00000000 00000000 {uid} 0 {inode} 1\n"
)
_THEIRS, _OURS = ("127.0.0.1", 5000), ("127.0.0.1", 80)


def _row(state: str = "01", uid: object = 7, inode: object = 99, theirs: int = 5000, ours: int = 80) -> str:
    return _ROW.format(state=state, uid=uid, inode=inode, theirs=theirs, ours=ours)


def test_who_holds_the_other_end_is_found_in_the_kernels_table() -> None:
    assert holder(["header", _row()], _THEIRS, _OURS) == 7


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [_row(inode=0)],
        [_row(state="06", uid=0)],
        [_row(theirs=5001)],
        [_row(theirs=80, ours=5000)],
        [_row(), _row(uid=8)],
        [_row(uid="x")],
        ["0: 0100007F:1388"],
    ],
)
def test_whatever_is_in_doubt_is_nobody(rows: list[str]) -> None:
    assert holder(rows, _THEIRS, _OURS) is None


def test_a_mapped_address_is_the_same_one() -> None:
    row = "0: 0000000000000000FFFF00000100007F:1388 0000000000000000FFFF00000100007F:0050 01 0:0 0:0 0 7 0 99 1"
    assert holder([row], _THEIRS, _OURS) == 7
    assert holder([row], ("::ffff:127.0.0.1", 5000), ("::ffff:127.0.0.1", 80)) == 7


@contextmanager
def _connected(there: str, here: str) -> Iterator[Peer]:
    """A connection from us to us: who is at its other end."""
    family = socket.AF_INET6 if ":" in here else socket.AF_INET
    with socket.create_server((here, 0), family=family, dualstack_ipv6=here == "::") as listener:
        end = socket.socket(socket.AF_INET6 if ":" in there else socket.AF_INET)
        with end:
            end.connect((there, listener.getsockname()[1]))
            with listener.accept()[0] as accepted:
                yield peer_of(accepted, secure=False)


_WAYS = [("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("127.0.0.1", "::"), ("::ffff:127.0.0.1", "127.0.0.1")]


@pytest.mark.parametrize(("there", "here"), _WAYS)
def test_how_many_connections_there_are_makes_no_difference(
    there: str, here: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any user of the host can make the kernel's table long, and each connection had it read."""
    monkeypatch.setattr(peer, "_connections", lambda _: pytest.fail("the table was read"))
    with _connected(there, here) as found:
        assert is_same_user(found, os.geteuid())
        assert not is_same_user(found, os.geteuid() + 1)
        assert not is_same_user(replace(found, address=(str(found.address and found.address[0]), 1)), os.geteuid())
    assert not is_same_user(found, os.geteuid())


def test_where_the_kernel_tells_of_no_single_connection_its_table_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def untold(*_: object) -> int:
        raise OSError

    monkeypatch.setattr(socket_diag, "holder", untold)
    for there, here in _WAYS[:2]:
        with _connected(there, here) as found:
            assert is_same_user(found, os.geteuid())


def test_who_is_not_on_loopback_is_never_the_same_user() -> None:
    assert not is_same_user(Peer(address=("192.0.2.1", 5000), here=("192.0.2.1", 80)), os.getuid())
    assert not is_same_user(Peer(), os.getuid())


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("localhost:80", ("localhost", 80)),
        ("[::1]", ("::1", 0)),
        ("[::1]:80", ("::1", 80)),
        ("Name.", ("name", 0)),
        ("::1", ("", 0)),
        ("a:b", ("", 0)),
        ("a:999999", ("", 0)),
        ("", ("", 0)),
    ],
)
def test_a_host_header_is_a_name_and_a_port(header: str, found: tuple[str, int]) -> None:
    assert split_host(header) == found
