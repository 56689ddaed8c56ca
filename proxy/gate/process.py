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
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from mitmproxy import master, options
from mitmproxy.addons import proxyserver, tlsconfig
from mitmproxy.proxy import mode_servers

from jhansi_runner.proxy.gate.addon import Door, DoorBook, Gate
from jhansi_runner.proxy.gate.verdict import CONNECTIONS, Refusal
from jhansi_runner.proxy.paths import AUTHORITY_FILE
from jhansi_runner.proxy.registries.upstreams import Upstream

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
    """Lets a bounded number of connections at once through a door, so that no run takes them all.

    uv opens up to about 50. `refused` is called for the first that is one too many.
    """

    def __init__(self, serve: _Serve, refused: Callable[[], None]) -> None:
        self._serve, self._refused = serve, refused
        self._inside = 0
        self._told = False

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection until its descriptor is closed, or close it at once."""
        if self._inside >= _DOOR_CONNECTIONS:
            writer.transport.abort()
            if not self._told:
                self._told = True
                self._refused()
            return
        self._inside += 1
        try:
            await self._serve(reader, writer)
        finally:
            try:
                await _closed(writer)
            finally:
                self._inside -= 1


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
    """Opens and closes doors as it is told."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._doors: dict[str, Door] = {}
        self._servers: dict[str, asyncio.Server] = {}
        self.gate = Gate(self._doors, MIRROR, self._tell)
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
            asyncio.get_running_loop().create_task(self._open(message, descriptors[0]))
        else:
            self._close(str(message["close"]))

    async def _open(self, message: Mapping[str, Any], descriptor: int) -> None:
        upstreams = tuple(
            Upstream(u["type"], u["index"], u["public"], frozenset(u["files"])) for u in message["upstreams"]
        )
        door = Door(message["run"], upstreams)
        instance: mode_servers.ServerInstance[Any] = mode_servers.ServerInstance.make(
            "regular", DoorBook(door, self._doors)
        )
        listener = socket.socket(fileno=descriptor)
        listener.setblocking(False)
        reason = f"more than {_DOOR_CONNECTIONS} connections at once; further ones are closed until others end"
        refusal = Refusal(CONNECTIONS, reason)
        keeper = _Doorkeeper(instance.handle_stream, lambda: self._tell(door.run, "", "", refusal))
        self._servers[message["door"]] = await asyncio.start_server(keeper.accept, sock=listener)

    def _close(self, door: str) -> None:
        server = self._servers.pop(door, None)
        if server is not None:
            server.close()

    def _tell(self, run: str, method: str, url: str, refusal: Refusal) -> None:
        report = {"run": run, "method": method, "url": url, "code": refusal.code, "reason": refusal.reason}
        try:
            self._control.send(json.dumps(report).encode())
        except OSError as error:
            print(f"a refusal could not be reported: {error}", file=sys.stderr)


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
    gate_master.addons.add(_CoreOptions(), tlsconfig.TlsConfig(), process.gate)
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
