"""HTTP with a bound on what a client may send ahead, and with word of what mitmproxy refuses by itself.

mitmproxy keeps a request's head however long it grows, and answers what it cannot read with 400 without any hook. It
keeps the whole body of a request that is refused before it answers: here that is thrown away as it comes.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import HttpLayer
from mitmproxy.proxy.layers.http import HTTPMode
from mitmproxy.proxy.layers.http._base import HttpEvent, ReceiveHttp
from mitmproxy.proxy.layers.http._events import (
    RequestData,
    RequestHeaders,
    RequestProtocolError,
    ResponseProtocolError,
)
from mitmproxy.proxy.layers.http._hooks import HttpRequestHeadersHook
from mitmproxy.proxy.layers.http._http1 import Http1Server

HEAD_BYTES = 1 << 16
REFUSED_BYTES, _REFUSED_SECONDS = 64 << 20, 60.0
"""Of a body that is refused so much is read, and for so long: clients that write all of it first read why then."""
_BAD_REQUEST = 400


class _TellingServer(Http1Server):
    """Reads requests, and calls `refused` with why for each that is answered with 400 and no hook hears of."""

    def __init__(self, context: Context, refused: Callable[[str], None]) -> None:
        super().__init__(context)
        self._refused = refused
        self.judged = False
        """Whether `requestheaders` has heard of the request at hand; a CONNECT's own hook looks at its host alone."""
        self._refused_until, self._refused_bytes = 0.0, 0

    def refuse_body(self) -> None:
        """Throw the body of the request at hand away."""
        self._refused_until = time.monotonic() + _REFUSED_SECONDS

    def read_body(self, event: events.Event) -> layer.CommandGenerator[None]:
        for command in super().read_body(event):
            heard = command.event if isinstance(command, ReceiveHttp) else None
            if not self._refused_until or not isinstance(heard, RequestData):
                yield command
                continue
            self._refused_bytes += len(heard.data)
            if self._refused_bytes > REFUSED_BYTES or time.monotonic() > self._refused_until:
                yield commands.CloseConnection(self.conn)
                return

    def read_headers(self, event: events.ConnectionEvent) -> layer.CommandGenerator[None]:
        answered = False
        for command in super().read_headers(event):
            heard = command.event if isinstance(command, ReceiveHttp) else None
            if isinstance(command, commands.SendData):
                answered = True
            elif isinstance(command, commands.Log) and answered:
                self._refused(command.message.partition(": ")[2])  # what precedes is the client's address
            elif isinstance(heard, RequestHeaders):
                self.judged = False
                self._refused_until, self._refused_bytes = 0.0, 0
            elif isinstance(heard, RequestProtocolError) and not self.judged:
                self._refused(heard.message)
            yield command

    def send(self, event: HttpEvent) -> layer.CommandGenerator[None]:
        if isinstance(event, ResponseProtocolError) and _status(event.code) == _BAD_REQUEST and not self.judged:
            self._refused(event.message)
        return super().send(event)


def _status(code: object) -> object:
    """The status of an error: mitmproxy 11 gives the number, 12 a name for the error that knows its number."""
    return code.http_status_code() if hasattr(code, "http_status_code") else code


class BoundedHttpLayer(HttpLayer):
    """HTTP/1.1 that closes a connection whose unread bytes pass `HEAD_BYTES`; `refused` hears why, as of every 400."""

    def __init__(self, context: Context, mode: HTTPMode, refused: Callable[[str], None]) -> None:
        super().__init__(context, mode)
        self._refused = refused

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        if isinstance(event, events.Start):
            server = _TellingServer(self.context.fork(), lambda why: self._refused(f"a request is malformed: {why}"))
            self.connections[self.context.client] = server
        elif isinstance(event, events.HookCompleted) and isinstance(event.command, HttpRequestHeadersHook):
            reader = self.connections.get(self.context.client)
            if isinstance(reader, _TellingServer) and event.command.flow.response is not None:
                reader.refuse_body()
        # What an answer brings passes here piece by piece, hence as little as can be is done for each.
        for command in super()._handle_event(event):
            if isinstance(command, HttpRequestHeadersHook):
                reader = self.connections.get(self.context.client)
                if isinstance(reader, _TellingServer):
                    reader.judged = True
            yield command
        if isinstance(event, events.DataReceived) and event.connection is self.context.client:
            reader = self.connections.get(event.connection)
            if isinstance(reader, Http1Server) and len(reader.buf) > HEAD_BYTES:
                self._refused(f"a request whose head has more than {HEAD_BYTES >> 10} KiB is cut off")
                yield commands.CloseConnection(event.connection)
