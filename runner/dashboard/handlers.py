"""What each page needs, asked of the service, and given to its view."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence

from starlette.requests import Request
from starlette.responses import Response

from jhansi_runner.runner.api.streams import Stream
from jhansi_runner.runner.dashboard import live, views
from jhansi_runner.runner.dashboard.aside import CACHE, POLICY, Aside
from jhansi_runner.runner.dashboard.facts import CacheFacts, PolicyFacts
from jhansi_runner.runner.dashboard.guard import HEADERS
from jhansi_runner.runner.dashboard.pages import page
from jhansi_runner.runner.dashboard.rows import run_row, sandbox_row
from jhansi_runner.runner.dashboard.tail import OUT, Keeper
from jhansi_runner.runner.sandboxes.errors import SandboxError, bad_request, queue_full, refused
from jhansi_runner.runner.sandboxes.model import DONE, QUEUED, RUNNING, Caller, Entry, Run, Snapshot
from jhansi_runner.runner.sandboxes.service import Service

_EACH, _LOOKED, _SHOWN = 50, 200, 10
_STREAMS = 16
_BEAT = b": the run goes on\n\n"


class Handlers:
    """One method for each page."""

    def __init__(self, service: Service, env: Mapping[str, str], stopping: asyncio.Event) -> None:
        self._service, self._stopping = service, stopping
        self._cache, self._policy = Aside(CACHE, CacheFacts, env), Aside(POLICY, PolicyFacts, env)
        self._streams = Counter[str]()

    async def overview(self, request: Request, caller: Caller) -> Response:
        """Counts, and what is new."""
        counts = await self._service.metrics(caller)
        active = await self._service.sandboxes(caller, active=True, limit=_SHOWN)
        runs = await self._service.runs(caller, limit=_LOOKED)
        view = views.overview(counts, active, runs, time.time(), _SHOWN)
        return _page("overview.html", request, caller, view)

    async def sandboxes(self, request: Request, caller: Caller) -> Response:
        """All sandboxes, the latest first."""
        first, now = _offset(request), time.time()
        found = await self._service.sandboxes(caller, limit=_EACH + 1, offset=first)
        view = views.listing([sandbox_row(one, now) for one in found], first, _EACH)
        return _page("sandboxes.html", request, caller, view)

    async def sandbox(self, request: Request, caller: Caller) -> Response:
        """One sandbox; of one that is gone, what is known."""
        sandbox = await self._service.sandbox(caller, request.path_params["sandbox"], deleted=True)
        runs = await self._service.runs(caller, sandbox.id, limit=_EACH)
        files: Sequence[Entry] = ()
        snapshots: Sequence[Snapshot] = ()
        trouble = ""
        if sandbox.deleted_at is None:
            try:
                files = await self._service.files(caller, sandbox.id, deep=True)
                snapshots = await self._service.snapshots(caller, sandbox.id)
            except SandboxError as error:
                trouble = str(error)
        view = views.sandbox_page(sandbox, files, trouble, runs, snapshots, time.time())
        return _page("sandbox.html", request, caller, view)

    async def runs(self, request: Request, caller: Caller) -> Response:
        """All runs, the latest first."""
        first, now = _offset(request), time.time()
        found = await self._service.runs(caller, limit=_EACH + 1, offset=first)
        view = views.listing([run_row(one, now) for one in found], first, _EACH)
        return _page("runs.html", request, caller, view)

    async def run(self, request: Request, caller: Caller) -> Response:
        """One run."""
        run = await self._service.run(caller, request.path_params["run"])
        ended = run.state not in (QUEUED, RUNNING)
        if run.has_log:
            tail, number = await live.so_far(self._service.events(caller, run.id), ended=ended)
        else:
            keeper, number = Keeper(), 0
            output = run.outcome.get("output")
            keeper.put(OUT, output if isinstance(output, str) else "")
            tail = keeper.take()
        view = views.run_page(run, tail, number, time.time())
        return _page("run.html", request, caller, view)

    async def events(self, request: Request, caller: Caller) -> Response:
        """What a run prints from now on, for its page."""
        run = await self._service.run(caller, request.path_params["run"])
        after = _number(request.headers.get("last-event-id") or request.query_params.get("after", "0"))
        if self._streams[caller.name] >= _STREAMS:
            raise queue_full(f"{_STREAMS} pages show output already")

        async def ended() -> Run:
            return await self._service.finished(caller, run.id)

        async def counted() -> AsyncGenerator[bytes]:
            self._streams[caller.name] += 1
            events = self._service.events(caller, run.id, after)
            try:
                async with contextlib.aclosing(live.messages(events, after, ended)) as messages:
                    async for message in messages:
                        yield message
            finally:
                self._streams[caller.name] -= 1
                self._streams += Counter()  # forgets those that have none

        return Stream(counted(), "text/event-stream", self._stopping, HEADERS, beat=_BEAT)

    async def log(self, request: Request, caller: Caller) -> Response:
        """The whole output of a run as text."""
        run = await self._service.run(caller, request.path_params["run"])
        return Stream(self._service.log(caller, run.id), "text/plain; charset=utf-8", self._stopping, HEADERS)

    async def sbom(self, request: Request, caller: Caller) -> Response:
        """The SBOM of a run, as a file."""
        run = await self._service.run(caller, request.path_params["run"])
        if run.state != DONE:
            raise bad_request("a run has an SBOM when it has ended by itself", name="no_sbom")
        text = json.dumps(await self._service.sbom(caller, run.id), indent=2)
        name = f"{run.id}.cdx.json"
        headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
        return Response(text, 200, headers, "application/vnd.cyclonedx+json")

    async def cache(self, request: Request, caller: Caller) -> Response:
        """What is cached."""
        _only_for_all(caller)
        view, at = await self._cache.facts()
        return _page("cache.html", request, caller, view, at)

    async def policy(self, request: Request, caller: Caller) -> Response:
        """The policy in force."""
        _only_for_all(caller)
        view, at = await self._policy.facts()
        return _page("policy.html", request, caller, view, at)


def _page(template: str, request: Request, caller: Caller, view: object, at: float = 0.0) -> Response:
    return page(template, caller, {"view": view, "at": at}, signed_in=request.state.signed_in)


def _only_for_all(caller: Caller) -> None:
    if not caller.sees_all:
        raise refused("this page is about all who use the server", "sign in with a token that may see all")


def _offset(request: Request) -> int:
    return _number(request.query_params.get("offset", "0"))


def _number(text: str) -> int:
    """A number from an address. Raises SandboxError."""
    if not (text.isascii() and text.isdigit() and len(text) < 8):
        raise bad_request(f"{text[:40]!r} is no number")
    return int(text)
