"""Connections that begin TLS: bounded in time and in number until they have, for nobody counts them before.

Who connects and never goes on costs a descriptor for that long, needs no token, and can do it thousands of times. When
there are too many, the oldest goes of those from the address that most of them are from.

Source: RFC 8446, appendix C.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections import Counter
from collections.abc import Callable

MOST_HANDSHAKES = 100


class Handshakes:
    """Those of one server. `make` makes the protocol of a connection that has come so far, `seconds` is how long."""

    def __init__(self, make: Callable[[], asyncio.Protocol], context: ssl.SSLContext, seconds: float) -> None:
        self._make, self._context, self._seconds = make, context, seconds
        self._under_way: dict[socket.socket, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def accept(self) -> asyncio.Protocol:
        """The protocol of a connection that was just made."""
        return _Accepted(self)

    def begin(self, end: socket.socket) -> None:
        """Go on with a connection, whose socket is ours from now on."""
        try:
            self._under_way[end] = str(end.getpeername()[0])
        except OSError:
            end.close()
            return
        if len(self._under_way) > MOST_HANDSHAKES:
            ((address, _),) = Counter(self._under_way.values()).most_common(1)
            self._break_off(next(one for one, of in self._under_way.items() if of == address))
        task = asyncio.get_running_loop().create_task(self._shake_hands(end))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _break_off(self, end: socket.socket) -> None:
        del self._under_way[end]
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)  # whoever waits for it reads its end

    async def _shake_hands(self, end: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.connect_accepted_socket(self._make, end, ssl=self._context, ssl_handshake_timeout=self._seconds)
        except OSError:  # it took too long, or was no TLS
            pass
        finally:
            self._under_way.pop(end, None)


class _Accepted(asyncio.Protocol):
    """Hands a connection on before a byte of it is read."""

    def __init__(self, handshakes: Handshakes) -> None:
        self._handshakes = handshakes

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        try:
            end = transport.get_extra_info("socket").dup()
        except OSError:  # there are no descriptors: this one goes too
            return
        finally:
            transport.abort()
        end.setblocking(False)
        self._handshakes.begin(end)
