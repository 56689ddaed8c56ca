"""The sending side of one connection: nothing is read from disk before the client has taken what was before.

Files go out by sendfile. A loop's transports have a descriptor for themselves, so we wait for room in the socket at
a copy of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import Callable

from jhansi_runner.proxy.mirror.download import Download

_SLICE = 1 << 18
_TLS_SLICE = 1 << 16
"""Less with TLS, where asyncio holds four of them for a client that takes nothing, and 256 KiB to read into."""
_AT_ONCE = 1 << 20
"""Bytes that one client gets before others have their turn."""
_NO_LINGER = struct.pack("ii", 1, 0)


class Cut(Exception):
    """What was announced cannot be sent to its end, so the connection has to break off."""


class Outlet:
    """Sends to one client. `moving` is told whenever it took something, or is about to be waited for."""

    def __init__(
        self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop, moving: Callable[[], None]
    ) -> None:
        self._transport, self._loop, self._moving = transport, loop, moving
        self._plain = transport.get_extra_info("sslcontext") is None
        self._slice = _SLICE if self._plain else _TLS_SLICE
        self._socket: socket.socket = transport.get_extra_info("socket")  # TLS forgets it when the client has gone
        self._full: asyncio.Future[None] | None = None

    def begin(self) -> None:
        """Have `pause` and `resume` called from now on."""
        # Full as soon as anything waits. asyncio's TLS takes 0 for full when nothing does.
        self._transport.set_write_buffer_limits(high=0 if self._plain else 1, low=0)

    def pause(self) -> None:
        """The socket takes no more."""
        self._full = self._loop.create_future()

    def resume(self) -> None:
        """All that was written is gone."""
        full, self._full = self._full, None
        if full is not None and not full.done():
            full.set_result(None)

    def abort(self) -> None:
        """Break off, so that no client takes what it has for the whole. The client may have gone before."""
        with contextlib.suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self._transport.abort()

    async def send(self, head: bytes, body: bytes) -> None:
        """Send a head and a body: a small one with one system call."""
        if len(body) <= self._slice:
            self._transport.write(head + body)
            await self._taken()
            return
        self._transport.write(head)
        view = memoryview(body)
        for start in range(0, len(body), self._slice):
            await self._taken()
            self._transport.write(view[start : start + self._slice])
            await asyncio.sleep(0)  # else TLS does not hear that the client has gone
        await self._taken()

    async def send_file(self, head: bytes, source: int, start: int, end: int) -> None:
        """Send a head and a part of a file. Raises Cut when that ends too soon, OSError."""
        self._transport.write(head)
        await self._taken()
        with _Copy(self._socket, self._loop) as copy:
            await self._part(copy, source, start, end)

    async def send_download(self, head: bytes, source: int, download: Download) -> None:
        """Send a head and a file that grows, as it grows. Raises UpstreamFailure when it does not come whole."""
        self._transport.write(head)
        await self._taken()
        offset = 0
        with _Copy(self._socket, self._loop) as copy:
            while offset != download.total or not download.verified:
                limit = await download.available(offset)
                await self._part(copy, source, offset, limit)
                offset = limit

    async def _taken(self) -> None:
        if self._transport.is_closing():
            raise Cut("the client has gone")
        if self._full is not None:
            self._moving()
            await self._full

    async def _part(self, copy: _Copy, source: int, start: int, end: int) -> None:
        while start < end:
            self._moving()
            if self._plain:
                try:
                    sent = os.sendfile(copy.socket, source, start, min(end - start, _AT_ONCE))
                except BlockingIOError:
                    await copy.writable()
                    continue
            else:
                data = os.pread(source, min(end - start, self._slice), start)
                sent = len(data)
                self._transport.write(data)
                await self._taken()
            if not sent:
                raise Cut("the file is shorter than it was")
            start += sent
            await asyncio.sleep(0)


class _Copy:
    """A socket's descriptor, and a copy of it once it has to be waited for."""

    def __init__(self, sock: socket.socket, loop: asyncio.AbstractEventLoop) -> None:
        self.socket = sock.fileno()
        self._loop, self._copy = loop, -1

    def __enter__(self) -> _Copy:
        return self

    def __exit__(self, *_: object) -> None:
        if self._copy >= 0:
            os.close(self._copy)

    async def writable(self) -> None:
        """Wait until there is room. Raises OSError."""
        if self._copy < 0:
            self._copy = os.dup(self.socket)
        ready: asyncio.Future[None] = self._loop.create_future()
        self._loop.add_writer(self._copy, _wake, ready)
        try:
            await ready
        finally:
            self._loop.remove_writer(self._copy)


def _wake(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
