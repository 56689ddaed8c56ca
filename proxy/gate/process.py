"""The gate's process: a bare mitmproxy inside its own network namespace, told by descriptor where to listen.

It is started by the service with one socket, over which doors arrive (a message and the listener's descriptor) and
refusals go back. It has no other way to the world.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import shutil
import socket
import tempfile
import traceback
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from mitmproxy import master, options
from mitmproxy.addons import proxyserver, tlsconfig
from mitmproxy.proxy import mode_servers

from jhansi_runner.proxy.gate.addon import Door, DoorBook, Gate
from jhansi_runner.proxy.gate.pieces import LargeAnswers
from jhansi_runner.proxy.gate.verdict import CONNECTIONS, Refusal
from jhansi_runner.proxy.outbox import Outbox
from jhansi_runner.proxy.paths import AUTHORITY_FILE
from jhansi_runner.proxy.registries.all import registries
from jhansi_runner.proxy.registries.upstreams import Upstream
from jhansi_runner.proxy.service.messages import Report, closed_message, flood_message, report_message

_Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
MIRROR = ("127.0.0.1", 3129)
_MESSAGE = 1 << 16
_DOOR_CONNECTIONS = 64
_CLOSE_SECONDS = 10.0


class _CoreOptions(proxyserver.Proxyserver):
    """Declares the proxy core's options; it starts no server, since doors come by descriptor."""

    async def setup_servers(self) -> bool:
        return True

    def running(self) -> None:
        return


class _Doorkeeper:
    """Lets a bounded number of connections at once through a door, so that no run takes them all, and shuts it.

    uv opens up to about 50. `refused` is called for the first that is one too many.
    """

    def __init__(self, serve: _Serve, book: DoorBook, refused: Callable[[], None]) -> None:
        self._serve, self._book, self._refused = serve, book, refused
        self._inside: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._told = self._shut = False

    async def open(self, listener: socket.socket) -> None:
        """Accept from a listener, unless the door is shut by then. Raises OSError, ValueError."""
        listener.setblocking(False)
        server = await asyncio.start_server(self.accept, sock=listener)
        if self._shut:
            server.close()
        self._server = server

    def shut(self) -> None:
        """Let nobody in any more, and end every connection at once."""
        self._shut = True
        if self._server is not None:
            self._server.close()
        for writer in self._inside:
            writer.transport.abort()  # what a client has not taken is not waited for
        for handler in self._book.connections.values():
            connection = handler.transports.get(handler.client)
            if connection is not None and connection.handler is not None:
                connection.handler.cancel("the door is closed")

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection until its descriptor is closed, or close it at once."""
        if self._shut:
            writer.transport.abort()
            return
        if len(self._inside) >= _DOOR_CONNECTIONS:
            writer.transport.abort()
            if not self._told:
                self._told = True
                self._refused()
            return
        self._inside.add(writer)
        try:
            await self._serve(reader, writer)
        finally:
            try:
                await _closed(writer)
            finally:
                self._inside.discard(writer)


async def _closed(writer: asyncio.StreamWriter) -> None:
    """Close a connection; a client that does not take what is left for it loses it, rather than keep it open."""
    writer.close()
    try:
        async with asyncio.timeout(_CLOSE_SECONDS):
            await writer.wait_closed()
    except OSError:  # TimeoutError is one
        pass
    finally:
        writer.transport.abort()


class GateProcess:
    """Opens and closes doors as it is told, and reports what is refused."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._reports = Outbox(control, flood_message)
        self._doors: dict[str, Door] = {}
        self._handlers: dict[str, mode_servers.ProxyConnectionHandler] = {}
        self._keepers: dict[str, _Doorkeeper] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.gate = Gate(self._doors, MIRROR, registries(), self._tell)
        self.answers = LargeAnswers(self._handlers)
        self.closed = asyncio.Event()

    def on_message(self) -> None:
        """Take one message from the service."""
        try:
            data, descriptors, _, _ = socket.recv_fds(self._control, _MESSAGE, 1)
        except BlockingIOError:
            return
        if not data:
            self.closed.set()
            return
        message = json.loads(data)
        if descriptors:
            self._open(message, descriptors[0])
        else:
            self._close(str(message["close"]))

    def _open(self, message: Mapping[str, Any], descriptor: int) -> None:
        upstreams = tuple(
            Upstream(u["type"], u["index"], u["public"], frozenset(u["files"])) for u in message["upstreams"]
        )
        door = Door(message["run"], upstreams)
        book = DoorBook(door, self._doors, self._handlers)
        instance: mode_servers.ServerInstance[Any] = mode_servers.ServerInstance.make("regular", book)
        reason = f"more than {_DOOR_CONNECTIONS} connections at once; further ones are closed until others end"
        refusal = Refusal(CONNECTIONS, reason)
        keeper = _Doorkeeper(instance.handle_stream, book, lambda: self._tell(door.run, "", "", refusal))
        self._keepers[message["door"]] = keeper
        task = asyncio.get_running_loop().create_task(_opened(keeper, descriptor))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _close(self, door: str) -> None:
        keeper = self._keepers.pop(door, None)
        if keeper is not None:
            keeper.shut()
        self._reports.put_last(door, closed_message(door))

    def _tell(self, run: str, method: str, url: str, refusal: Refusal) -> None:
        self._reports.put(run, report_message(Report(run, method, url, refusal.code, refusal.reason)))


async def _opened(keeper: _Doorkeeper, descriptor: int) -> None:
    """Open a door, or close a descriptor that is no listener: whoever is behind it is refused at once."""
    try:
        listener = socket.socket(fileno=descriptor)
    except OSError:
        os.close(descriptor)
        traceback.print_exc()
        return
    try:
        await keeper.open(listener)
    except (OSError, ValueError):
        listener.close()
        traceback.print_exc()


async def serve(authority: str, descriptor: int) -> None:
    """Serve doors until the service goes away. `authority` is the CA's folder, `descriptor` the service's socket."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    control = socket.socket(fileno=descriptor)
    control.setblocking(False)
    opts = options.Options(
        confdir=_private_copy(authority), server=False, http2=False, rawtcp=False, websocket=False, upstream_cert=False
    )
    gate_master = master.Master(opts)
    process = GateProcess(control)
    gate_master.addons.add(_CoreOptions(), tlsconfig.TlsConfig(), process.gate, process.answers)
    opts.update(connection_strategy="lazy")
    loop = asyncio.get_running_loop()
    running = loop.create_task(gate_master.run())
    loop.add_reader(control.fileno(), process.on_message)
    await process.closed.wait()
    gate_master.shutdown()
    await running


def _private_copy(authority: str) -> str:
    """A folder that mitmproxy may write to, with the CA under the name that it looks for."""
    folder = tempfile.mkdtemp()
    shutil.copy(os.path.join(authority, AUTHORITY_FILE), os.path.join(folder, "mitmproxy-ca.pem"))
    return folder
