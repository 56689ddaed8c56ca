"""Answers that come bit by bit, to clients that may be slow, or leave.

Source: WHATWG HTML, "Server-sent events".
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from jhansi_runner.runner.api.whole import send_pieces
from jhansi_runner.runner.sandboxes.model import Event

HEARTBEAT = 15.0
"""Seconds after which a stream of events that has nothing to tell shows that it is alive."""
_BEAT = b": nothing new\n\n"
Left = Callable[[], Awaitable[object]]


class Stream(Response):
    """An answer of chunks, to their end or the server's.

    `beat` is sent when nothing came for a while. `left` is called when the client leaves before the end, or when the
    server stops: then the chunks are expected to end by it.
    """

    def __init__(
        self,
        chunks: AsyncIterator[bytes],
        media: str,
        stopping: asyncio.Event,
        headers: Mapping[str, str] | None = None,
        *,
        status: int = 200,
        beat: bytes = b"",
        left: Left | None = None,
    ) -> None:
        super().__init__(None, status, headers, media)
        if "content-length" not in (headers or {}):
            del self.headers["content-length"]
        self._chunks, self._stopping, self._beat, self._left = chunks, stopping, beat, left

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.create_task(disconnected(receive))
        stop: asyncio.Task[object] = asyncio.create_task(self._stopping.wait())
        waiting: set[asyncio.Task[object]] = {gone, stop}
        coming: asyncio.Task[bytes] | None = None
        ended = False
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            if scope["method"] == "HEAD":
                ended = True
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            while not ended:
                coming = coming or asyncio.create_task(_next(self._chunks))
                timeout = HEARTBEAT if self._beat else None
                await asyncio.wait({coming, *waiting}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
                chunk = self._beat
                if gone.done():
                    break
                if coming.done():
                    chunk, coming = coming.result(), None
                    ended = not chunk
                elif stop.done() and stop in waiting:
                    waiting.discard(stop)
                    ended, chunk = self._left is None, b""
                    if self._left is not None:
                        await self._left()
                if chunk or ended:
                    await send_pieces(send, chunk, ended=ended)
        finally:
            tasks = [task for task in (gone, stop, coming) if task is not None]
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            close = getattr(self._chunks, "aclose", None)
            if close is not None:
                await close()
            if not ended and self._left is not None:
                await asyncio.shield(asyncio.ensure_future(self._left()))


def stream_of_events(
    events: AsyncIterator[Event], stopping: asyncio.Event, headers: Mapping[str, str], left: Left | None = None
) -> Stream:
    """The answer that tells events as they happen."""
    return Stream(_written(events), "text/event-stream", stopping, headers, beat=_BEAT, left=left)


async def disconnected(receive: Receive) -> None:
    """Wait until the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _written(events: AsyncIterator[Event]) -> AsyncGenerator[bytes]:
    try:
        async for event in events:
            yield f"id: {event.number}\nevent: {event.name}\ndata: {json.dumps(dict(event.data))}\n\n".encode()
    finally:
        if isinstance(events, AsyncGenerator):  # what it holds is free now, and not when somebody tidies up
            await events.aclose()


async def _next(chunks: AsyncIterator[bytes]) -> bytes:
    """The next chunk that is not empty; b"" at the end."""
    async for chunk in chunks:
        if chunk:
            return chunk
    return b""
