"""A Maven repository on loopback which can be told to misbehave, and to say as little as some mirrors do."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Self

from support.jars import make_jar, make_pom
from support.registry.faults import Fault
from support.registry.maven_site import PREFIX, MavenDialect, MavenVersion, route
from support.registry.reply import Reply, Request
from support.registry.server import HOST, LoopbackServer, ReplyHandler

LONG_AGO = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
Where = str | Callable[[Request], bool]


class MavenUpstream:
    """Serves what was added, from `with` to its end. Every request that arrives is in `requests`, faulty ones too."""

    def __init__(self, dialect: MavenDialect | None = None) -> None:
        self.dialect = dialect or MavenDialect()
        self.requests: list[Request] = []
        self._errors: list[Exception] = []
        self._versions: list[MavenVersion] = []
        self._faults: list[tuple[Where, Fault, list[int]]] = []
        self._guard = threading.Lock()
        self._server: LoopbackServer | None = None
        self._port = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        if self._errors:
            raise ExceptionGroup("the test upstream is broken", self._errors)

    def start(self) -> None:
        """Listens; after `stop`, on the same port again."""
        self._server = LoopbackServer(_handler(self), self._port)
        self._port, self._server.errors = self._server.server_port, self._errors
        self._server.start()

    def stop(self) -> None:
        """Goes away as if killed: open connections break. Does nothing where it is stopped."""
        if self._server:
            self._server.stop()
            self._server = None
        for _, fault, _ in self._faults:  # after the connections broke, or a hanging answer would still arrive
            fault.release.set()

    @property
    def port(self) -> int:
        """Port on 127.0.0.1."""
        return self._port

    @property
    def url(self) -> str:
        """Address of the repository, for a policy's `upstream` or a client's settings."""
        return f"http://{HOST}:{self._port}{PREFIX}/"

    def add(
        self,
        gav: str,
        *,
        packaging: str = "jar",
        parent: str = "",
        dependencies: Iterable[str] = (),
        licences: Iterable[tuple[str, str]] = (),
        modified: datetime.datetime = LONG_AGO,
        files: Mapping[str, bytes] | None = None,
        prefix: str = "",
        listed: bool = True,
    ) -> MavenVersion:
        """Serves `group:artifact:version`; the same one is replaced. The answer knows its paths.

        `files` are further files, or other bytes for `.pom` and `.jar`, by what follows artifact and version in their
        names. `prefix` is that of a Maven plugin. Without `listed` the metadata does not know of it.
        """
        group, artifact, version = gav.split(":")
        pom = make_pom(gav, packaging=packaging, parent=parent, dependencies=dependencies, licences=licences)
        jar = {} if packaging == "pom" else {".jar": make_jar({"name.txt": gav})}
        content = {f"{artifact}-{version}{tail}": data for tail, data in {".pom": pom, **jar, **(files or {})}.items()}
        added = MavenVersion(group, artifact, version, content, modified, prefix, listed)
        with self._guard:
            self._versions = [one for one in self._versions if one.folder != added.folder] + [added]
        return added

    def remove(self, gone: MavenVersion) -> None:
        """The version disappears with all its files. ValueError if it is not there."""
        with self._guard:
            self._versions.remove(gone)

    def fault(self, where: Where, fault: Fault, times: int | None = None) -> Fault:
        """Requests for that path, or which the predicate chooses, get the fault; the first `times` if given.

        Where several match, the one that was set last applies.
        """
        with self._guard:
            self._faults.append((where, fault, [-1 if times is None else times]))
        return fault

    def heal(self) -> None:
        """Ends all faults and releases what hangs."""
        with self._guard:
            for _, fault, _ in self._faults:
                fault.release.set()
            self._faults.clear()

    def count(self, where: Where) -> int:
        """How many requests came for that path, or satisfy the predicate."""
        with self._guard:
            return sum(_matches(where, request) for request in self.requests)

    def answer(self, request: Request) -> Reply:
        """Records the request and answers it, with the fault that is due."""
        with self._guard:
            self.requests.append(request)
            fault = self._due(request)
            versions = list(self._versions)
        request = fault.on_request(request) if fault else request
        reply = route(request, versions, self.dialect)
        return fault.on_reply(reply) if fault else reply

    def _due(self, request: Request) -> Fault | None:
        for where, fault, left in reversed(self._faults):
            if left[0] and _matches(where, request):
                left[0] -= 1
                return fault
        return None


def _matches(where: Where, request: Request) -> bool:
    return where(request) if callable(where) else where == request.path


def _handler(upstream: MavenUpstream) -> type[ReplyHandler]:
    class Handler(ReplyHandler):
        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.send(upstream.answer(Request(self.command, self.path, headers)))
            if self.command not in {"GET", "HEAD"}:
                self.close_connection = True  # the body of the request was not read

        do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_GET

    return Handler
