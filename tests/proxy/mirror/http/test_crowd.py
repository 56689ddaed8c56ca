"""More connections than there may be: those that ask for nothing go, and no address takes the places of all others."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from jhansi_runner.proxy.mirror.answer import Answer, Request
from jhansi_runner.proxy.mirror.http.house import peer_of
from support.mirror import eventually
from support.registry import Authority
from support.wire import Wire, answers, echo, get, heard

MOST, SHARE = 8, 2


def _said(connection: socket.socket) -> list[bytes]:
    return [one.body for one in answers(heard(connection))]


def test_those_who_send_half_a_head_do_not_keep_others_out() -> None:
    with Wire(most=MOST) as wire, ExitStack() as strangers:
        for number in range(3 * MOST):
            connection = strangers.enter_context(wire.connect(peer=f"127.0.1.{1 + number // SHARE}"))
            with contextlib.suppress(ConnectionError):
                connection.sendall(b"GET / HT")
        eventually(lambda: len(wire.server._house.asking._since) >= MOST - 1)
        with wire.connect() as connection:
            connection.sendall(get("/new", "Connection: close"))
            connection.settimeout(60)
            assert _said(connection) == [b"GET /new?"]


def test_those_who_never_greet_do_not_keep_others_out(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    file = str(authority.server_file("127.0.0.1"))
    with Wire(tls=(file, file), most=MOST) as wire, ExitStack() as strangers:
        for number in range(3 * MOST):
            strangers.enter_context(wire.connect(peer=f"127.0.1.{1 + number // SHARE}"))
        eventually(lambda: len(wire.server._house.coming) >= MOST - 1)
        asked = wire.connect()
        asked.settimeout(60)
        with authority.client_context().wrap_socket(asked, server_hostname="127.0.0.1") as connection:
            connection.sendall(get("/new", "Connection: close"))
            assert _said(connection) == [b"GET /new?"]


def test_those_who_wait_with_tls_go_at_once_though_they_say_nothing(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    file, context = str(authority.server_file("127.0.0.1")), authority.client_context()
    with Wire(tls=(file, file), most=SHARE, one_peer=True) as wire, ExitStack() as strangers:
        for _ in range(SHARE):
            strangers.enter_context(wire.connect(context)).sendall(b"G")
        eventually(lambda: len(wire.server._house.asking._since) == SHARE)
        asked = wire.connect()
        asked.settimeout(60)
        with context.wrap_socket(asked, server_hostname="127.0.0.1") as connection:
            connection.sendall(get("/new", "Connection: close"))
            assert _said(connection) == [b"GET /new?"]


def test_one_address_has_its_share_and_others_have_theirs() -> None:
    release = asyncio.Event()

    async def hold(request: Request) -> Answer:
        if request.path == "/held":
            await release.wait()
        return await echo(request)

    with Wire(hold, most=MOST) as wire, ExitStack() as stack:
        held = [stack.enter_context(wire.connect(peer="127.0.1.1")) for _ in range(SHARE)]
        for connection in held:
            connection.sendall(get("/held", "Connection: close"))
        eventually(lambda: len(wire.asked) == SHARE)
        with wire.connect(peer="127.0.1.1") as late:
            assert heard(late) == b""
        assert [one.body for one in wire.ask(get("/other"))] == [b"GET /other?"]
        wire.loop.call_soon_threadsafe(release.set)
        assert [_said(connection) for connection in held] == [[b"GET /held?"]] * SHARE
        eventually(lambda: not wire.server._house.count)
        assert not wire.server._house._of


def test_an_address_that_has_its_share_gives_up_what_it_has_longest() -> None:
    with Wire(most=MOST) as wire, ExitStack() as stack:
        mine = [stack.enter_context(wire.connect(peer="127.0.1.1")) for _ in range(SHARE)]
        other = stack.enter_context(wire.connect(peer="127.0.1.2"))
        for connection in (other, *mine):
            connection.sendall(get("/first"))
            assert connection.recv(1 << 16)
        with wire.connect(peer="127.0.1.1") as late:
            late.sendall(get("/late", "Connection: close"))
            assert _said(late) == [b"GET /late?"]
        assert mine[0].recv(1) == b""
        for connection in (other, mine[1]):
            connection.sendall(get("/again"))
            assert b"/again" in connection.recv(1 << 16)


def test_where_all_come_by_one_address_it_may_have_all_places() -> None:
    with Wire(most=MOST, one_peer=True) as wire, ExitStack() as stack:
        connections = [stack.enter_context(wire.connect()) for _ in range(MOST)]
        for connection in connections:
            connection.sendall(get())
            assert connection.recv(1 << 16)
        for connection in connections:
            connection.sendall(get("/again"))
            assert b"/again" in connection.recv(1 << 16)


@pytest.mark.parametrize(
    ("address", "peer"),
    [
        (("192.0.2.1", 5), "192.0.2.1"),
        (("2001:db8:1:2:3:4:5:6", 5, 0, 0), "2001:db8:1:2::"),
        (("2001:db8:1:2:ffff::", 5, 0, 0), "2001:db8:1:2::"),
        (("::ffff:192.0.2.1", 5, 0, 0), "192.0.2.1"),
        (("fe80::1%eth0", 5, 0, 2), "fe80::"),
        ("", ""),
    ],
)
def test_a_network_of_ipv6_is_one_peer(address: object, peer: str) -> None:
    assert peer_of(address) == peer


def test_who_is_sent_away_before_the_greeting_began_takes_no_place() -> None:
    with Wire(most=MOST) as wire:
        server = wire.server

        def admit_and_cancel() -> None:
            server._accept()
            for task in server._tasks:
                task.cancel()

        wire.loop.call_soon_threadsafe(server._pause)
        with wire.connect() as connection:
            wire.loop.call_soon_threadsafe(admit_and_cancel)
            assert heard(connection) == b""
        eventually(lambda: not server._house.count and not server._tasks)
        assert not server._house._of
        wire.loop.call_soon_threadsafe(server._accept_again)
        assert [one.body for one in wire.ask(get("/new"))] == [b"GET /new?"]


def test_what_fails_for_one_keeps_nobody_from_the_rest(capfd: pytest.CaptureFixture[str]) -> None:
    """The clock that ends connections goes on, and so does the server's end."""
    with Wire() as wire, ExitStack() as stack:
        house = wire.server._house
        first, second = (stack.enter_context(wire.connect()) for _ in range(2))
        for connection in (first, second):
            connection.sendall(get())
            assert connection.recv(1 << 16)
        eventually(lambda: len(house.idle._since) == 2)
        one, other = house.idle
        for name in ("leave", "end"):
            setattr(one, name, lambda: 1 // 0)
        house.idle._seconds = 0.0
        eventually(lambda: other not in house.guests)
        assert one in house.guests
    assert "ZeroDivisionError" in capfd.readouterr().err
