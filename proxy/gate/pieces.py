"""Answers go through mitmproxy in pieces of 128 KiB, since each piece costs it the same, however small.

mitmproxy reads 64 KiB at a time, and sends what TLS made of it as 64 KiB and a rest; its layers, not its ciphers, are
most of the cost then. How much of an answer is held stays bounded: a few pieces for each connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from mitmproxy.proxy import commands, layer, server, server_hooks
from mitmproxy.proxy.layers import ClientTLSLayer
from OpenSSL import SSL

PIECE_BYTES = 1 << 17
_RECORDS_BYTES = PIECE_BYTES + (PIECE_BYTES >> 9)
"""A piece in TLS records: each adds 22 bytes to 16 KiB."""


class LargeReads:
    """A reader that gives all it has up to a piece, whatever less is asked for."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader

    async def read(self, most: int = 0) -> bytes:
        """The next bytes; none at the end. Raises OSError."""
        return await self._reader.read(max(most, PIECE_BYTES))


class LargeAnswers:
    """Has what the mirror says read in large pieces. What clients say is not: a request is small."""

    def __init__(self, handlers: Mapping[str, server.ConnectionHandler]) -> None:
        self._handlers = handlers

    def server_connected(self, data: server_hooks.ServerConnectionHookData) -> None:
        """Take the place of a connection's reader, before anything is read from it."""
        transport = self._handlers[data.client.id].transports[data.server]
        reader: Any = transport.reader
        transport.reader = LargeReads(reader)  # type: ignore[assignment]  # mitmproxy calls nothing but `read`


class LargeRecordsLayer(ClientTLSLayer):
    """TLS with a client that hands on what is encrypted in large pieces."""

    def tls_interact(self) -> layer.CommandGenerator[None]:
        """Send what waits to be sent."""
        data = b""
        while not data or len(data) == _RECORDS_BYTES:  # a shorter one was the last
            try:
                data = self.tls.bio_read(_RECORDS_BYTES)
            except SSL.WantReadError:
                return
            yield commands.SendData(self.conn, data)
