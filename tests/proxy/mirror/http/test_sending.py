"""Bodies: whole or broken off, in step with whoever takes them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jhansi_runner.proxy.mirror.answer import Answer, Request
from support.mirror import eventually
from support.registry import Authority
from support.wire import Wire, answers, get, heard

MIB = 1 << 20
CONTENT = bytes(range(251)) * 40_000
"""About 10 MB, in which no two places nearby are alike."""


class Site:
    """Serves one file, a part of it, or as much from memory. `tls` is None for plain HTTP."""

    def __init__(self, folder: Path, secure: bool) -> None:
        self.path = folder / "file"
        self.path.write_bytes(CONTENT)
        self.tls: ssl.SSLContext | None = None
        pair = None
        if secure:
            authority = Authority(folder)
            file = str(authority.server_file("127.0.0.1"))
            self.tls, pair = authority.client_context(), (file, file)
        self.wire = Wire(self._handle, pair)

    async def _handle(self, request: Request) -> Answer:
        size, file = len(CONTENT), str(self.path)
        if request.path == "/part":
            return Answer(206, file=file, size=5_000_000, span=(1001, 5_001_001))
        return Answer(200, body=CONTENT) if request.path == "/memory" else Answer(200, file=file, size=size)


@pytest.fixture(params=[False, True], ids=["plain", "tls"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path, request.param)
    with site.wire:
        yield site


@pytest.mark.parametrize(
    ("path", "body"), [("/file", CONTENT), ("/part", CONTENT[1001:5_001_001]), ("/memory", CONTENT)]
)
def test_it_comes_as_it_is_and_the_next_one_after_it(site: Site, path: str, body: bytes) -> None:
    said = site.wire.ask(get(path) + get(path) + get("/part", "Connection: close"), site.tls)
    assert [one.body == body for one in said[:2]] == [True, True]
    assert said[2].body == CONTENT[1001:5_001_001]
    assert {one.headers["content-length"] for one in said[:2]} == {str(len(body))}


def test_head_has_no_body(site: Site) -> None:
    with site.wire.connect(site.tls) as connection:
        connection.sendall(get("/file", method="HEAD") + get("/part", "Connection: close", method="HEAD"))
        raw = heard(connection)
    assert raw.count(b"HTTP/1.1 20") == 2
    assert f"content-length: {len(CONTENT)}".encode() in raw
    assert raw.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("path", ["/file", "/memory"])
def test_a_slow_client_costs_no_memory(site: Site, path: str) -> None:
    house = site.wire.server._house
    with site.wire.connect(site.tls) as connection:
        connection.sendall(get(path, "Connection: close"))
        eventually(lambda: house.taking.longest())
        time.sleep(0.1)
        waiting = [guest._transport.get_write_buffer_size() for guest in house.guests]  # type: ignore[attr-defined]
        assert max(waiting) <= MIB
        [said] = answers(heard(connection))
    assert said.body == CONTENT


def test_others_are_served_meanwhile(site: Site) -> None:
    with site.wire.connect(site.tls) as slow:
        slow.sendall(get("/file"))
        eventually(lambda: site.wire.server._house.taking.longest())
        [said] = site.wire.ask(get("/part", "Connection: close"), site.tls)
        assert len(said.body) == 5_000_000


def test_a_client_that_takes_nothing_is_broken_off(site: Site) -> None:
    house = site.wire.server._house
    with site.wire.connect(site.tls) as connection:
        connection.sendall(get("/file"))
        eventually(lambda: house.taking.longest())
        house.taking._seconds = 0.0
        eventually(lambda: not house.guests)
        house.taking._seconds = 600.0
        with contextlib.suppress(OSError):
            assert len(heard(connection)) < len(CONTENT)
    eventually(lambda: not _open(site.path))


def test_a_client_that_leaves_lets_go_of_the_file(site: Site) -> None:
    with site.wire.connect(site.tls) as connection:
        connection.sendall(get("/file"))
        connection.recv(1000)
        assert _open(site.path)
    eventually(lambda: not _open(site.path))
    eventually(lambda: not site.wire.server._house.guests)


def test_what_has_gone_or_was_cut_is_not_announced(site: Site) -> None:
    os.truncate(site.path, 1000)
    [cut] = site.wire.ask(get("/file", "Connection: close"), site.tls)
    site.path.unlink()
    [gone] = site.wire.ask(get("/file", "Connection: close"), site.tls)
    assert {cut.status, gone.status} == {503}
    assert "JR-GONE" in gone.line and gone.headers["retry-after"]


def test_what_is_cut_while_it_is_sent_is_broken_off(site: Site) -> None:
    with site.wire.connect(site.tls) as connection:
        connection.sendall(get("/file"))
        eventually(lambda: site.wire.server._house.taking.longest())
        os.truncate(site.path, 1000)
        raw = b""
        with contextlib.suppress(OSError):
            raw = heard(connection)
        assert 0 <= len(raw) < len(CONTENT)


def test_a_client_that_resets_its_connection_is_let_go(tmp_path: Path) -> None:
    site = Site(tmp_path, False)
    with site.wire:
        for _ in range(5):
            connection = site.wire.connect()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            connection.sendall(get("/file"))
            connection.close()
        eventually(lambda: len(site.wire.asked) == 5 or not site.wire.server._house.guests)
        eventually(lambda: not site.wire.server._house.guests and not _open(site.path))


def test_nothing_more_is_written_for_a_client_that_has_gone(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """asyncio warns of every write after the fourth, which lets clients fill the log."""
    for _ in range(5):
        connection = site.wire.connect(site.tls)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.sendall(get("/memory") * 2)
        connection.recv(1000)
        connection.close()
    eventually(lambda: not site.wire.server._house.guests)
    assert not caplog.records


def test_a_client_that_takes_nothing_costs_a_few_slices_of_tls(tmp_path: Path) -> None:
    site = Site(tmp_path, True)
    with site.wire, site.wire.connect(site.tls) as connection:
        connection.sendall(get("/memory"))
        eventually(lambda: site.wire.server._house.taking.longest())
        time.sleep(0.1)
        [guest] = site.wire.server._house.guests
        inner = guest._transport._ssl_protocol  # type: ignore[attr-defined]
        assert inner._transport.get_write_buffer_size() + guest._transport.get_write_buffer_size() <= 256 << 10  # type: ignore[attr-defined]


def test_the_server_ends_while_it_sends(site: Site, tmp_path: Path) -> None:
    with site.wire.connect(site.tls) as connection:
        connection.sendall(get("/file"))
        connection.recv(1000)
        asyncio.run_coroutine_threadsafe(site.wire.server.close(), site.wire.loop).result(60)
        assert not site.wire.server._house.guests
    assert not _open(tmp_path / "file")


def _open(path: Path) -> bool:
    """Whether this process has a file open."""
    found = []
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            found.append(os.readlink(f"/proc/self/fd/{name}"))
    return str(path) in found
