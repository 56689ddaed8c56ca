"""A Go module proxy with a checksum database on loopback, which can be told to misbehave."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterable, Mapping
from typing import Self
from urllib.parse import unquote

from support.modules import LONG_AGO, BuiltModule, escaped, make_module
from support.registry.faults import Fault
from support.registry.reply import Reply, Request, text_reply
from support.registry.server import HOST, LoopbackServer, ReplyHandler
from support.registry.sumdb import SumDatabase
from support.registry.upstream import Where

_TILE = re.compile(r"tile/(\d+)/(\d+)/((?:x\d{3}/)*\d{3})(?:\.p/(\d+))?")


class GoUpstream:
    """Serves what was added, from `with` to its end. Every request that arrives is in `requests`, faulty ones too.

    `database` is the name of its checksum database, "" for none. `absent` is the status for what is not there.
    """

    def __init__(self, *, database: str = "sums.test", absent: int = 404) -> None:
        self.requests: list[Request] = []
        self.absent = absent
        self.sums = SumDatabase(database)
        self._modules: dict[tuple[str, str], BuiltModule] = {}
        self._aliases: dict[tuple[str, str], str] = {}
        self._elsewhere: set[tuple[str, str]] = set()
        self._faults: list[tuple[Where, Fault, list[int]]] = []
        self._errors: list[Exception] = []
        self._guard = threading.Lock()
        self._server = LoopbackServer(_handler(self))
        self._server.errors = self._errors

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()
        self.heal()
        if self._errors:
            raise ExceptionGroup("the test upstream is broken", self._errors)

    @property
    def url(self) -> str:
        """What GOPROXY has to be."""
        return f"http://{HOST}:{self._server.server_port}/"

    def add(
        self,
        module: str,
        version: str,
        files: Mapping[str, str | bytes] | None = None,
        requires: Iterable[tuple[str, str]] = (),
        time: str = LONG_AGO,
        *,
        cached: bool = True,
    ) -> BuiltModule:
        """Serve a version of a module, and record its checksums. One that is not `cached` would have to be fetched
        from its own host first, which a client can ask not to be done.
        """
        built = make_module(module, version, files, requires, time)
        with self._guard:
            self._modules[module, version] = built
            self.sums.add(module, version, built.sums)
            if not cached:
                self._elsewhere.add((module, version))
        return built

    def branch(self, module: str, name: str, version: str) -> None:
        """Let a branch, `latest` too, stand for a version."""
        with self._guard:
            self._aliases[module, name] = version

    def fault(self, where: Where, fault: Fault, times: int | None = None) -> Fault:
        """Requests for that path, or which the predicate chooses, get the fault; the first `times` if given."""
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
        """How many requests came for that path, with `%21` as `!`, or satisfy the predicate."""
        with self._guard:
            return sum(_matches(where, request) for request in self.requests)

    def answer(self, request: Request) -> Reply:
        """Records the request and answers it, with the fault that is due."""
        with self._guard:
            self.requests.append(request)
            fault = self._due(request)
            reply = self._route(fault.on_request(request) if fault else request)
        return fault.on_reply(reply) if fault else reply

    def _due(self, request: Request) -> Fault | None:
        for where, fault, left in reversed(self._faults):
            if left[0] and _matches(where, request):
                left[0] -= 1
                return fault
        return None

    def _route(self, request: Request) -> Reply:
        path = unquote(request.path).removeprefix("/")
        cached_only = request.headers.get("disable-module-fetch") == "true"
        if path.startswith("sumdb/"):
            return self._sumdb(path.removeprefix(f"sumdb/{self.sums.name}/"))
        at_hand = [one for one in self._modules.values() if not cached_only or _key(one) not in self._elsewhere]
        for module in {one.module: one for one in at_hand}:
            if path == f"{escaped(module)}/@latest":
                return self._info(at_hand, module, self._aliases.get((module, "latest"), ""))
            if path.startswith(f"{escaped(module)}/@v/"):
                return self._of(at_hand, module, path.removeprefix(f"{escaped(module)}/@v/"))
        return self._absent(path)

    def _of(self, at_hand: list[BuiltModule], module: str, last: str) -> Reply:
        if last == "list":
            return _sent("".join(one.version + "\n" for one in at_hand if one.module == module).encode())
        stem, _, suffix = last.rpartition(".")
        if suffix == "info":
            return self._info(at_hand, module, self._aliases.get((module, stem), stem))
        for one in at_hand:
            if (one.module, escaped(one.version)) == (module, stem):
                return _sent(one.go_mod) if suffix == "mod" else _sent(one.zip, "application/zip")
        return self._absent(last)

    def _info(self, at_hand: list[BuiltModule], module: str, version: str) -> Reply:
        for one in at_hand:
            if one.module == module and version in (one.version, escaped(one.version)):
                told = json.dumps({"Version": one.version, "Time": one.time})
                return _sent(told.encode(), "application/json")
        return self._absent(f"{module}@{version}")

    def _sumdb(self, path: str) -> Reply:
        found: bytes | None = None
        tile = _TILE.fullmatch(path)
        if path == "supported":
            found = b""
        elif path == "latest":
            found = self.sums.latest()
        elif path.startswith("lookup/"):
            found = self.sums.lookup(re.sub(r"!([a-z])", lambda match: match[1].upper(), path.removeprefix("lookup/")))
        elif tile:
            height, level, number, width = tile.groups()
            at = int(re.sub(r"\D", "", number))
            found = self.sums.tile(int(height), int(level), at, int(width or 1 << int(height)))
        return self._absent(path) if found is None else _sent(found)

    def _absent(self, what: str) -> Reply:
        return text_reply(self.absent, f"not found: {what}: unknown revision\n")


def _sent(data: bytes, content_type: str = "text/plain; charset=utf-8") -> Reply:
    return Reply(200, {"Content-Type": content_type}, [data], len(data))


def _key(built: BuiltModule) -> tuple[str, str]:
    return built.module, built.version


def _matches(where: Where, request: Request) -> bool:
    return where(request) if callable(where) else where == request.path.replace("%21", "!")


def _handler(upstream: GoUpstream) -> type[ReplyHandler]:
    class Handler(ReplyHandler):
        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.send(upstream.answer(Request(self.command, self.path, headers)))

        do_HEAD = do_GET

    return Handler
