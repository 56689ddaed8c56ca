"""A dashboard on loopback, over a service that has what a test gives it: hostile names, output, and outcomes."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request

from jhansi_runner.runner.dashboard.routes import routes
from jhansi_runner.runner.sandboxes import tokens
from jhansi_runner.runner.sandboxes.errors import not_found
from jhansi_runner.runner.sandboxes.model import DONE, QUEUED, RUNNING, Caller, Entry, Event, Run, Sandbox, Snapshot
from jhansi_runner.runner.sandboxes.service import Service
from jhansi_runner.runner.sandboxes.told import Metrics, Tallies

BOX, RUN = f"sb_{'0a' * 16}", f"run_{'0b' * 8}"
TOKENS = {"token-of-all": Caller("operator", True), "token-of-one": Caller("agent-7", False)}
Owned = TypeVar("Owned", Sandbox, Run)
HOSTILE = "<script>alert(1)</script>\x1b[31m\u202egnp.exe\u200b'\"&\x00\udcff"
"""What nobody should call a file, and somebody will."""


def sandbox(number: int = 0, **more: object) -> Sandbox:
    """A sandbox, its id by a number."""
    base = Sandbox(
        BOX if not number else f"sb_{number:032x}",
        *("operator", "idle", "python", 3600.0, {"memory": "1GiB"}, "", "claude", "ci"),
        *(time.time() - 600, time.time() - 60, time.time() + 3000),
    )
    return replace(base, **more)  # type: ignore[arg-type]


def run(number: int = 0, **more: object) -> Run:
    """A run that ended well, its id by a number."""
    now = time.time()
    base = Run(
        RUN if not number else f"run_{number:016x}",
        *(BOX, "operator", DONE, "file", "main.py", now - 50, now - 49.8, now - 48.2, 0),
        outcome=outcome(),
    )
    return replace(base, **more)  # type: ignore[arg-type]


def outcome(**more: object) -> dict[str, object]:
    """What `exec --json` prints of a run with two packages."""
    packages = [("requests", "2.32.3"), ("idna", "3.10")]
    memory = {"limit": 1 << 30, "set_by": "policy.yaml:60", "held_by": "control group"}
    time_limit = {"limit": 600.0, "set_by": "the service", "held_by": "runner"}
    return {
        "language": "python",
        "exit_code": 0,
        "duration_ms": 1612,
        "install_ms": 900,
        "installed": [{"name": name, "version": v, "purl": f"pkg:pypi/{name}@{v}"} for name, v in packages],
        "denied": [],
        "limits": {
            "timeout": 600.0,
            "memory": memory,
            "time": time_limit,
            "ended_by": None,
            "met": [],
            "reason": "",
            "note": "",
        },
        **more,
    }


def refusal(purl: str = "pkg:pypi/evil-pkg@1.0") -> dict[str, object]:
    """A refusal by a rule, as an outcome has it."""
    return {
        "verdict": "deny",
        "code": "JR-DENY-RULE",
        "purl": purl,
        "url": "",
        "reason": f"{purl} is denied by rule pkg:pypi/evil-* (policy.yaml:41): typosquat [JR-DENY-RULE]. "
        "Next: ask the owner of policy.yaml, or choose another package",
        "rule": "policy.yaml:41",
        "phase": "install",
        "count": 3,
    }


def output(number: int, text: str, stream: str = "stdout") -> Event:
    """An event with some output."""
    return Event(number, "output", {"event": "output", "seq": number, "stream": stream, "text": text})


@dataclass
class Shown:
    """What the service has."""

    sandboxes: list[Sandbox] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    files: list[Entry] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    bill: Mapping[str, object] = field(default_factory=dict)


class FakeService(Service):
    """A service that only tells. Whose something is counts, as it does with the real one."""

    def __init__(self, shown: Shown) -> None:
        self.shown = shown
        self.listening = 0
        self.tokens = dict(TOKENS)
        self._broken = 0

    async def caller(self, token: str) -> Caller | None:
        return self.tokens.get(token)

    async def holder(self, digest: bytes) -> Caller | None:
        return next((one for token, one in self.tokens.items() if tokens.digest(token) == digest), None)

    async def sandbox(self, caller: Caller, sandbox: str, *, deleted: bool = False) -> Sandbox:
        found = self._one(caller, self.shown.sandboxes, sandbox)
        if found.deleted_at is not None and not deleted:
            raise not_found("sandbox of this id")
        return found

    async def sandboxes(
        self, caller: Caller, *, active: bool = False, limit: int = 50, offset: int = 0
    ) -> list[Sandbox]:
        found = [one for one in self._of(caller, self.shown.sandboxes) if not active or one.deleted_at is None]
        return found[offset : offset + limit]

    async def snapshots(self, caller: Caller, sandbox: str) -> list[Snapshot]:
        await self.sandbox(caller, sandbox)
        return self.shown.snapshots

    async def files(self, caller: Caller, sandbox: str, path: str = "", *, deep: bool = False) -> list[Entry]:
        assert deep and not path
        await self.sandbox(caller, sandbox)
        return self.shown.files

    async def run(self, caller: Caller, run: str) -> Run:
        return self._one(caller, self.shown.runs, run)

    async def runs(self, caller: Caller, sandbox: str = "", *, limit: int = 50, offset: int = 0) -> list[Run]:
        found = [one for one in self._of(caller, self.shown.runs) if not sandbox or one.sandbox_id == sandbox]
        return found[offset : offset + limit]

    async def finished(self, caller: Caller, run: str) -> Run:
        while (found := await self.run(caller, run)).state == RUNNING:
            await asyncio.sleep(0.02)
        return found

    def break_off(self) -> None:
        """Break the streams off that go on, as a server does that ends."""
        self._broken += 1

    async def events(self, caller: Caller, run: str, after: int = 0) -> AsyncIterator[Event]:
        await self.run(caller, run)
        self.listening += 1
        broken = self._broken
        try:
            while True:
                if self._broken != broken:
                    raise ConnectionError("broken off")
                for event in self.shown.events[after:]:
                    after = event.number
                    yield event
                if (await self.run(caller, run)).state != RUNNING and len(self.shown.events) <= after:
                    return
                await asyncio.sleep(0.02)
        finally:
            self.listening -= 1

    async def log(self, caller: Caller, run: str, stream: str = "") -> AsyncIterator[bytes]:
        await self.run(caller, run)
        del stream
        for one in self.shown.events:
            yield str(one.data.get("text", "")).encode("utf-8", "replace")

    async def metrics(self, caller: Caller) -> Metrics:
        living = Counter(one.status for one in self._of(caller, self.shown.sandboxes) if one.deleted_at is None)
        states = Counter(one.state for one in self._of(caller, self.shown.runs))
        return Metrics("0", Tallies(), living, states[QUEUED], states[RUNNING])

    async def sbom(self, caller: Caller, run: str) -> Mapping[str, object]:
        await self.run(caller, run)
        return self.shown.bill

    def _of(self, caller: Caller, found: Sequence[Owned]) -> list[Owned]:
        return [one for one in found if caller.sees_all or one.owner == caller.name]

    def _one(self, caller: Caller, found: Sequence[Owned], wanted: str) -> Owned:
        for one in self._of(caller, found):
            if one.id == wanted:
                return one
        raise not_found(wanted)


@dataclass(frozen=True, slots=True)
class Site:
    """A running dashboard."""

    url: str
    service: FakeService


@contextlib.contextmanager
def site(shown: Shown, env: Mapping[str, str], caller: Caller | None = None) -> Iterator[Site]:
    """Serve it. `caller` is who needs no session, None for nobody."""
    service = FakeService(shown)

    async def caller_of(request: Request) -> Caller | None:
        header = request.headers.get("authorization", "")
        return TOKENS.get(header.removeprefix("Bearer ")) or caller

    app = Starlette(routes=routes(service, caller_of, env, asyncio.Event()))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield Site(f"http://127.0.0.1:{listener.getsockname()[1]}", service)
        finally:
            server.should_exit = True
            thread.join(60)
