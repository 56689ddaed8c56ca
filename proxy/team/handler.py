"""What the mirror for a team answers: the registries, a page for people, numbers for monitoring."""

from __future__ import annotations

import asyncio
import math
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import lru_cache

from jhansi_runner.proxy.ledger import Entry
from jhansi_runner.proxy.mirror.answer import Answer, Asker, Request, problem
from jhansi_runner.proxy.mirror.engine import Mirror
from jhansi_runner.proxy.service.recorder import Recorder, entry_of
from jhansi_runner.proxy.team import page
from jhansi_runner.proxy.team.access import is_known
from jhansi_runner.proxy.team.counters import CONTENT_TYPE
from jhansi_runner.proxy.team.keeper import Keeper
from jhansi_runner.proxy.team.latest import Refused
from jhansi_runner.proxy.team.refreshed import Refreshed
from jhansi_runner.proxy.team.settings import Settings
from jhansi_runner.proxy.team.strangers import Strangers
from jhansi_runner.proxy.team.tally import Tally

TOKEN = "JR-TOKEN"  # noqa: S105  # the code of a refusal
METHOD = "JR-METHOD"
HOST = "JR-HOST"
_HOST = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_ROWS = 50
_PATIENCE = 2.0
"""Seconds that a page waits for what it shows, before it shows what there is."""


class Handler:
    """Answers the requests of one worker."""

    def __init__(
        self,
        settings: Settings,
        token: str,
        keeper: Keeper,
        mirror: Mirror,
        recorder: Recorder,
        cached: Refreshed[Tally],
        refused: Refreshed[Refused],
        numbers: Callable[[], Awaitable[bytes]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings, self._token, self._keeper, self._mirror = settings, token, keeper, mirror
        self._recorder, self._cached, self._refused, self._numbers = recorder, cached, refused, numbers
        self._strangers, self._clock = Strangers(), clock

    async def handle(self, request: Request) -> Answer:
        """Answer one request."""
        if request.path == "/healthz":
            return _text("serving\n")
        if self._token and not is_known(request.header("authorization"), self._token):
            return await self._stranger(request)
        if request.method not in ("GET", "HEAD"):
            return await self._recorded(request, self._mirror.phrased(request, _read_only(request)))
        base = self._settings.public_url or _base(request)
        if not base:
            return await self._recorded(request, problem(400, HOST, "the Host header names no host"))
        if request.path == "/":
            body = await self._people(base)
            return Answer(200, page.HEADERS, body, size=len(body))
        if request.path == "/metrics":
            body = await self._numbers()
            return Answer(200, (("content-type", CONTENT_TYPE),), body, size=len(body))
        in_force = self._keeper.in_force
        asker = Asker(in_force.policy, offline=self._settings.offline, base=base)
        return await self._recorder.served(
            request, _who(request.client), lambda: self._mirror.answer(request, asker, in_force.upstreams)
        )

    async def _stranger(self, request: Request) -> Answer:
        """Ask for the token; the ledger has a line for the first of many who come without it."""
        answer = _unknown()
        entry = entry_of(request, _who(request.client), answer)
        return await self._recorded(request, answer) if self._strangers.is_first(entry, self._clock()) else answer

    def tell(self, *, last: bool = False) -> None:
        """Record how many came without the token, once a minute and at the `last`. To be called now and then."""
        for entry in self._strangers.due(math.inf if last else self._clock()):
            self._recorder.record(entry)

    async def _recorded(self, request: Request, answer: Answer) -> Answer:
        async def given() -> Answer:
            return answer

        return await self._recorder.served(request, _who(request.client), given)

    async def _people(self, base: str) -> bytes:
        """The page. Only what is worked out for all takes long; what differs by request is written at once."""
        cached, found = await asyncio.gather(self._cached.get(_PATIENCE), self._refused.get(_PATIENCE))
        refused = found or Refused()
        in_force = self._keeper.in_force
        return page.render(
            page.Page(
                base,
                in_force.policy.digest,
                [source.name for source in in_force.sources],
                self._keeper.trouble,
                cached.kept if cached else (),
                cached.recent if cached else (),
                refused.lines[:_ROWS],
                refused.failed[:_ROWS],
                counted=cached is not None,
                cut=refused.cut,
            )
        )


@lru_cache(maxsize=1024)
def _who(client: str) -> Entry:
    return Entry("mirror", "", "", "", client=client)


def _base(request: Request) -> str:
    host = request.header("host")
    return f"{request.scheme}://{host}" if _HOST.fullmatch(host) else ""


def _text(text: str) -> Answer:
    return Answer(200, (("content-type", "text/plain; charset=utf-8"),), text.encode(), size=len(text))


def _unknown() -> Answer:
    reason = "this mirror asks for a token: as a bearer, or as the password of any user name"
    answer = problem(401, TOKEN, reason)
    return replace(answer, headers=(*answer.headers, ("www-authenticate", 'Basic realm="jhansi-runner"')))


def _read_only(request: Request) -> Answer:
    what = {"PUT": "publishing is", "POST": "publishing, auditing and searching are"}.get(
        request.method, f"{request.method[:20]} is"
    )
    return problem(403, METHOD, f"{what} refused: packages can be read here, nothing else")
