"""Serves the application at its sockets, until it is told to end.

Source: ADR 16; uvicorn's `Server`, of which all but its start and its end is used as it is.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import uvicorn
from starlette.types import ASGIApp

from jhansi_runner.runner.api.connection import HEAD_SECONDS, IDLE_SECONDS, Connection
from jhansi_runner.runner.api.handshakes import Handshakes
from jhansi_runner.runner.errors import RunnerError

END_SECONDS = 5
"""Seconds that answers on their way have once the server is told to end, and their programs with it."""
_TICKS = 10


@dataclass(frozen=True, slots=True)
class Secure:
    """Certificate (chain) and key, as files in PEM."""

    certificate: str
    key: str

    def check(self) -> None:
        """Raises RunnerError where they cannot be used."""
        try:
            for file in (self.certificate, self.key):  # OpenSSL does not say which one it was
                os.close(os.open(file, os.O_RDONLY | os.O_CLOEXEC))
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.certificate, self.key, "")
        except (OSError, ssl.SSLError) as error:
            raise RunnerError(
                f"the certificate {self.certificate} with the key {self.key} cannot be used: {error}",
                lines=("name a chain and its key, both in PEM, the key without a password",),
            ) from None


class Server(uvicorn.Server):
    """Some sockets, one kind: with TLS or without. `began` is called when it serves."""

    def __init__(self, app: ASGIApp, secure: Secure | None, stopping: asyncio.Event) -> None:
        config = uvicorn.Config(
            app,
            http=Connection,
            ws="none",
            lifespan="off",
            loop="asyncio",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=IDLE_SECONDS,
            timeout_graceful_shutdown=END_SECONDS,
            ssl_certfile=secure.certificate if secure else None,
            ssl_keyfile=secure.key if secure else None,
        )
        super().__init__(config)
        self._stopping = stopping

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn does with sockets that are there, but for who begins TLS and never goes on."""
        config, state, loop = self.config, self.server_state, asyncio.get_running_loop()

        def connection() -> asyncio.Protocol:
            return Connection(config, state, {})

        if config.ssl:
            connection = Handshakes(connection, config.ssl, HEAD_SECONDS).accept
        self.servers = [
            await loop.create_server(connection, sock=each, backlog=config.backlog) for each in sockets or ()
        ]
        self.started = True

    async def on_tick(self, counter: int) -> bool:
        if counter % _TICKS == 0:
            for connection in list(self.server_state.connections):
                if isinstance(connection, Connection):
                    connection.tick()
        return await super().on_tick(counter) or self._stopping.is_set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stopping.set()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]
        """Leaves signals to who runs several of these."""
        yield


async def serve(
    app: ASGIApp,
    plain: Sequence[socket.socket],
    secured: Sequence[socket.socket],
    secure: Secure | None,
    stopping: asyncio.Event,
    began: Callable[[], None],
) -> None:
    """Serve until `stopping` is set. `began` is called when clients can connect."""
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL + 1)  # what it says is answered and logged elsewhere
    servers = [Server(app, None, stopping)] if plain else []
    places = [list(plain)] if plain else []
    if secured:
        servers.append(Server(app, secure, stopping))
        places.append(list(secured))
    tasks = [asyncio.create_task(server.serve(place)) for server, place in zip(servers, places, strict=True)]
    try:
        while not all(server.started for server in servers) and not any(task.done() for task in tasks):
            await asyncio.sleep(0.005)
        if all(server.started for server in servers) and not stopping.is_set():  # else the sockets may be closed
            began()
        await asyncio.gather(*tasks)
    finally:
        stopping.set()
        await asyncio.wait(tasks)
