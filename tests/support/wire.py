"""The mirror's HTTP server with a handler of a test's own, and clients that send bytes as they please."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from jhansi_runner.proxy.mirror.answer import Answer, Request
from jhansi_runner.proxy.mirror.http.server import Server

HOST = b"Host: mirror.test\r\n"
Handle = Callable[[Request], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Said:
    """One answer as it came: the status line, the headers with names in lower case, the body."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def status(self) -> int:
        """The status."""
        return int(self.line.split(" ")[1])


async def echo(request: Request) -> Answer:
    """Say what was asked for."""
    body = f"{request.method} {request.path}?{request.query}".encode()
    return Answer(200, (("content-type", "text/plain"),), body, size=len(body))


class Wire:
    """The server from `with` to its end, in a loop that must have nothing to complain of.

    `asked` is what its handler was asked so far. `most` bounds its connections, 0 for as it comes; with `one_peer`
    those of one address are not bound by themselves.
    """

    def __init__(
        self, handle: Handle = echo, tls: tuple[str, str] | None = None, most: int = 0, *, one_peer: bool = False
    ) -> None:
        self._handle, self._tls, self._most, self._one_peer = handle, tls, most, one_peer
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(listener.getsockname()[1])
        self._listener = listener.detach()
        self.asked: list[Request] = []
        self.loop = asyncio.new_event_loop()
        self.loop.set_exception_handler(lambda _, context: self.complaints.append(context))
        self.complaints: list[dict[str, Any]] = []
        self._stop = asyncio.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self.loop.run_until_complete, args=(self._serve(),), daemon=True)

    async def _answer(self, request: Request) -> Answer:
        self.asked.append(request)
        return await self._handle(request)

    async def _serve(self) -> None:
        self.server = Server(self._answer, self._listener, self._tls, one_peer=self._one_peer)
        if self._most:
            self.server._most = self._most
        self.server.start()
        self._ready.set()
        await self._stop.wait()
        await self.server.close()

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(60)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(60)
        assert not self._thread.is_alive(), "the server does not end"
        gc.collect()  # a task whose exception nobody took complains when it goes
        assert not self.complaints, self.complaints

    def connect(self, tls: ssl.SSLContext | None = None, peer: str = "127.0.0.1") -> socket.socket:
        """A connection of a client's, from an address of this machine's."""
        connection = socket.create_connection(("127.0.0.1", self.port), 10, (peer, 0))
        return tls.wrap_socket(connection, server_hostname="127.0.0.1") if tls else connection

    def ask(self, data: bytes, tls: ssl.SSLContext | None = None) -> list[Said]:
        """Send bytes, say that no more come, and hear all answers to the end of the connection."""
        with self.connect(tls) as connection:
            with contextlib.suppress(OSError):  # it may be cut off before all is sent
                connection.sendall(data)
                if tls is None:
                    connection.shutdown(socket.SHUT_WR)
            return answers(heard(connection))


def heard(connection: socket.socket) -> bytes:
    """All that comes until the end."""
    raw = b""
    with contextlib.suppress(ConnectionError):
        while more := connection.recv(1 << 16):
            raw += more
    return raw


def answers(raw: bytes) -> list[Said]:
    """The answers in what was heard, as a client reads them that trusts the lengths; none of them to HEAD."""
    found = []
    while raw:
        head, end, raw = raw.partition(b"\r\n\r\n")
        assert end, head
        line, *lines = head.decode("latin-1").split("\r\n")
        pairs = [one.split(": ", 1) for one in lines]
        headers = {name.lower(): value for name, value in pairs}
        length = int(headers.get("content-length", "0"))
        found.append(Said(line, headers, raw[:length]))
        raw = raw[length:]
    return found


def get(path: str = "/a", *lines: str, method: str = "GET", version: str = "1.1") -> bytes:
    """A request, with more header lines."""
    return "\r\n".join([f"{method} {path} HTTP/{version}", "Host: mirror.test", *lines, "", ""]).encode("latin-1")
