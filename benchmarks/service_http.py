"""A run over HTTP, as a client on the unix socket sees it: one connection for each sandbox, kept open."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from types import TracebackType
from typing import Any, Self

from benchmarks.home import Home

_START_SECONDS = 30.0


class Served:
    """`jhansi-runner serve` of a home, from `with` to its end, with so many sandboxes that hold an empty program."""

    def __init__(self, home: Home, sandboxes: int, program: str, loop: asyncio.AbstractEventLoop) -> None:
        self._home, self._sandboxes, self._program, self._loop = home, sandboxes, program, loop
        self._clients: list[_Connection] = []
        self._paths: list[str] = []

    def __enter__(self) -> Self:
        self._process = subprocess.Popen([self._home.command, "serve"], env=self._home.env, stderr=subprocess.DEVNULL)
        self._loop.run_until_complete(self._prepare())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client in self._clients:
            client.close()
        self._process.terminate()
        self._process.wait()

    async def run(self, number: int) -> None:
        """Run the program in the sandbox of a number. Raises RuntimeError unless it ended well."""
        outcome = await self._clients[number].ask("POST", f"{self._paths[number]}/exec", {"filename": self._program})
        if outcome.get("exit_code") != 0:
            raise RuntimeError(f"a run failed: {outcome}")

    async def _prepare(self) -> None:
        for _ in range(self._sandboxes):
            client = await _connected(f"{self._home.folders.runtime}/service.sock")
            made = await client.ask("POST", "/v1/sandboxes", {})
            path = f"/v1/sandboxes/{made['id']}"
            await client.ask("POST", f"{path}/files", {"path": self._program, "content": ""})
            self._clients.append(client)
            self._paths.append(path)


class _Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def ask(self, method: str, path: str, body: object) -> dict[str, Any]:
        """Send a request, and read the JSON that answers it."""
        data = json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(data)}\r\n\r\n"
        self._writer.write(head.encode() + data)
        answer = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        size = int(answer.partition("content-length: ")[2].partition("\r\n")[0])
        return dict(json.loads(await self._reader.readexactly(size)))

    def close(self) -> None:
        """End the connection."""
        self._writer.close()


async def _connected(path: str) -> _Connection:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            return _Connection(*await asyncio.open_unix_connection(path))
        except OSError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.05)
