"""One connection: heads are cut out of what arrives, and answered one after the other."""

from __future__ import annotations

import asyncio
import contextlib
import os
import traceback

from jhansi_runner.proxy.mirror.answer import Answer, Request, problem
from jhansi_runner.proxy.mirror.http.head import HEAD_BYTES, Head, Malformed, read_head
from jhansi_runner.proxy.mirror.http.house import House
from jhansi_runner.proxy.mirror.http.outlet import Cut, Outlet
from jhansi_runner.proxy.mirror.http.response import answer_head, has_body
from jhansi_runner.proxy.registries.upstreams import UpstreamFailure

CODE = "JR-HTTP"
"""The code of what is no request."""
GONE = "JR-GONE"
_DRAINED = 8 << 20
"""Bytes of a body that are thrown away, so that a client that writes all of it first gets to read the answer."""
_UNKNOWN = _DRAINED
_END = b"\r\n\r\n"


class Connection(asyncio.BufferedProtocol):
    """Serves one client. A request is worked on to its end even if who asked has left: it is recorded all the same."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._transport: asyncio.Transport
        self._outlet: Outlet
        self._made = self._full = False
        """Whether there is an outlet, and whether it is full: TLS says so before there is one."""
        self._client = ""
        self._data = b""
        self._searched = 0
        self._task: asyncio.Task[None] | None = None
        self._sending = self._held = self._lost = self._ended = False
        self._over = False
        """Whether the last answer is sent: what comes from then on is thrown away, `_left` bytes at most."""
        self._left = 0

    # What the loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._outlet, self._made = Outlet(transport, self._house.loop, self._moving), True
        if self._full:
            self._outlet.pause()
        self._outlet.begin()
        peer = transport.get_extra_info("peername")
        self._client = str(peer[0]) if isinstance(peer, tuple) else ""
        self._house.arrived(self)

    def get_buffer(self, sizehint: int) -> memoryview:
        del sizehint
        return self._house.buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self._over:
            self._left -= nbytes
            if self._left <= 0:
                self._transport.close()
            return
        self._data += self._house.buffer[:nbytes]
        if self._task is not None:  # it waits for its turn, and whoever sends more waits with it
            self._held = True
            self._transport.pause_reading()
            return
        self._begin()

    def eof_received(self) -> bool:
        """Whether we go on sending: who asked may have closed its own side only. TLS knows no such thing."""
        self._ended = True
        return self._task is not None and self._house.scheme == "http"

    def pause_writing(self) -> None:
        self._full = True
        if self._made:
            self._outlet.pause()

    def resume_writing(self) -> None:
        self._full = False
        if self._made:
            self._outlet.resume()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._lost = True
        if self._task is None:
            self._house.released(self)
        elif self._sending:
            self._task.cancel()

    # What the house calls.

    def leave(self) -> None:
        self._transport.close()

    def make_room(self) -> None:
        if self._house.scheme == "http":
            self._transport.close()
        else:  # closing waits for a word of the client's
            self._transport.abort()

    def hurry(self) -> None:
        self._task = self._house.loop.create_task(self._serve(Malformed(408, "the request did not come in time")))

    def abort(self) -> None:
        self._outlet.abort()

    def end(self) -> None:
        """End everything, because the server does."""
        if self._task is not None:
            self._task.cancel()
        self.abort()

    @property
    def task(self) -> asyncio.Task[None] | None:
        """What works on a request, if anything does."""
        return self._task

    def _moving(self) -> None:
        self._house.taking.begin(self, self._house.loop.time())

    def _begin(self) -> None:
        """Begin with the next request, if its head is whole."""
        house, fresh = self._house, not self._searched
        head = self._cut()
        if fresh:
            house.idle.end(self)
        if head is None:
            if fresh:
                house.asking.begin(self, house.loop.time())
            return
        house.asking.end(self)
        self._task = house.loop.create_task(self._serve(head))

    def _cut(self) -> bytes | Malformed | None:
        """The next head; why there cannot be one; or None when it is not whole yet."""
        data = self._data
        if not data:
            return None
        found = data.find(_END, max(0, self._searched - len(_END)))
        if 0 <= found <= HEAD_BYTES - len(_END):
            end = found + len(_END)
            self._data, self._searched = data[end:], 0
            return data[:end]
        if len(data) > HEAD_BYTES:
            return Malformed(431, f"the request's head has more than {HEAD_BYTES >> 10} KiB")
        fresh = data[self._searched - data.endswith(b"\r", 0, self._searched) :]
        if not data[:1].isupper() or fresh.count(b"\n") != fresh.count(b"\r\n"):
            return Malformed(400, "this is no HTTP/1.1: lines end with CR LF, and the first one begins with a method")
        self._searched = len(data)
        return None

    async def _serve(self, head: bytes | Malformed | None) -> None:
        """Answer one request after the other, as long as there are whole ones."""
        house = self._house
        rest: int | None = None
        try:
            while head is not None and rest is None and not self._transport.is_closing():
                rest = await self._answer(head)
                house.taking.end(self)
                head = self._cut()
                if head is not None:  # whoever asks for much at once lets others have their turn
                    await asyncio.sleep(0)
        except (UpstreamFailure, Cut, OSError):
            self.abort()
        except asyncio.CancelledError:
            self.abort()
            raise
        except Exception:
            with contextlib.suppress(OSError):  # the log may lie on a disk that is full
                traceback.print_exc()
            self.abort()
        finally:
            self._task = None
            if self._lost:
                house.released(self)
        if not self._transport.is_closing():
            self._after(rest)

    def _after(self, rest: int | None) -> None:
        """Wait for the next request or, after a last answer, for the rest of what the client sends with it."""
        house, now = self._house, self._house.loop.time()
        if rest is not None:
            self._over = True
            self._left = min(rest - len(self._data), _DRAINED)
            self._data = b""
        if self._ended or (rest is not None and self._left <= 0):
            self._transport.close()
            return
        waiting = house.draining if rest is not None else house.asking if self._data else house.idle
        waiting.begin(self, now)
        if self._held:
            self._held = False
            self._transport.resume_reading()

    async def _answer(self, data: bytes | Malformed) -> int | None:
        """Answer one request: None when another may follow, else how many bytes do that are no request."""
        try:
            if isinstance(data, Malformed):
                raise data
            head = read_head(data)
        except Malformed as error:
            answer = problem(error.status, CODE, error.reason)
            await self._send(answer, Head("GET", "", "", {}, False, False, 0))
            return _UNKNOWN
        request = Request(head.method, head.path, head.query, head.headers, self._client, self._house.scheme)
        answer = await self._house.handler(request)
        if not self._transport.is_closing():
            await self._send(answer, head)
        if head.keep_alive:
            return None
        return head.body if head.body >= 0 else _UNKNOWN

    async def _send(self, answer: Answer, head: Head) -> None:
        """Send an answer. Raises what `Outlet` raises: then what was announced did not come whole."""
        self._sending = True
        try:
            if not has_body(answer, head.method):
                await self._outlet.send(self._line(answer, head), b"")
            elif answer.download is not None:
                source = answer.download.reader()
                try:
                    await self._outlet.send_download(self._line(answer, head), source, answer.download)
                finally:
                    os.close(source)
            elif answer.file:
                await self._send_file(answer, head)
            else:
                await self._outlet.send(self._line(answer, head), answer.body)
        finally:
            self._sending = False

    async def _send_file(self, answer: Answer, head: Head) -> None:
        start, end = answer.span or (0, answer.size)
        try:
            source = os.open(answer.file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            source = -1
        try:
            if source < 0 or os.fstat(source).st_size < end:
                gone = problem(503, GONE, "the file has just gone from the cache: try again", retry_after="1")
                await self._outlet.send(self._line(gone, head), gone.body)
            else:
                await self._outlet.send_file(self._line(answer, head), source, start, end)
        finally:
            if source >= 0:
                os.close(source)

    def _line(self, answer: Answer, head: Head) -> bytes:
        return answer_head(answer, self._house.dates.line(), keep_alive=head.keep_alive, old=head.old)
