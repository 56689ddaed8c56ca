"""Answers that are in memory as a whole until they are read: an outcome may be 18 MiB, and take a tenth of a second.

So few of one owner are made at once, and few large ones are on their way. Small ones are nobody's to wait for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

MADE_EACH, SENT_EACH = 2, 16
"""Of one owner: answers that are being made, and large ones that are being sent."""
LARGE = 64 << 10
"""Bytes, and about what a connection takes without waiting for its reader."""


class Whole(Response):
    """The answer that `make` gives, when it is its turn to be `made`; and a large one when it is its turn to be `sent`.

    It is given to the connection piece by piece, so that it is not there twice.
    """

    def __init__(
        self, make: Callable[[], Awaitable[Response]], made: asyncio.Semaphore, sent: asyncio.Semaphore
    ) -> None:
        super().__init__()
        self._make, self._made, self._sent = make, made, sent

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._made:
            answer = await self._make()
            is_large = len(answer.body) > LARGE
            if is_large:
                await self._sent.acquire()
        if not is_large:
            await answer(scope, receive, send)
            return
        try:
            await send({"type": "http.response.start", "status": answer.status_code, "headers": answer.raw_headers})
            left = memoryview(answer.body)
            while left:
                piece, left = left[:LARGE], left[LARGE:]
                await send({"type": "http.response.body", "body": bytes(piece), "more_body": bool(left)})
        finally:
            self._sent.release()
