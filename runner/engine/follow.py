"""Following a log: the events that were and those to come, whether it is written in this process or in another.

A reader keeps its place in the file, and nothing else is kept for it: one that is slow, or goes away, costs nobody.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable

from jhansi_runner.runner.engine.log import DONE, LONGEST_LINE, OUTPUT, parsed
from jhansi_runner.runner.sandboxes.model import Event

_CHUNK = 1 << 18
_POLL_SECONDS = 0.2


class Bell:
    """Rings when something was written; whoever waits hears it. All in one event loop."""

    __slots__ = ("_waiting", "is_over")

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()
        self.is_over = False

    def ring(self, *, over: bool = False) -> None:
        """Wake who waits; `over`: nothing more comes."""
        self.is_over = self.is_over or over
        for each in self._waiting:
            if not each.done():
                each.set_result(None)
        self._waiting.clear()

    async def heard(self) -> None:
        """Wait for the next ring."""
        if self.is_over:
            return
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(waiting)
        try:
            await waiting
        finally:
            self._waiting.discard(waiting)


async def events(
    path: str, after: int, bell: Bell | None, lives: Callable[[], bool], large: asyncio.Semaphore
) -> AsyncGenerator[Event, None]:
    """The events of a log with a number above `after`; it ends with `done`, or where a writer that is gone stopped.

    A line that is longer than a piece is read, and told, when it is its turn among the `large` ones: each takes memory
    for as long as who listens does not read it.

    `bell` is that of a log that this process writes; else it is looked now and then, while `lives` says that whoever
    writes may go on. Raises OSError: FileNotFoundError for a log that is not there any more.
    """
    file = await _opened(path, bell, lives)
    has_turn = False
    try:
        number, rest = 0, bytearray()
        while True:
            over = bell.is_over if bell is not None else not lives()  # asked first: what it wrote is there
            data = os.read(file, _CHUNK)
            if not data:
                if over:
                    return
                await (bell.heard() if bell is not None else asyncio.sleep(_POLL_SECONDS))
                continue
            rest += data
            if b"\n" not in data:
                if len(rest) > LONGEST_LINE:
                    return
                if len(rest) > _CHUNK and not has_turn:
                    os.lseek(file, -len(rest), os.SEEK_CUR)
                    rest.clear()
                    has_turn = await large.acquire()
                continue
            *lines, last = bytes(rest).split(b"\n")
            rest = bytearray(last)
            for at, line in enumerate(lines):
                number += 1
                found = parsed(line) if number > after else None
                is_done = line.startswith(b'{"event": "%s"' % DONE.encode())
                lines[at] = line = b""  # who listens may take long
                if found is not None:
                    yield Event(number, *found)
                if is_done:
                    return
            if has_turn:
                large.release()
                has_turn = False
            await asyncio.sleep(0)  # a long log that is read at once must not keep others waiting
    finally:
        os.close(file)
        if has_turn:
            large.release()


async def _opened(path: str, bell: Bell | None, lives: Callable[[], bool]) -> int:
    """The log, once it is there: that of a run which waits for its turn is not."""
    while True:
        over = bell.is_over if bell is not None else not lives()
        try:
            return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            if over:
                raise
        await (bell.heard() if bell is not None else asyncio.sleep(_POLL_SECONDS))


async def output(events: AsyncIterator[Event], stream: str = "") -> AsyncGenerator[bytes, None]:
    """What a run wrote to `stdout`, `stderr` or, "", both in their order, of every time that it was run."""
    async for event in events:
        if event.name == OUTPUT and stream in ("", event.data.get("stream")):
            yield str(event.data.get("text", "")).encode("utf-8", "replace")
