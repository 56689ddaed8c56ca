"""The client for asyncio: as the other one, with `await`. Close a stream that is left early: `contextlib.aclosing`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, TypeVar, Unpack

import httpx

from jhansi_runner.client import wire
from jhansi_runner.client.connection import failure, settings
from jhansi_runner.client.errors import JhansiError, bad_answer, broken
from jhansi_runner.client.model import Entry, Event, Outcome, RunInfo, SandboxInfo, Snapshot
from jhansi_runner.client.place import check_owner, find
from jhansi_runner.client.sse import Decoder
from jhansi_runner.client.wire import Call, Options

T = TypeVar("T")


class AsyncClient:
    """A server: at `url`, else where `JHANSI_URL` says, else the user's own. Raises JhansiError, as all its methods do.

    `url` is http(s)://HOST:PORT or unix:///PATH; `token` is by default that of `JHANSI_TOKEN`.
    """

    def __init__(self, url: str = "", token: str = "") -> None:
        self._place = find(url, token, os.environ, os.getuid())
        given = settings(self._place)
        socket = self._place.socket
        transport = httpx.AsyncHTTPTransport(uds=socket, limits=given["limits"]) if socket else None
        self._http = httpx.AsyncClient(**given, transport=transport)

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End the connections."""
        await self._http.aclose()

    async def create(
        self,
        language: str = "",
        *,
        ttl: float | None = None,
        limits: Mapping[str, str] | None = None,
        policy: str | Mapping[str, Any] = "",
        agent: str = "",
        created_by: str = "",
    ) -> AsyncSandbox:
        """A new sandbox, which goes at the end of a `with`. `ttl` is in seconds without use; `policy` only narrows."""
        given = {"language": language, "ttl": ttl, "limits": limits, "policy": policy}
        return AsyncSandbox(self, await self.call(wire.create({**given, "agent": agent, "created_by": created_by})))

    async def sandbox(self, name: str) -> AsyncSandbox:
        """A sandbox that is there, by its id."""
        return AsyncSandbox(self, await self.call(wire.sandbox(name)))

    async def sandboxes(self, *, active: bool = True, limit: int = 50, offset: int = 0) -> list[AsyncSandbox]:
        """The latest first; deleted ones too unless `active`."""
        return [AsyncSandbox(self, info) for info in await self.call(wire.sandboxes(active, limit, offset))]

    async def run(self, name: str) -> AsyncRun:
        """A run, by its id."""
        return AsyncRun(self, await self.call(wire.run(name)))

    async def runs(self, *, limit: int = 50, offset: int = 0) -> list[AsyncRun]:
        """All runs, the latest first."""
        return [AsyncRun(self, info) for info in await self.call(wire.runs("", limit, offset))]

    async def explain(self, purl: str, sandbox: str = "") -> dict[str, Any]:
        """What the policy says of a package."""
        return await self.call(wire.explain(purl, sandbox))

    async def metrics(self) -> dict[str, Any]:
        """Counts of what is and was."""
        return await self.call(wire.metrics())

    async def health(self) -> dict[str, Any]:
        """Whether the server is well; asks for no token."""
        return await self.call(wire.health())

    async def call(self, call: Call[T]) -> T:
        """Send a request, and read its answer."""
        check_owner(self._place, os.getuid())
        try:
            answer = await self._http.send(self._request(call))
        except httpx.HTTPError as error:
            raise failure(self._place, error) from error
        if problem := wire.problem(answer):
            raise problem
        return call.read(answer)

    async def listen(self, call: Call[None], after: int = 0) -> AsyncGenerator[Event, None]:
        """Send a request, and hear the events that answer it, to the last."""
        check_owner(self._place, os.getuid())
        decoder = Decoder(after)
        try:
            answer = await self._http.send(self._request(call), stream=True)
            try:
                if not answer.is_success:
                    await answer.aread()
                    raise wire.problem(answer) or bad_answer("no events")
                async for data in answer.aiter_raw():
                    for event in decoder.feed(data):
                        yield event
                        if event.name == "done":
                            return
            finally:
                await answer.aclose()
        except httpx.HTTPError as error:
            raise failure(self._place, error) from error
        raise broken("the events ended early")

    def _request(self, call: Call[Any]) -> httpx.Request:
        return self._http.build_request(
            call.method,
            call.path,
            params=call.query,
            headers=call.headers,
            content=call.body,
            timeout=httpx.Timeout(wire.USUAL, read=call.patience, pool=None),
        )


class AsyncSandbox:
    """A sandbox of a server. `info` is what was last told of it."""

    def __init__(self, client: AsyncClient, info: SandboxInfo) -> None:
        self._client, self.info, self.id = client, info, info.id

    def __repr__(self) -> str:
        return f"<AsyncSandbox {self.id}>"

    async def __aenter__(self) -> AsyncSandbox:
        return self

    async def __aexit__(self, kind: object = None, *_: object) -> None:
        try:
            await self.delete()
        except JhansiError as error:
            if error.status != 404 and kind is None:  # it may be gone already, and what went wrong first is told
                raise

    async def run(self, filename: str, *args: str, **options: Unpack[Options]) -> Outcome:
        """Run a file to its end, with the packages it needs."""
        return await self._client.call(wire.execute(self.id, wire.body_of(filename, args, options)))

    async def command(self, command: str | Sequence[str], **options: Unpack[Options]) -> Outcome:
        """Run a line of shell, or a command in words, to its end."""
        return await self._client.call(wire.execute(self.id, wire.body_of("", (), options, command)))

    async def test(self, *args: str, **options: Unpack[Options]) -> Outcome:
        """Run the tests that are there, to their end."""
        return await self._client.call(wire.execute(self.id, wire.body_of("", args, options, test=True)))

    def stream(
        self,
        filename: str = "",
        *args: str,
        command: str | Sequence[str] = "",
        test: bool = False,
        **options: Unpack[Options],
    ) -> AsyncGenerator[Event, None]:
        """Run, and hear what happens as it happens. It is cancelled when the iterator is closed before its end."""
        return self._client.listen(wire.stream(self.id, wire.body_of(filename, args, options, command, test)))

    async def start(
        self,
        filename: str = "",
        *args: str,
        command: str | Sequence[str] = "",
        test: bool = False,
        **options: Unpack[Options],
    ) -> AsyncRun:
        """Run, and do not wait: it goes on whoever listens."""
        given = wire.body_of(filename, args, options, command, test)
        return AsyncRun(self._client, await self._client.call(wire.start(self.id, given)))

    async def write(self, path: str, data: str | bytes, *, executable: bool = False) -> None:
        """Write a file, whole or not at all."""
        await self._client.call(wire.write(self.id, path, data, executable))

    async def upload(self, archive: bytes | str | os.PathLike[str]) -> list[str]:
        """Unpack an archive (zip or tar; a path or its bytes), all or nothing; the paths that came."""
        return await self._client.call(await asyncio.to_thread(wire.upload, self.id, archive))

    async def read(self, path: str) -> bytes:
        """The bytes of a file."""
        return await self._client.call(wire.read(self.id, path))

    async def files(self, path: str = "", *, deep: bool = False) -> list[Entry]:
        """What is in a folder; with `deep` all that is below."""
        return await self._client.call(wire.files(self.id, path, deep))

    async def remove(self, path: str) -> None:
        """Remove a file, or a folder with all that is in it."""
        await self._client.call(wire.remove(self.id, path))

    async def fork(self, *, wait: bool = False) -> AsyncSandbox:
        """A new sandbox with a copy of the files."""
        return AsyncSandbox(self._client, await self._client.call(wire.fork(self.id, wait)))

    async def snapshot(self, name: str, *, wait: bool = False) -> Snapshot:
        """Keep a copy of the files under a name."""
        return await self._client.call(wire.snapshot(self.id, name, wait))

    async def snapshots(self) -> list[Snapshot]:
        """What is kept, the latest first."""
        return await self._client.call(wire.snapshots(self.id))

    async def restore(self, name: str, *, wait: bool = False) -> None:
        """Make the files what they were in a snapshot."""
        self.info = await self._client.call(wire.restore(self.id, name, wait))

    async def drop_snapshot(self, name: str) -> None:
        """Remove a snapshot."""
        await self._client.call(wire.drop_snapshot(self.id, name))

    async def runs(self, *, limit: int = 50, offset: int = 0) -> list[AsyncRun]:
        """What ran here, the latest first."""
        return [AsyncRun(self._client, info) for info in await self._client.call(wire.runs(self.id, limit, offset))]

    async def refresh(self) -> SandboxInfo:
        """Ask for its state anew."""
        self.info = await self._client.call(wire.sandbox(self.id))
        return self.info

    async def delete(self) -> None:
        """End what runs here, and remove it."""
        await self._client.call(wire.delete(self.id))


class AsyncRun:
    """A run. `info` is what was last told of it."""

    def __init__(self, client: AsyncClient, info: RunInfo) -> None:
        self._client, self.info, self.id = client, info, info.id

    def __repr__(self) -> str:
        return f"<AsyncRun {self.id}>"

    async def refresh(self) -> RunInfo:
        """Ask for its state anew, with its outcome."""
        self.info = await self._client.call(wire.run(self.id))
        return self.info

    async def cancel(self) -> RunInfo:
        """End it; of one that has ended nothing changes."""
        self.info = await self._client.call(wire.cancel(self.id))
        return self.info

    async def events(self, after: int = 0) -> AsyncGenerator[Event, None]:
        """The events with a number above `after`, past and to come; resumed once when they break off."""
        for again in (True, False):
            try:
                async with aclosing(self._client.listen(wire.events(self.id, after), after)) as heard:
                    async for event in heard:
                        after = event.number
                        yield event
                return
            except JhansiError as error:
                if error.code != "connection_lost" or not again:
                    raise

    async def wait(self) -> Outcome:
        """How it went, when it has ended."""
        async with aclosing(self.events()) as heard:
            async for event in heard:
                if outcome := event.outcome:
                    return outcome
        raise broken("there was no outcome")

    async def log(self, stream: str = "") -> str:
        """What it wrote: to stdout, to stderr, or both in their order."""
        return await self._client.call(wire.log(self.id, stream))

    async def sbom(self) -> dict[str, Any]:
        """What it had installed, as a CycloneDX document."""
        return await self._client.call(wire.sbom(self.id))
