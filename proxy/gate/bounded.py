"""HTTP with a bound on what a client may send ahead: mitmproxy keeps a request's head however long it grows."""

from __future__ import annotations

from collections.abc import Callable

from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import HttpLayer
from mitmproxy.proxy.layers.http import HTTPMode
from mitmproxy.proxy.layers.http._http1 import Http1Server

HEAD_BYTES = 1 << 16


class BoundedHttpLayer(HttpLayer):
    """HTTP/1.1 that closes a connection whose unread bytes pass `HEAD_BYTES`, after a call of `passed`."""

    def __init__(self, context: Context, mode: HTTPMode, passed: Callable[[], None]) -> None:
        super().__init__(context, mode)
        self._passed = passed

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        yield from super()._handle_event(event)
        if isinstance(event, events.DataReceived):
            reader = self.connections.get(event.connection)
            if isinstance(reader, Http1Server) and len(reader.buf) > HEAD_BYTES:
                self._passed()
                yield commands.CloseConnection(event.connection)
