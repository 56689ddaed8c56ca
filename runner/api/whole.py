"""Answers that are in memory as a whole until they are read: an outcome may be 18 MiB, and take a tenth of a second.

So few of one owner are made at once, and few large ones are on their way. Small ones are nobody's to wait for.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from jhansi_runner.runner.sandboxes.turns import Turns

MADE_EACH, SENT_EACH = 2, 16
"""Of one owner: answers that are being made, and large ones that are being sent."""
LARGE = 64 << 10
"""Bytes, and about what a connection takes without waiting for its reader."""


class Whole(Response):
    """The answer that `make` gives, when it is its owner's turn to have one made; a large one when one may be sent."""

    def __init__(self, make: Callable[[], Awaitable[Response]], owner: str, made: Turns, sent: Turns) -> None:
        super().__init__()
        self._make, self._owner, self._made, self._sent = make, owner, made, sent.of(owner)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = await self._one()
        if len(answer.body) <= LARGE:
            await answer(scope, receive, send)
        elif self._sent.locked():
            del answer  # it is made once more, and small ones are not kept waiting by it
            async with self._sent:
                await _send(await self._one(), send)
        else:
            async with self._sent:
                await _send(answer, send)

    async def _one(self) -> Response:
        async with self._made.turn(self._owner):
            return await self._make()


async def _send(answer: Response, send: Send) -> None:
    await send({"type": "http.response.start", "status": answer.status_code, "headers": answer.raw_headers})
    await send_pieces(send, bytes(answer.body), ended=True)


async def send_pieces(send: Send, data: bytes, *, ended: bool) -> None:
    """Send a part of a body, or its end, in pieces: a connection moves all that waits for each bit that is read."""
    for at in range(0, max(len(data), 1), LARGE):
        last = at + LARGE >= len(data)
        await send({"type": "http.response.body", "body": data[at : at + LARGE], "more_body": not (ended and last)})
