"""The client for programs that wait."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
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


class Client:
    """A server: at `url`, else where `JHANSI_URL` says, else the user's own. Raises JhansiError, as all its methods do.

    `url` is http(s)://HOST:PORT or unix:///PATH; `token` is by default that of `JHANSI_TOKEN`.
    """

    def __init__(self, url: str = "", token: str = "") -> None:
        self._place = find(url, token, os.environ, os.getuid())
        given = settings(self._place)
        socket = self._place.socket
        transport = httpx.HTTPTransport(uds=socket, limits=given["limits"]) if socket else None
        self._http = httpx.Client(**given, transport=transport)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connections."""
        self._http.close()

    def create(
        self,
        language: str = "",
        *,
        ttl: float | None = None,
        limits: Mapping[str, str] | None = None,
        policy: str | Mapping[str, Any] = "",
        agent: str = "",
        created_by: str = "",
    ) -> Sandbox:
        """A new sandbox, which goes at the end of a `with`. `ttl` is in seconds without use; `policy` only narrows."""
        given = {"language": language, "ttl": ttl, "limits": limits, "policy": policy}
        return Sandbox(self, self.call(wire.create({**given, "agent": agent, "created_by": created_by})))

    def sandbox(self, name: str) -> Sandbox:
        """A sandbox that is there, by its id."""
        return Sandbox(self, self.call(wire.sandbox(name)))

    def sandboxes(self, *, active: bool = True, limit: int = 50, offset: int = 0) -> list[Sandbox]:
        """The latest first; deleted ones too unless `active`."""
        return [Sandbox(self, info) for info in self.call(wire.sandboxes(active, limit, offset))]

    def run(self, name: str) -> Run:
        """A run, by its id."""
        return Run(self, self.call(wire.run(name)))

    def runs(self, *, limit: int = 50, offset: int = 0) -> list[Run]:
        """All runs, the latest first."""
        return [Run(self, info) for info in self.call(wire.runs("", limit, offset))]

    def explain(self, purl: str, sandbox: str = "") -> dict[str, Any]:
        """What the policy says of a package."""
        return self.call(wire.explain(purl, sandbox))

    def metrics(self) -> dict[str, Any]:
        """Counts of what is and was."""
        return self.call(wire.metrics())

    def health(self) -> dict[str, Any]:
        """Whether the server is well; asks for no token."""
        return self.call(wire.health())

    def call(self, call: Call[T]) -> T:
        """Send a request, and read its answer."""
        check_owner(self._place, os.getuid())
        try:
            answer = self._http.send(self._request(call))
        except httpx.HTTPError as error:
            raise failure(self._place, error) from error
        if problem := wire.problem(answer):
            raise problem
        return call.read(answer)

    def listen(self, call: Call[None], after: int = 0) -> Iterator[Event]:
        """Send a request, and hear the events that answer it, to the last."""
        check_owner(self._place, os.getuid())
        decoder = Decoder(after)
        try:
            answer = self._http.send(self._request(call), stream=True)
            try:
                if not answer.is_success:
                    answer.read()
                    raise wire.problem(answer) or bad_answer("no events")
                for data in answer.iter_raw():
                    for event in decoder.feed(data):
                        yield event
                        if event.name == "done":
                            return
            finally:
                answer.close()
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


class Sandbox:
    """A sandbox of a server. `info` is what was last told of it."""

    def __init__(self, client: Client, info: SandboxInfo) -> None:
        self._client, self.info, self.id = client, info, info.id

    def __repr__(self) -> str:
        return f"<Sandbox {self.id}>"

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, kind: object = None, *_: object) -> None:
        try:
            self.delete()
        except JhansiError as error:
            if error.status != 404 and kind is None:  # it may be gone already, and what went wrong first is told
                raise

    def run(self, filename: str, *args: str, **options: Unpack[Options]) -> Outcome:
        """Run a file to its end, with the packages it needs."""
        return self._client.call(wire.execute(self.id, wire.body_of(filename, args, options)))

    def command(self, command: str | Sequence[str], **options: Unpack[Options]) -> Outcome:
        """Run a line of shell, or a command in words, to its end."""
        return self._client.call(wire.execute(self.id, wire.body_of("", (), options, command)))

    def test(self, *args: str, **options: Unpack[Options]) -> Outcome:
        """Run the tests that are there, to their end."""
        return self._client.call(wire.execute(self.id, wire.body_of("", args, options, test=True)))

    def stream(
        self,
        filename: str = "",
        *args: str,
        command: str | Sequence[str] = "",
        test: bool = False,
        **options: Unpack[Options],
    ) -> Iterator[Event]:
        """Run, and hear what happens as it happens. It is cancelled when the iterator is closed before its end."""
        return self._client.listen(wire.stream(self.id, wire.body_of(filename, args, options, command, test)))

    def start(
        self,
        filename: str = "",
        *args: str,
        command: str | Sequence[str] = "",
        test: bool = False,
        **options: Unpack[Options],
    ) -> Run:
        """Run, and do not wait: it goes on whoever listens."""
        given = wire.body_of(filename, args, options, command, test)
        return Run(self._client, self._client.call(wire.start(self.id, given)))

    def write(self, path: str, data: str | bytes, *, executable: bool = False) -> None:
        """Write a file, whole or not at all."""
        self._client.call(wire.write(self.id, path, data, executable))

    def upload(self, archive: bytes | str | os.PathLike[str]) -> list[str]:
        """Unpack an archive (zip or tar; a path or its bytes), all or nothing; the paths that came."""
        return self._client.call(wire.upload(self.id, archive))

    def read(self, path: str) -> bytes:
        """The bytes of a file."""
        return self._client.call(wire.read(self.id, path))

    def files(self, path: str = "", *, deep: bool = False) -> list[Entry]:
        """What is in a folder; with `deep` all that is below."""
        return self._client.call(wire.files(self.id, path, deep))

    def remove(self, path: str) -> None:
        """Remove a file, or a folder with all that is in it."""
        self._client.call(wire.remove(self.id, path))

    def fork(self, *, wait: bool = False) -> Sandbox:
        """A new sandbox with a copy of the files."""
        return Sandbox(self._client, self._client.call(wire.fork(self.id, wait)))

    def snapshot(self, name: str, *, wait: bool = False) -> Snapshot:
        """Keep a copy of the files under a name."""
        return self._client.call(wire.snapshot(self.id, name, wait))

    def snapshots(self) -> list[Snapshot]:
        """What is kept, the latest first."""
        return self._client.call(wire.snapshots(self.id))

    def restore(self, name: str, *, wait: bool = False) -> None:
        """Make the files what they were in a snapshot."""
        self.info = self._client.call(wire.restore(self.id, name, wait))

    def drop_snapshot(self, name: str) -> None:
        """Remove a snapshot."""
        self._client.call(wire.drop_snapshot(self.id, name))

    def runs(self, *, limit: int = 50, offset: int = 0) -> list[Run]:
        """What ran here, the latest first."""
        return [Run(self._client, info) for info in self._client.call(wire.runs(self.id, limit, offset))]

    def refresh(self) -> SandboxInfo:
        """Ask for its state anew."""
        self.info = self._client.call(wire.sandbox(self.id))
        return self.info

    def delete(self) -> None:
        """End what runs here, and remove it."""
        self._client.call(wire.delete(self.id))


class Run:
    """A run. `info` is what was last told of it."""

    def __init__(self, client: Client, info: RunInfo) -> None:
        self._client, self.info, self.id = client, info, info.id

    def __repr__(self) -> str:
        return f"<Run {self.id}>"

    def refresh(self) -> RunInfo:
        """Ask for its state anew, with its outcome."""
        self.info = self._client.call(wire.run(self.id))
        return self.info

    def cancel(self) -> RunInfo:
        """End it; of one that has ended nothing changes."""
        self.info = self._client.call(wire.cancel(self.id))
        return self.info

    def events(self, after: int = 0) -> Iterator[Event]:
        """The events with a number above `after`, past and to come; resumed once when they break off."""
        for again in (True, False):
            try:
                for event in self._client.listen(wire.events(self.id, after), after):
                    after = event.number
                    yield event
                return
            except JhansiError as error:
                if error.code != "connection_lost" or not again:
                    raise

    def wait(self) -> Outcome:
        """How it went, when it has ended."""
        for event in self.events():
            if outcome := event.outcome:
                return outcome
        raise broken("there was no outcome")

    def log(self, stream: str = "") -> str:
        """What it wrote: to stdout, to stderr, or both in their order."""
        return self._client.call(wire.log(self.id, stream))

    def sbom(self) -> dict[str, Any]:
        """What it had installed, as a CycloneDX document."""
        return self._client.call(wire.sbom(self.id))
