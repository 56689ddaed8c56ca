"""A door that is closed is closed for good: whatever came through it ends at once, and nothing of other doors does."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.service.client import connect
from support.mirror import eventually
from support.registry import Upstream
from support.service import Door, service_home, services
from support.user import processes
from support.wheels import make_wheel

INDEX = "/simple/demo/"
AT_ONCE = 20.0


@pytest.fixture(scope="module")
def home() -> Iterator[paths.Paths]:
    with service_home() as folders:
        connect(folders).close()
        yield folders


@pytest.fixture(scope="module")
def up() -> Iterator[Upstream]:
    with Upstream() as serving:
        serving.add(make_wheel("demo", "1.0", size_padding=24 << 20))
        yield serving


@pytest.fixture
def other(home: paths.Paths, up: Upstream) -> Iterator[Door]:
    opened = Door(home, up, "default: allow\n")
    yield opened
    opened.close()


def _greeting(door: Door) -> socket.socket:
    return socket.create_connection(("127.0.0.1", door.port), 10)


def _half_a_head(door: Door) -> socket.socket:
    connection = _greeting(door)
    connection.sendall(b"CONNECT ")
    return connection


def _tunnel(door: Door) -> socket.socket:
    return door.tunnel()[0]


def _half_a_handshake(door: Door) -> socket.socket:
    connection = door.tunnel()[0]
    connection.sendall(b"\x16\x03\x01\x02\x00\x01")
    return connection


def _served_tls(door: Door) -> socket.socket:
    connection = door.tls()
    _ask_again(door, connection)
    return connection


def _ask_again(door: Door, connection: socket.socket) -> None:
    connection.sendall(f"HEAD {INDEX} HTTP/1.1\r\nHost: {door.public}\r\n\r\n".encode())
    assert connection.recv(1 << 16).startswith(b"HTTP/1.1 200 ")


def _file_not_taken(door: Door, up: Upstream) -> socket.socket:
    """A file is on its way, and its client takes the first bytes alone."""
    (listing,) = up._listings.values()
    connection = door.tls()
    path = f"/files/127.0.0.1:{up.files_port}{listing.path}"
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {door.public}\r\n\r\n".encode())
    assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")
    return connection


def _ended(connection: socket.socket, seconds: float) -> int:
    """How many bytes were still to be had; AssertionError when the end does not come in time."""
    deadline, size = time.monotonic() + seconds, 0
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        while True:
            connection.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                data = connection.recv(1 << 16)
            except TimeoutError:
                raise AssertionError("the connection is still open") from None
            if not data:
                break
            size += len(data)
    return size


STATES: list[Callable[[Door], socket.socket]] = [_greeting, _half_a_head, _tunnel, _half_a_handshake, _served_tls]


@pytest.mark.parametrize("finish", [True, False], ids=["finished", "killed"])
def test_the_connections_of_a_run_end_with_it_and_those_of_others_go_on(
    home: paths.Paths, up: Upstream, other: Door, finish: bool
) -> None:
    door = Door(home, up, "default: allow\n")
    staying = other.tls()
    _ask_again(other, staying)
    before = _sockets(home)
    mine = [make(door) for make in STATES for _ in range(3)] + [_file_not_taken(door, up) for _ in range(2)]
    eventually(lambda: _sockets(home) >= before + len(mine))
    if finish:
        door.close()
    else:
        door.link.close()  # as a killed runner's connection would be
    began = time.monotonic()
    sizes = [_ended(connection, AT_ONCE) for connection in mine]
    assert time.monotonic() - began < AT_ONCE
    assert max(sizes) < 20 << 20, "a file went on to its end"
    eventually(lambda: _sockets(home) <= before, AT_ONCE)
    _ask_again(other, staying)
    assert other.get(INDEX).status == 200
    for connection in (*mine, staying):
        connection.close()
    door._listener.close()


def test_nobody_comes_in_by_a_closed_door(home: paths.Paths, up: Upstream) -> None:
    door = Door(home, up, "default: allow\n")
    door.link.finish()  # the listener itself is still held open, by us
    with socket.create_connection(("127.0.0.1", door.port), 1) as connection:
        connection.sendall(b"CONNECT other.test:443 HTTP/1.1\r\n\r\n")
        connection.settimeout(1)
        with pytest.raises((TimeoutError, ConnectionError)):
            connection.recv(100)
    door._listener.close()


def _sockets(home: paths.Paths) -> int:
    """How many sockets the gate has open."""
    (service,) = services(os.path.dirname(home.state))
    family, gate = {service}, 0
    for pid, command in sorted(processes()):
        with contextlib.suppress(OSError):
            if int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]) in family:
                family.add(pid)
                gate = pid if b"gate.main" in command and not command.startswith(b"bwrap") else gate
    links = []
    for descriptor in os.listdir(f"/proc/{gate}/fd"):
        with contextlib.suppress(OSError):
            links.append(os.readlink(f"/proc/{gate}/fd/{descriptor}"))
    return sum(link.startswith("socket:") for link in links)
