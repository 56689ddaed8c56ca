"""A package index like PyPI's on loopback, which can be told to misbehave."""

from __future__ import annotations

import datetime
import hashlib
import threading
from collections.abc import Callable, Mapping
from typing import Self

from support.registry.artifact import BuiltFile, virtual_file
from support.registry.faults import Fault
from support.registry.pages import Dialect, Listing
from support.registry.reply import Reply, Request
from support.registry.routes import Site, route
from support.registry.server import HOST, LoopbackServer, ReplyHandler
from support.registry.tls import Authority

LONG_AGO = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
Where = str | Callable[[Request], bool]


def _matches(where: Where, request: Request) -> bool:
    return where(request) if callable(where) else where == request.path


class Upstream:
    """Serves what was added, from `with` to its end, on one port or, with `split_files`, on two.

    `authority` makes it speak https. `host` and `files_host` are names that the URLs carry instead of
    127.0.0.1 and the port; clients reach them through a proxy only. Every request that arrives is in
    `requests`, faulty ones too.
    """

    def __init__(
        self,
        *,
        split_files: bool = False,
        authority: Authority | None = None,
        host: str | None = None,
        files_host: str | None = None,
        dialect: Dialect | None = None,
    ) -> None:
        """ValueError for relative URLs to files on another server."""
        if dialect and dialect.relative_urls and (split_files or files_host):
            raise ValueError("relative URLs cannot lead to another server")
        self.dialect = dialect or Dialect()
        self.requests: list[Request] = []
        self._split = split_files or files_host is not None
        self._hosts = (host, files_host if self._split else host)
        self._ports = [0, 0]
        self._scheme = "https" if authority else "http"
        names = [name for name in (HOST, host, files_host) if name]
        self._tls = authority.server_context(*names) if authority else None
        self._servers: list[LoopbackServer] = []
        self._errors: list[Exception] = []
        self._listings: dict[str, Listing] = {}
        self._faults: list[tuple[Where, Fault, list[int]]] = []
        self._guard = threading.Lock()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        if self._errors:
            raise ExceptionGroup("the test upstream is broken", self._errors)

    def start(self) -> None:
        """Listens; after `stop`, on the same ports again."""
        for index in range(2 if self._split else 1):
            server = LoopbackServer(_handler(self, files=index == 1), self._ports[index], self._tls)
            self._ports[index] = server.server_port
            server.errors = self._errors
            self._servers.append(server)
            server.start()

    def stop(self) -> None:
        """Goes away as if killed: open connections break. Does nothing where it is stopped."""
        for server in self._servers:
            server.stop()
        self._servers.clear()
        for (
            _,
            fault,
            _,
        ) in self._faults:  # after the connections broke, or a hanging answer would still arrive
            fault.release.set()

    @property
    def port(self) -> int:
        """Port of the index on 127.0.0.1."""
        return self._ports[0]

    @property
    def files_port(self) -> int:
        """Port of the files on 127.0.0.1."""
        return self._ports[1 if self._split else 0]

    @property
    def url(self) -> str:
        """Address of the index, for `--index-url`."""
        return self._base(0) + "/simple/"

    @property
    def files_url(self) -> str:
        """Address under which files lie, without a slash at the end."""
        return self._base(1)

    def _base(self, index: int) -> str:
        name = self._hosts[index]
        return f"{self._scheme}://{name or f'{HOST}:{self._ports[index if self._split else 0]}'}"

    def add(
        self,
        file: BuiltFile,
        *,
        upload_time: datetime.datetime | str | None = LONG_AGO,
        yanked: str | bool = False,
        core_metadata: bool = True,
        metadata_hashes: bool = True,
        hashes: Mapping[str, str] | None = None,
    ) -> Listing:
        """Lists and serves a file; one of the same name is replaced. The answer knows its paths.

        `upload_time` None leaves the date out, a string is taken as it is. `hashes` replaces what the index
        says, `{}` for nothing. Without `core_metadata` there is neither a mark nor a `.metadata`; without
        `metadata_hashes` the mark is a bare true.
        """
        if isinstance(upload_time, datetime.datetime):
            upload_time = upload_time.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        mark: Mapping[str, str] | bool | None = None
        if core_metadata and file.metadata and file.filename.endswith(".whl"):
            mark = {"sha256": hashlib.sha256(file.metadata).hexdigest()} if metadata_hashes else True
        reason = {True: "", False: None}[yanked] if isinstance(yanked, bool) else yanked
        listed = {"sha256": file.sha256} if hashes is None else hashes
        listing = Listing(file, listed, upload_time, reason, mark)
        with self._guard:
            self._listings[file.filename] = listing
        return listing

    def add_virtual(self, filename: str, size: int, seed: int = 0) -> Listing:
        """Lists a file of `size` seeded random bytes that is never held in memory."""
        return self.add(virtual_file(filename, size, seed))

    def remove(self, filename: str) -> None:
        """The file disappears from the index and from its place. KeyError if it is not there."""
        with self._guard:
            del self._listings[filename]

    def file_url(self, listing: Listing) -> str:
        """Absolute address of a file."""
        return self.files_url + listing.path

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

    def answer(self, request: Request, *, files: bool) -> Reply:
        """Records the request and answers it, with the fault that is due."""
        with self._guard:
            self.requests.append(request)
            fault = self._due(request)
            listings = list(self._listings.values())
        request = fault.on_request(request) if fault else request
        site = Site(not files, files or not self._split, self.files_url, self.dialect)
        reply = route(request, listings, site)
        return fault.on_reply(reply) if fault else reply

    def _due(self, request: Request) -> Fault | None:
        for where, fault, left in reversed(self._faults):
            if left[0] and _matches(where, request):
                left[0] -= 1
                return fault
        return None


def _handler(upstream: Upstream, *, files: bool) -> type[ReplyHandler]:
    class Handler(ReplyHandler):
        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.send(upstream.answer(Request(self.command, self.path, headers), files=files))
            if self.command not in {"GET", "HEAD"}:
                self.close_connection = True  # the body of the request was not read

        do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_GET

    return Handler
