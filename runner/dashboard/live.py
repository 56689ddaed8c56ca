"""The output of a run as it grows, for its page: server-sent events, few and small however much it prints.

What came since the last message goes out in one, and of that only the end when it is much: a page shows no more, and a
program that prints without end, or a reader that is slow, costs the server little.

Source: HTML standard, "Server-sent events".
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable

from jhansi_runner.runner.dashboard.rows import badge
from jhansi_runner.runner.dashboard.tail import MOST_CHARACTERS, MOST_LINES, Keeper, Tail
from jhansi_runner.runner.sandboxes.errors import SandboxError
from jhansi_runner.runner.sandboxes.model import Event, Run

_LINES, _CHARACTERS = 1000, 32 << 10
_PAUSE_SECONDS, _STREAM_SECONDS = 0.25, 600.0
_QUIET_SECONDS, _BUSY_SECONDS, _READING_SECONDS = 0.05, 1.0, 10.0
_TURN = 64


class Feed:
    """Reads events in the background, and keeps the end of what they bring. `over` tells that the last one came.

    Use it as an asynchronous context manager. `number` is that of the last event, `trouble` why there are no
    more, None when all is well.
    """

    def __init__(self, events: AsyncIterator[Event], lines: int, characters: int, number: int = 0) -> None:
        self._events, self._keeper = events, Keeper(lines, characters)
        self.news = asyncio.Event()
        self.over = False
        self.trouble: SandboxError | None = None
        self.number, self.packages, self.refused = number, 0, 0

    async def __aenter__(self) -> Feed:
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._reader.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reader

    def take(self) -> Tail:
        """What came since this was asked last."""
        self.news.clear()
        self.packages = self.refused = 0
        return self._keeper.take()

    async def comes(self, seconds: float) -> bool:
        """Wait for something new; False when nothing came in time."""
        try:
            async with asyncio.timeout(seconds):
                await self.news.wait()
        except TimeoutError:
            return False
        return True

    async def ended(self) -> None:
        """Wait for the reader, which is `over`. Raises what it failed with."""
        await self._reader

    async def _read(self) -> None:
        try:
            async for event in self._events:
                self._keeper.add(event)
                self.number = event.number
                self.packages += event.name == "install"
                self.refused += event.name == "refused"
                self.news.set()
                if event.number % _TURN == 0:
                    await asyncio.sleep(0)
        except SandboxError as error:
            self.trouble = error
        finally:
            self.over = True
            self.news.set()
            if isinstance(self._events, AsyncGenerator):
                await self._events.aclose()


async def so_far(events: AsyncIterator[Event], *, ended: bool) -> tuple[Tail, int]:
    """The end of what was printed by now, and the number of the last event.

    Of a run that has not `ended`: until nothing more comes at once, or for a second where more always does.
    """
    loop = asyncio.get_running_loop()
    latest = loop.time() + (_READING_SECONDS if ended else _BUSY_SECONDS)
    async with Feed(events, MOST_LINES, MOST_CHARACTERS) as feed:
        while not feed.over and loop.time() < latest:
            feed.news.clear()
            if not await feed.comes(_READING_SECONDS if ended else _QUIET_SECONDS):
                break
        return feed.take(), feed.number


async def messages(
    events: AsyncIterator[Event], after: int, ended: Callable[[], Awaitable[Run]]
) -> AsyncGenerator[bytes]:
    """The messages for one reader, for ten minutes at most: then a browser asks again, and has to be let in again.

    `after` is the number of the event before the first, `ended` gives the run as it is in the end.
    """
    loop = asyncio.get_running_loop()
    latest = loop.time() + _STREAM_SECONDS
    async with Feed(events, _LINES, _CHARACTERS, after) as feed:
        yield b"retry: 2000\n\n"
        while loop.time() < latest and await feed.comes(latest - loop.time()):
            over = feed.over
            yield _more(feed)
            if over:
                await feed.ended()
                yield _message("done", feed.number, {"outcome": await _outcome(feed, ended)})
                return
            await asyncio.sleep(_PAUSE_SECONDS)


async def _outcome(feed: Feed, ended: Callable[[], Awaitable[Run]]) -> str:
    try:
        return str(feed.trouble) if feed.trouble else badge(await ended()).text
    except SandboxError as error:  # it was deleted just now
        return str(error)


def _more(feed: Feed) -> bytes:
    packages, refused, tail = feed.packages, feed.refused, feed.take()
    pieces = [[one.stream, one.text] for one in tail.pieces]
    found = {"pieces": pieces, "cut": tail.cut, "packages": packages, "refused": refused}
    return _message("more", feed.number, found)


def _message(name: str, number: int, data: object) -> bytes:
    return f"id: {number}\nevent: {name}\ndata: {json.dumps(data)}\n\n".encode()
