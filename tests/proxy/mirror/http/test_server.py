"""Requests over a real socket: answered in order, one at a time, and nothing that follows one is taken for another."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jhansi_runner.proxy.mirror.answer import Answer, Request, problem
from jhansi_runner.proxy.mirror.http.server import most_connections
from support.mirror import eventually
from support.registry import Authority
from support.wire import HOST, Wire, answers, echo, get, heard


@pytest.fixture
def wire() -> Iterator[Wire]:
    with Wire() as wire:
        yield wire


def test_requests_are_answered_in_their_order(wire: Wire) -> None:
    said = wire.ask(b"".join(get(f"/{number}?q") for number in range(200)))
    assert [one.body for one in said] == [f"GET /{number}?q".encode() for number in range(200)]
    assert all("date" in one.headers for one in said)


def test_one_request_of_a_connection_is_worked_on_at_a_time() -> None:
    busy, most = 0, 0

    async def slow(request: Request) -> Answer:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await asyncio.sleep(0.02 if request.path == "/0" else 0)
        busy -= 1
        return await echo(request)

    with Wire(slow) as wire, wire.connect() as connection:
        connection.sendall(get("/0") + get("/1"))
        time.sleep(0.005)
        connection.sendall(get("/2"))
        connection.shutdown(socket.SHUT_WR)
        assert [one.body for one in answers(heard(connection))] == [b"GET /0?", b"GET /1?", b"GET /2?"]
    assert most == 1


def test_others_have_their_turn_between_requests_that_came_together() -> None:
    turns = 0
    seen: list[int] = []

    async def note(request: Request) -> Answer:
        seen.append(turns)
        return await echo(request)

    def turn() -> None:
        nonlocal turns
        turns += 1
        if len(seen) < 50:
            noted.loop.call_soon(turn)

    with Wire(note) as noted:
        noted.loop.call_soon_threadsafe(turn)
        noted.ask(b"".join(get(f"/{number}") for number in range(50)))
    assert len(set(seen)) == 50


def test_a_client_that_asks_without_end_and_reads_nothing_is_not_read_from(wire: Wire) -> None:
    with wire.connect() as connection:
        connection.settimeout(1)
        with pytest.raises(TimeoutError):
            for _ in range(1000):
                connection.sendall(get("/" + "a" * 4000) * 100)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_head_may_come_in_pieces(wire: Wire, size: int) -> None:
    data = get("/first") + get("/second", "X: " + "y" * 500)
    with wire.connect() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start in range(0, len(data), size):
            connection.sendall(data[start : start + size])
            time.sleep(0.001)  # so that they arrive as they were sent
        connection.shutdown(socket.SHUT_WR)
        assert [one.body for one in answers(heard(connection))] == [b"GET /first?", b"GET /second?"]


@pytest.mark.parametrize(
    "smuggler",
    [
        b"POST /a HTTP/1.1\r\n" + HOST + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /a HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\nContent-Length: 50\r\n\r\n",
        b"POST /a HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /a HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n\r\nabc",
        b"GET /a HTTP/1.1\n" + HOST + b"\r\n",
        b"GET /a HTTP/1.1\r\n" + HOST + b"X: a\n\n",
        b"GET /a HTTP/1.1\r\n" + HOST + b"X: a\r\r\n\r\n",
        b"GET http://other.test/a HTTP/1.1\r\n" + HOST + b"\r\n",
        b"CONNECT other.test:443 HTTP/1.1\r\n" + HOST + b"\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /a HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
    ids=repr,
)
def test_nothing_after_what_is_doubtful_is_a_request(wire: Wire, smuggler: bytes) -> None:
    said = wire.ask(smuggler + get("/smuggled"))
    assert len(said) == 1
    assert said[0].headers["connection"] == "close"
    assert not [request for request in wire.asked if "smuggled" in request.path]
    if not wire.asked:
        assert said[0].status == 400
        assert "JR-HTTP" in said[0].line


def test_a_head_without_end_is_cut_off(wire: Wire) -> None:
    [said] = wire.ask(b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000)
    assert (said.status, wire.asked) == (431, [])
    [said] = wire.ask(b"GET /" + b"a" * 100_000)
    assert (said.status, wire.asked) == (431, [])


@pytest.mark.parametrize("chunked", [False, True])
def test_a_client_that_writes_all_of_its_body_first_reads_the_answer(chunked: bool) -> None:
    async def refuse(request: Request) -> Answer:
        return problem(403, "JR-TEST", f"{request.method} is refused")

    with Wire(refuse) as wire:
        client = http.client.HTTPConnection("127.0.0.1", wire.port, timeout=60)
        body = [b"x" * 65_536] * 60
        client.request("PUT", "/p", body if chunked else b"".join(body), encode_chunked=chunked)
        answer = client.getresponse()
        assert (answer.status, answer.reason) == (403, "Forbidden: PUT is refused [JR-TEST]")
        assert answer.read() == b"PUT is refused [JR-TEST]\n"
        client.close()
        eventually(lambda: not wire.server._house.guests)


def test_what_is_sent_without_end_is_not_read_without_end(wire: Wire) -> None:
    sent = 0
    with wire.connect() as connection, contextlib.suppress(ConnectionError):
        connection.sendall(get("/a", "Transfer-Encoding: chunked", method="POST"))
        while sent < 200 << 20:
            connection.sendall(b"10000\r\n" + b"x" * 65_536 + b"\r\n")
            sent += 65_536
    assert sent < 100 << 20


def test_nobody_is_asked_to_go_on_with_a_body_that_is_refused(wire: Wire) -> None:
    with wire.connect() as connection:
        connection.sendall(get("/a", "Content-Length: 1000", "Expect: 100-continue", method="PUT"))
        first = connection.recv(1 << 16)
        assert first.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"connection: close" in first


@pytest.mark.parametrize(("line", "stays"), [("Connection: keep-alive", True), ("X: y", False)])
def test_an_old_client_keeps_its_connection_if_it_says_so(wire: Wire, line: str, stays: bool) -> None:
    said = wire.ask(get("/1", line, version="1.0") + get("/2", line, version="1.0"))
    assert len(said) == 1 + stays
    assert said[0].headers["connection"] == ("keep-alive" if stays else "close")


def test_a_client_of_http_10_that_names_no_host_is_heard(wire: Wire) -> None:
    [said] = wire.ask(b"GET /a HTTP/1.0\r\n\r\n")
    assert said.body == b"GET /a?"


def test_a_handler_that_fails_ends_its_connection_and_no_other(capfd: pytest.CaptureFixture[str]) -> None:
    async def fail(request: Request) -> Answer:
        if request.path == "/bad":
            raise RuntimeError("it does not work")
        return Answer(200, (("x", "a\r\nb: c"),)) if request.path == "/split" else await echo(request)

    with Wire(fail) as failing, failing.connect() as other:
        other.sendall(get("/1"))
        assert other.recv(1 << 16)
        assert failing.ask(get("/bad") + get("/2")) == []
        assert failing.ask(get("/split")) == []
        other.sendall(get("/3"))
        assert b"GET /3?" in other.recv(1 << 16)
    assert "it does not work" in capfd.readouterr().err


def test_a_request_is_worked_on_to_its_end_when_its_client_has_left() -> None:
    done: list[str] = []

    async def slow(request: Request) -> Answer:
        await asyncio.sleep(0.1)
        done.append(request.path)
        return await echo(request)

    with Wire(slow) as wire:
        with wire.connect() as connection:
            connection.sendall(get("/left"))
            eventually(lambda: wire.asked)
        eventually(lambda: done == ["/left"])
        eventually(lambda: not wire.server._house.guests)


def test_who_is_idle_longest_goes_when_the_house_is_full() -> None:
    with Wire(most=3, one_peer=True) as wire:
        connections = [wire.connect() for _ in range(3)]
        for number in (1, 2, 0):
            connections[number].sendall(get(f"/{number}"))
            assert connections[number].recv(1 << 16)
        assert [one.body for one in wire.ask(get("/new"))] == [b"GET /new?"]
        assert connections[1].recv(1) == b""
        connections[0].sendall(get("/again"))
        assert b"/again" in connections[0].recv(1 << 16)
        for connection in connections:
            connection.close()


def test_nobody_who_is_being_served_goes_when_the_house_is_full() -> None:
    release = asyncio.Event()

    async def hold(request: Request) -> Answer:
        if request.path == "/held":
            await release.wait()
        return await echo(request)

    with Wire(hold, most=2, one_peer=True) as wire:
        held = [wire.connect() for _ in range(2)]
        for connection in held:
            connection.sendall(get("/held"))
        eventually(lambda: len(wire.asked) == 2)
        with wire.connect() as late:
            late.sendall(get("/late"))
            late.settimeout(0.3)
            with pytest.raises(TimeoutError):
                late.recv(1)
            wire.loop.call_soon_threadsafe(release.set)
            for connection in held:
                assert b"/held" in connection.recv(1 << 16)
            late.settimeout(60)
            assert b"/late" in late.recv(1 << 16)
            for connection in held:
                connection.close()


@pytest.mark.parametrize(
    ("waits", "sent", "status"),
    [("idle", b"", 0), ("idle", get("/1"), 0), ("asking", b"GET / HTT", 408), ("asking", get("/1") + b"GET /2", 408)],
)
def test_who_lets_us_wait_is_let_go(wire: Wire, waits: str, sent: bytes, status: int) -> None:
    with wire.connect() as connection:
        connection.sendall(sent)
        if sent.startswith(get("/1")):
            assert b"GET /1?" in connection.recv(1 << 16)
        eventually(lambda: getattr(wire.server._house, waits).longest())
        getattr(wire.server._house, waits)._seconds = 0.0
        rest = heard(connection)
    assert [one.status for one in answers(rest)] == [status] * bool(status)


def test_a_byte_now_and_then_is_no_head(wire: Wire) -> None:
    """The clock of a head runs from its first byte."""
    house = wire.server._house
    with wire.connect() as connection:
        connection.sendall(b"G")
        eventually(lambda: house.asking.longest())
        [since] = house.asking._since.values()
        for byte in b"ET / HTTP":
            connection.sendall(bytes([byte]))
            time.sleep(0.005)
        assert list(house.asking._since.values()) == [since]


def test_a_body_that_does_not_come_is_not_waited_for(wire: Wire) -> None:
    wire.server._house.draining._seconds = 0.0
    with wire.connect() as connection:
        connection.sendall(get("/a", "Content-Length: 1000", method="PUT"))
        [said] = answers(heard(connection))
    assert said.status == 200


def test_tls_is_spoken_and_nothing_else(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    file = str(authority.server_file("127.0.0.1"))
    with Wire(tls=(file, file)) as wire:
        context = authority.client_context()
        said = wire.ask(get("/1") + get("/2", "Connection: close"), context)
        assert [one.body for one in said] == [b"GET /1?", b"GET /2?"]
        assert {request.scheme for request in wire.asked} == {"https"}
        put = get("/put", "Content-Length: 10", method="PUT") + b"x" * 10
        assert len(wire.ask(put + get("/smuggled"), context)) == 1
        assert wire.asked.pop().path == "/put"
        with wire.connect() as plain:
            plain.sendall(get("/plain"))
            assert not heard(plain).startswith(b"HTTP")
        assert len(wire.asked) == 2
        eventually(lambda: not wire.server._house.count)


@pytest.mark.parametrize(
    ("descriptors", "most", "secure"), [(64, 1, 1), (1024, 224, 224), (8192, 2016, 256), (1 << 20, 2048, 256)]
)
def test_connections_leave_descriptors_for_the_rest(descriptors: int, most: int, secure: int) -> None:
    assert (most_connections(descriptors), most_connections(descriptors, secure=True)) == (most, secure)
