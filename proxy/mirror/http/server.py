"""Lets clients in at a listener that was bound elsewhere, as many as there are descriptors for, by HTTP or HTTPS."""

from __future__ import annotations

import asyncio
import resource
import socket
import ssl

from jhansi_runner.proxy.mirror.http.connection import Connection
from jhansi_runner.proxy.mirror.http.house import Handler, House

_HANDSHAKE_SECONDS = 30.0
_LOOK_SECONDS = 1.0
_MOST = 2048
"""Connections of one server. Each holds up to 128 KiB of what its client has sent: 256 MiB at the worst."""
_EACH, _OURS = 4, 128
"""Descriptors: of a connection (socket, its copy, a file, an upstream's socket), and of all the rest."""
_END_SECONDS = 5.0


class Server:
    """Serves HTTP/1.1 at a listening descriptor, which it closes. With `tls`, a certificate and its key, by HTTPS."""

    def __init__(self, handler: Handler, listener: int, tls: tuple[str, str] | None = None) -> None:
        """Raises OSError, and ssl.SSLError for a certificate or key that cannot be used."""
        self._handler = handler
        self._tls = _context(*tls) if tls else None
        self._listener = socket.socket(fileno=listener)
        self._house: House
        self._most = most_connections(_raised())
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = self._accepting = False

    def start(self) -> None:
        """Serve, from the loop that runs, until `close`."""
        self._loop = asyncio.get_running_loop()
        self._house = House(self._handler, "https" if self._tls else "http", self._loop, self._accept_again)
        self._listener.setblocking(False)
        self._open = True
        self._accept_again()
        self._look()

    async def close(self) -> None:
        """Let nobody in any more, and break off what is under way."""
        self._open = False
        self._pause()
        self._listener.close()
        self._looking.cancel()
        tasks = [*self._tasks, *(guest.task for guest in self._house.guests if guest.task is not None)]
        for guest in list(self._house.guests):
            guest.end()
        for task in self._tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_END_SECONDS)
        await asyncio.sleep(0)  # transports close their sockets a turn later

    def _accept(self) -> None:
        if self._house.count >= self._most:
            self._pause()
            longest = self._house.idle.longest()
            if longest is not None:
                longest.leave()
            return
        try:
            endpoint, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionError):  # another worker was faster, or the client left
            return
        except OSError:  # no descriptors, no memory: `_look` tries again
            self._pause()
            return
        connection = Connection(self._house)
        self._house.coming.add(connection)
        task = self._loop.create_task(self._welcome(endpoint, connection))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _welcome(self, endpoint: socket.socket, connection: Connection) -> None:
        patience = _HANDSHAKE_SECONDS if self._tls else None
        try:
            endpoint.setblocking(False)
            await self._loop.connect_accepted_socket(
                lambda: connection, endpoint, ssl=self._tls, ssl_handshake_timeout=patience
            )
        except (OSError, asyncio.CancelledError):  # ssl.SSLError is an OSError
            endpoint.close()
            self._house.released(connection)

    def _look(self) -> None:
        self._house.look()
        self._accept_again()
        self._looking = self._loop.call_later(_LOOK_SECONDS, self._look)

    def _accept_again(self) -> None:
        if self._open and not self._accepting:
            self._accepting = True
            self._loop.add_reader(self._listener.fileno(), self._accept)

    def _pause(self) -> None:
        if self._accepting:
            self._accepting = False
            self._loop.remove_reader(self._listener.fileno())


def most_connections(descriptors: int) -> int:
    """How many connections a process may serve that may have so many descriptors."""
    return max(1, min(_MOST, (descriptors - _OURS) // _EACH))


def _raised() -> int:
    """As many descriptors as we may have without asking anybody."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return 1 << 20 if hard == resource.RLIM_INFINITY else hard


def _context(certificate: str, key: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(certificate, key, password="")  # else a terminal is asked for one
    return context
