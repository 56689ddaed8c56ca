"""One connection: what uvicorn does, and what it leaves out: strictness, patience, and an orderly end.

Heads are cut out of what arrives, and looked at by the strict reader of the mirror's, before uvicorn's parser sees
them. A request is given to uvicorn only when the one before it was answered, and its body by its length, so that no
byte of a body is ever taken for a request. What comes in chunks is the last of its connection.

Source: RFC 9112, sections 6, 7.1.2, 9.3 and 11.2; RFC 9110, section 6.5; ADR 16.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from jhansi_runner.proxy.mirror.http.head import Malformed, read_head
from jhansi_runner.runner.api.failures import error_body
from jhansi_runner.runner.api.peer import Peer, peer_of

HEAD_BYTES = 32 << 10
HEAD_SECONDS, IDLE_SECONDS, STALLED_SECONDS, LINGER_SECONDS = 10, 10, 60, 2
"""Until a head is whole; between requests; until a client that reads nothing is dropped; until one that still sends a
body which nobody wants has been told why."""
SLOW_SECONDS, SLOW_BYTES = 20, 1024
"""A body may lag by so many seconds behind so many bytes a second."""
MOST_CONNECTIONS = 400
"""A process may usually have 1,024 descriptors, and those that run programs take theirs from the same.

When there are more, the oldest goes by which nobody known asks for anything: anybody can connect, without a token too,
and must not keep out who has one, or the owner of the unix socket.
"""
_DRAINED = 8 << 20
_END = b"\r\n\r\n"
_UPGRADE = re.compile(rb"\r\nupgrade:[^\r]*", re.IGNORECASE)
_CODES = {400: "malformed_request", 408: "too_slow", 414: "malformed_request", 431: "head_too_large", 503: "no_room"}


class Connection(HttpToolsProtocol):
    """Serves one client. `tick` is called once a second."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._peer = Peer()
        self._held = b""
        self._left = 0
        """Bytes of the body that are to come; -1 for chunks."""
        self._around = 0
        """Bytes that came in chunks since the last of the body itself."""
        self._last = False
        """Whether nothing more is served here: what comes is thrown away."""
        self._lingering = 0
        self._waited, self._stalled, self._unsent, self._came = 0, 0, 0, 0
        self._since = self.loop.time()

    # What the loop calls.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wire = transport
        self.transport = _Ending(transport, self)
        endpoint = transport.get_extra_info("socket")
        try:
            self._peer = peer_of(endpoint, secure=self.scheme == "https")
        except OSError:
            transport.abort()
            return
        if len(self.connections) > MOST_CONNECTIONS and not self._others_make_way():
            self.refuse(503, "the service has no room for more connections")

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        self._came += len(data)
        if self._last and self._left == 0:
            if self._lingering and self._came > _DRAINED:
                self._wire.close()
            return
        self._held += data
        self._proceed()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._unset_keepalive_if_required()
        self._held, self._last, self._left = b"", True, 0

    def resume_writing(self) -> None:
        self._stalled = 0
        super().resume_writing()

    # What uvicorn calls.

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["state"].update(peer=self._peer, break_off=self._wire.abort)

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self.headers = []  # trailers are thrown away: what is behind a body says nothing of who asks, or for what

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self._last:
            self.loop.call_soon(self._proceed)

    def send_400_response(self, msg: str) -> None:
        self.refuse(400, msg)

    # The rest.

    def _others_make_way(self) -> bool:
        """End the connection that is needed least; False where each is one that stays."""
        others = (one for one in self.connections if isinstance(one, Connection) and one is not self)
        least = min((one for one in others if one.may_go), key=lambda one: (one.is_known, one._since), default=None)
        if least is not None:
            least._wire.abort()
        return least is not None

    @property
    def is_known(self) -> bool:
        """Whether who asked last is known to the API. Pages do not count: they come again by themselves."""
        return self.scope is not None and "caller" in self.scope["state"]

    @property
    def may_go(self) -> bool:
        """Whether nobody known waits for an answer here: those are bounded for each by themselves."""
        busy = self.cycle is not None and not self.cycle.response_complete
        return not self._wire.is_closing() and not (busy and self.is_known)

    def tick(self) -> None:
        """Another second has passed: end what has gone on for too long."""
        unsent = self._wire.get_write_buffer_size()
        self._stalled = self._stalled + 1 if unsent and unsent >= self._unsent else 0
        self._unsent = unsent
        if self._lingering:
            self._lingering -= 1
            if not self._lingering:
                self._wire.close()
        if self._stalled > STALLED_SECONDS:
            self._wire.abort()
        elif not self._wire.is_closing() and not self._lingering:
            self._tick_reading()

    def _tick_reading(self) -> None:
        busy = self.cycle is not None and not self.cycle.response_complete
        if busy and (not self._left or self.flow.read_paused):
            self._waited = self._came = 0
        elif busy:
            self._waited = max(0, self._waited + 1 - self._came // SLOW_BYTES)
            self._came = 0
            if self._waited > SLOW_SECONDS:
                self.refuse(408, "the body comes too slowly")
        else:
            self._waited += 1
            if self._held and self._waited > HEAD_SECONDS:
                self.refuse(408, "the request did not come in time")
            elif not self._held and self._waited > IDLE_SECONDS:
                self._wire.close()

    def refuse(self, status: int, why: str) -> None:
        """Say what is wrong, if nothing else was said yet, and end the connection."""
        busy = self.cycle is not None and not self.cycle.response_complete
        self._last, self._held = True, b""
        if busy and self.cycle.response_started:
            self._wire.abort()
            return
        if busy:  # it hears that its client is gone
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        body = error_body(status, _CODES[status], why, "see RFC 9112" if status == 400 else "")
        length = f"content-length: {len(body)}\r\n".encode()
        head = b"content-type: application/json\r\nx-content-type-options: nosniff\r\nconnection: close\r\n"
        self._wire.write(STATUS_LINE[status] + head + length + b"\r\n" + body)
        self._left = 0
        self.linger()

    def linger(self) -> None:
        """End, but let a client that is still sending read the answer first: it would be lost in a reset."""
        self._last, self._held, self._left = True, b"", 0
        self._lingering, self._came = LINGER_SECONDS, 0
        if self._wire.can_write_eof():
            self._wire.write_eof()
        self.flow.resume_reading()

    @property
    def is_unread(self) -> bool:
        """Whether more of the request is to come."""
        return self._left != 0

    def _proceed(self) -> None:
        """Take from what has come as much as can be served now."""
        while self._held and not self._last_and_read() and not self._wire.is_closing():
            if self._left:
                self._feed_body()
            elif self.cycle is not None and not self.cycle.response_complete:
                self.flow.pause_reading()
                return
            elif not self._feed_head():
                return

    def _last_and_read(self) -> bool:
        return self._last and self._left == 0

    def _feed_body(self) -> None:
        if self._left < 0:
            part, self._held = self._held, b""
            self._around += len(part)
        else:
            part, self._held = self._held[: self._left], self._held[self._left :]
            self._left -= len(part)
        try:
            self.parser.feed_data(part)
        except httptools.HttpParserError:
            if self._left:
                self.refuse(400, "the body cannot be read")
        if self._left < 0 and self._around > HEAD_BYTES:
            self.refuse(431, f"more than {HEAD_BYTES >> 10} KiB came of what is no body: extensions, or trailers")

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        self._around = 0

    def on_message_complete(self) -> None:
        super().on_message_complete()
        if self._left < 0:
            self._left = 0
            raise _Over

    def _feed_head(self) -> bool:
        """Give uvicorn the next head; False when it is not whole, or none."""
        end = self._held.find(_END, 0, HEAD_BYTES)
        if end < 0:
            if len(self._held) >= HEAD_BYTES:
                self.refuse(431, f"the request's head has more than {HEAD_BYTES >> 10} KiB")
            elif not self._held[:1].isupper() or self._held.count(b"\n") != self._held.count(b"\r\n"):
                self.refuse(400, "this is no HTTP/1.1: lines end with CR LF, and the first one begins with a method")
            return False
        data, self._held = self._held[: end + len(_END)], self._held[end + len(_END) :]
        try:
            head = read_head(data)
        except Malformed as error:
            self.refuse(error.status, error.reason)
            return False
        if head.method == "CONNECT":
            self.refuse(400, "this is no proxy")
            return False
        self._left, self._waited, self._around = head.body, 0, 0
        self._last = head.body < 0 or head.old or "close" in head.headers.get("connection", "").lower()
        super().data_received(_UPGRADE.sub(b"", data))  # an offer that is passed over
        if self._last and self.cycle is not None:
            self.cycle.keep_alive = False
        return True


class _Over(Exception):
    """Keeps the parser from reading on behind a body in chunks: it would take what is there for the next request."""


class _Ending(asyncio.Transport):
    """The transport as uvicorn sees it: closing it waits for a client that is still sending."""

    def __init__(self, wire: asyncio.Transport, connection: Connection) -> None:
        super().__init__()
        self._wire, self._connection = wire, connection

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._wire.get_extra_info(name, default)

    def is_closing(self) -> bool:
        return self._wire.is_closing()

    def close(self) -> None:
        if self._connection.is_unread and not self._wire.is_closing():
            self._connection.linger()
        else:
            self._wire.close()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._wire.write(data)

    def pause_reading(self) -> None:
        self._wire.pause_reading()

    def resume_reading(self) -> None:
        self._wire.resume_reading()
