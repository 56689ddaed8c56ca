"""Lets clients in at a listener that was bound elsewhere, as many as there are descriptors for, by HTTP or HTTPS."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import socket
import ssl
import traceback
from collections.abc import Iterator

from jhansi_runner.proxy.mirror.http.connection import Connection
from jhansi_runner.proxy.mirror.http.house import Handler, House, peer_of

_HANDSHAKE_SECONDS = 30.0
_SHUTDOWN_SECONDS = 5.0
_LOOK_SECONDS = 1.0
_MOST, _MOST_TLS = 2048, 256
"""Connections of one server. Each holds up to 128 KiB of what its client has sent; with TLS, in asyncio's buffers, up
to 1 MiB of what was sent either way, of which 240 KiB are there before anything is: 256 MiB at the worst."""
_SHARE = 4
"""One peer's connections are at most this part of all."""
_EACH, _OURS = 4, 128
"""Descriptors: of a connection (socket, its copy, a file, an upstream's socket), and of all the rest."""
_END_SECONDS = 5.0


class Server:
    """Serves HTTP/1.1 at a listening descriptor, which it closes. With `tls`, a certificate and its key, by HTTPS.

    With `one_peer` all clients come by one address, as those of the gate do, and it may have all connections.
    """

    def __init__(
        self, handler: Handler, listener: int, tls: tuple[str, str] | None = None, *, one_peer: bool = False
    ) -> None:
        """Raises OSError, and ssl.SSLError for a certificate or key that cannot be used."""
        self._handler = handler
        self._tls = _context(*tls) if tls else None
        self._listener = socket.socket(fileno=listener)
        self._house: House
        self._most = most_connections(_raised(), secure=tls is not None)
        self._one_peer = one_peer
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
            with _logged():
                guest.end()
        for task in self._tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_END_SECONDS)
        await asyncio.sleep(0)  # transports close their sockets a turn later

    def _accept(self) -> None:
        if self._house.count >= self._most:
            self._pause()
            self._house.make_room()
            return
        try:
            endpoint, address = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionError):  # another worker was faster, or the client left
            return
        except OSError:  # no descriptors, no memory: `_look` tries again
            self._pause()
            return
        peer = peer_of(address)
        if not self._one_peer and self._house.count_of(peer) >= self._share and not self._house.make_room(peer):
            endpoint.close()
            return
        connection = Connection(self._house)
        task = self._loop.create_task(self._welcome(endpoint, connection))
        self._house.admit(connection, peer, task)
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._welcomed(done, endpoint, connection))

    async def _welcome(self, endpoint: socket.socket, connection: Connection) -> None:
        greeting, farewell = (_HANDSHAKE_SECONDS, _SHUTDOWN_SECONDS) if self._tls else (None, None)
        endpoint.setblocking(False)
        await self._loop.connect_accepted_socket(
            lambda: connection,
            endpoint,
            ssl=self._tls,
            ssl_handshake_timeout=greeting,
            ssl_shutdown_timeout=farewell,
        )

    def _welcomed(self, task: asyncio.Task[None], endpoint: socket.socket, connection: Connection) -> None:
        """Forget who did not get in. A task that is cancelled before its first step could not see to that itself."""
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if task.cancelled() or error is not None:
            endpoint.close()
            self._house.released(connection)
        if error is not None and not isinstance(error, OSError):  # ssl.SSLError is one
            with _logged():
                raise error

    def _look(self) -> None:
        try:
            with _logged():
                self._house.look()
            self._accept_again()
        finally:
            self._looking = self._loop.call_later(_LOOK_SECONDS, self._look)

    @property
    def _share(self) -> int:
        """The most connections of one peer."""
        return max(1, self._most // _SHARE)

    def _accept_again(self) -> None:
        if self._open and not self._accepting:
            self._accepting = True
            self._loop.add_reader(self._listener.fileno(), self._accept)

    def _pause(self) -> None:
        if self._accepting:
            self._accepting = False
            self._loop.remove_reader(self._listener.fileno())


@contextlib.contextmanager
def _logged() -> Iterator[None]:
    """One connection's fault keeps nobody from the rest."""
    try:
        yield
    except Exception:
        with contextlib.suppress(OSError):  # the log may lie on a disk that is full
            traceback.print_exc()


def most_connections(descriptors: int, *, secure: bool = False) -> int:
    """How many connections a process may serve that may have so many descriptors; fewer are `secure`."""
    return max(1, min(_MOST_TLS if secure else _MOST, (descriptors - _OURS) // _EACH))


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
