"""The mirror behind granian: answers from memory and disk as they are, downloads through a pipe that pushes back.

granian queues what a handler streams without limit, so a slow client would cost memory. It does read files in step
with the client, and a pipe is a file: what is on its way goes through one, kept full by sendfile.

Source: ADR 0004, with what was measured.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from granian._granian import SocketHolder
from granian.constants import HTTPModes, Interfaces, SSLProtocols
from granian.server.embed import Server

from jhansi_runner.proxy.mirror.answer import Answer, Request
from jhansi_runner.proxy.mirror.download import Download
from jhansi_runner.proxy.registries.upstreams import UpstreamFailure

Handler = Callable[[Request], Awaitable[Answer]]
_PIPE_BYTES = 1 << 18
_FIRST_READ_SECONDS = 30.0
_STALLED_SECONDS = 600.0


class DescriptorServer(Server):
    """granian, listening at a descriptor that was bound elsewhere; with `tls`, a certificate and its key, by HTTPS."""

    def __init__(
        self, target: Callable[..., Awaitable[None]], listener: int, tls: tuple[str, str] | None = None
    ) -> None:
        super().__init__(
            target=target,
            interface=Interfaces.RSGI,
            http=HTTPModes.http1,
            websockets=False,
            log_enabled=False,
            backlog=1024,
            ssl_cert=Path(tls[0]) if tls else None,
            ssl_key=Path(tls[1]) if tls else None,
            ssl_protocol_min=SSLProtocols.tls12,
        )
        self._listener = listener

    def _init_shared_socket(self) -> None:
        with socket.socket(fileno=os.dup(self._listener)) as probe:
            probe.setblocking(False)
            # Head and body of a small file are two writes; the second would wait 40 ms for the first's receipt.
            probe.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        holder: Any = SocketHolder  # its stub leaves the arguments out
        self._shd: Any = holder(self._listener, False, 1024)
        self._sfd: Any = self._shd.get_fd()
        self._ssp = None


class Application:
    """Turns granian's calls into requests, and answers into responses."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._pumps: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Any, protocol: Any) -> None:
        """Serve one request. Source: RSGI specification 1.5."""
        headers = dict(scope.headers.items())  # the names come in lower case
        request = Request(scope.method, scope.path, scope.query_string, headers, _host(scope.client), scope.scheme)
        answer = await self._handler(request)
        sent = [*answer.headers]
        if answer.status != 304:
            sent.append(("content-length", str(answer.size or len(answer.body))))
        if request.method == "HEAD" or answer.status == 304:
            protocol.response_empty(answer.status, sent)
        elif answer.download is not None:
            self._stream(protocol, answer, answer.download, sent)
        elif answer.file and answer.span is not None:
            protocol.response_file_range(answer.status, sent, answer.file, *answer.span)
        elif answer.file:
            protocol.response_file(answer.status, sent, answer.file)
        else:
            protocol.response_bytes(answer.status, sent, answer.body)

    def _stream(self, protocol: Any, answer: Answer, download: Download, headers: list[tuple[str, str]]) -> None:
        read, write = os.pipe2(os.O_CLOEXEC)
        with contextlib.suppress(PermissionError):  # a user may have so many large pipes; small ones are slower
            fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        source = download.reader()
        task = asyncio.create_task(_pump(download, source, read, write))
        self._pumps.add(task)
        task.add_done_callback(self._pumps.discard)
        protocol.response_file(answer.status, headers, f"/proc/self/fd/{read}")


def _host(client: str) -> str:
    """The address without the port."""
    return client.rpartition(":")[0] or client


async def _pump(download: Download, source: int, read: int, write: int) -> None:
    """Fill the pipe from the growing file, as fast as it is emptied.

    Our reading end stays open until granian has opened its own: it goes by our descriptor's number, which must not
    mean something else by then. It has once more went through than the pipe holds; from then on a client that goes
    away shows as a broken pipe. A download that fails leaves the pipe short of the length that was announced, and the
    connection breaks off.
    """
    os.set_blocking(write, False)
    offset = 0
    try:
        while offset != download.total or not download.verified:
            limit = await download.available(offset)
            while offset < limit:
                try:
                    offset += os.sendfile(write, source, offset, limit - offset)
                except BlockingIOError:
                    await asyncio.wait_for(_writable(write), _STALLED_SECONDS if read < 0 else _FIRST_READ_SECONDS)
                if read >= 0 and offset > _PIPE_BYTES:
                    os.close(read)
                    read = -1
    except (UpstreamFailure, TimeoutError, BrokenPipeError):
        pass
    finally:
        os.close(source)
        os.close(write)
        if read >= 0:
            asyncio.get_running_loop().call_later(_FIRST_READ_SECONDS, os.close, read)


async def _writable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()

    def tell() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_writer(descriptor, tell)
    try:
        await ready
    finally:
        with contextlib.suppress(ValueError):
            loop.remove_writer(descriptor)
