"""What does not fit into a socket waits, in bounded room; what does not fit there is counted and told of."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest

from jhansi_runner.proxy.outbox import Outbox

BOUND = 10


def _lost(sender: str, count: int) -> bytes:
    return f"{sender} lost {count}".encode()


@contextlib.asynccontextmanager
async def _clogged() -> AsyncIterator[tuple[Outbox, socket.socket]]:
    """An outbox whose socket has taken all that it can, and the other end."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        ours.setblocking(False)
        theirs.setblocking(False)
        with pytest.raises(BlockingIOError):
            for _ in range(100_000):
                ours.send(b"before")
        outbox = Outbox(ours, _lost, BOUND)
        yield outbox, theirs
        outbox.close()


async def _all(outbox: Outbox, theirs: socket.socket) -> list[str]:
    """What arrives that was not there before, once nothing waits any more."""
    heard: list[bytes] = []
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(60):
        while len(outbox):
            heard.append(await loop.sock_recv(theirs, 1 << 16))
    with contextlib.suppress(BlockingIOError):
        while True:
            heard.append(theirs.recv(1 << 16))
    return [message.decode() for message in heard if message != b"before"]


def _in_loop(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    def run() -> None:
        asyncio.run(test())

    run.__name__ = test.__name__
    return run


@_in_loop
async def test_what_finds_the_socket_full_arrives_later_in_order() -> None:
    async with _clogged() as (outbox, theirs):
        for number in range(BOUND):
            outbox.put("a", str(number).encode())
        assert await _all(outbox, theirs) == [str(number) for number in range(BOUND)]
        outbox.put("a", b"at once")
        assert theirs.recv(100) == b"at once"


@_in_loop
async def test_a_flood_takes_bounded_room_and_nothing_of_it_is_unaccounted_for() -> None:
    async with _clogged() as (outbox, theirs):
        for number in range(100_000):
            outbox.put("a", str(number).encode())
        assert len(outbox) == BOUND + 1
        assert await _all(outbox, theirs) == [*map(str, range(BOUND)), f"a lost {100_000 - BOUND}"]
        outbox.put("a", b"after")
        assert theirs.recv(100) == b"after"


@_in_loop
async def test_a_flood_delays_others_by_no_more_than_its_bound() -> None:
    async with _clogged() as (outbox, theirs):
        for _ in range(1000):
            outbox.put("a", b"flood")
        outbox.put("b", b"quiet")
        for _ in range(1000):
            outbox.put("a", b"flood")
        assert await _all(outbox, theirs) == [*["flood"] * BOUND, f"a lost {2000 - BOUND}", "quiet"]


@_in_loop
async def test_the_last_message_comes_after_what_stands_for_the_lost() -> None:
    async with _clogged() as (outbox, theirs):
        for _ in range(BOUND + 5):
            outbox.put("a", b"flood")
        outbox.put_last("a", b"closed")
        assert await _all(outbox, theirs) == [*["flood"] * BOUND, "a lost 5", "closed"]


@_in_loop
async def test_what_no_socket_takes_is_counted_and_holds_nothing_up() -> None:
    async with _clogged() as (outbox, theirs):
        outbox.put("a", b"x" * (8 << 20))
        outbox.put("b", b"small")
        assert await _all(outbox, theirs) == ["a lost 1", "small"]


@_in_loop
async def test_nothing_is_kept_for_an_end_that_is_gone() -> None:
    async with _clogged() as (outbox, theirs):
        for _ in range(BOUND + 5):
            outbox.put("a", b"flood")
        theirs.close()
        async with asyncio.timeout(60):
            while len(outbox):
                await asyncio.sleep(0.01)
        outbox.put("a", b"more")
        assert len(outbox) == 0
