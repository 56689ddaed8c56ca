"""The runs that the service serves, and how a request finds its own."""

from __future__ import annotations

import asyncio
import contextlib
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from jhansi_runner.proxy.ledger import ALLOW, DENY, FAULT, Entry, Ledger
from jhansi_runner.proxy.mirror.answer import RUN_HEADER, Answer, Asker, Request, problem
from jhansi_runner.proxy.mirror.download import Download
from jhansi_runner.proxy.mirror.pypi import UPSTREAM, PypiMirror
from jhansi_runner.proxy.mirror.upstream_client import UpstreamFailure
from jhansi_runner.proxy.policy.decide import PolicySet
from jhansi_runner.proxy.policy.load import load
from jhansi_runner.proxy.policy.sources import Source
from jhansi_runner.proxy.registries.upstreams import Upstream, upstream
from jhansi_runner.proxy.service.messages import Registration

NO_RUN = "JR-NO-RUN"
FAULTY = "JR-FAULT"
UNRECORDED = "JR-LEDGER"


@dataclass(frozen=True, slots=True)
class Run:
    """A registered run: for whom requests are decided, and where its packages come from."""

    asker: Asker
    upstreams: Mapping[str, Upstream]


def _log_trace() -> None:
    with contextlib.suppress(OSError):  # the log may lie on the disk that is full
        traceback.print_exc()


@lru_cache(maxsize=16)
def _policy(files: tuple[tuple[str, str, str], ...]) -> PolicySet:
    return load(tuple(Source(name, text.encode("utf-8", "surrogateescape"), role) for name, text, role in files))


def upstreams_of(policy: PolicySet) -> dict[str, Upstream]:
    """The upstream of every registry that a policy lets out. Raises UpstreamError."""
    return {one.type: upstream(one.type, one.upstream, one.files) for one in policy.registries}


def open_run(registration: Registration) -> Run:
    """Make a run from its registration. Raises PolicyError, UpstreamError."""
    policy = _policy(registration.policy)
    asker = Asker(
        policy,
        run=registration.run,
        sandbox=registration.sandbox,
        phase=registration.phase,
        offline=registration.offline,
        canonical=True,
    )
    return Run(asker, upstreams_of(policy))


class Runs:
    """Answers requests for the runs that are registered, and records every one of them."""

    def __init__(self, pypi: PypiMirror, ledger: Ledger) -> None:
        self._pypi, self._ledger = pypi, ledger
        self._runs: dict[str, Run] = {}
        self._watchers: set[asyncio.Task[None]] = set()

    def add(self, run: Run) -> None:
        """Serve a run from now on."""
        self._runs[run.asker.run] = run

    def remove(self, name: str) -> None:
        """Serve a run no more."""
        self._runs.pop(name, None)

    def __len__(self) -> int:
        """How many runs there are."""
        return len(self._runs)

    async def handle(self, request: Request) -> Answer:
        """Answer one request of the gate's. Nothing is served that cannot be recorded: then the answer is 507."""
        run = self._runs.get(request.header(RUN_HEADER))
        try:
            answer = await self._answer(request, run)
        except Exception as error:
            _log_trace()
            answer = problem(500, FAULTY, f"the proxy failed ({type(error).__name__}); its log says more")
        verdict = DENY if answer.status == 403 else FAULT if answer.status >= 400 and answer.status != 416 else ALLOW
        entry = Entry(
            plane="mirror",
            verdict=verdict,
            method=request.method,
            url=request.path,
            purl=answer.purl,
            code=answer.code,
            reason=answer.reason,
            rule=answer.rule,
            status=answer.status,
            size=0 if request.method == "HEAD" else answer.size,
            cache=answer.cache,
        )
        failure = self._recorded(self._of(run, entry))
        if failure:
            return problem(507, UNRECORDED, failure, purl=answer.purl)
        if answer.download is not None:
            watcher = asyncio.create_task(self._watch(answer.download, self._of(run, entry)))
            self._watchers.add(watcher)
            watcher.add_done_callback(self._watchers.discard)
        return answer

    async def _watch(self, download: Download, entry: Entry) -> None:
        """Record that a file broke off of which the client has a part: there is nobody else to say why."""
        try:
            await download.finished()
        except UpstreamFailure as failure:
            fault = replace(entry, verdict=FAULT, status=failure.status, code=UPSTREAM, reason=str(failure), size=0)
            self._recorded(fault)

    def refused_at_gate(self, run: str, method: str, url: str, code: str, reason: str) -> None:
        """Record what the gate refused; it stays refused when that fails."""
        entry = Entry("gate", DENY, method, url, run=run, code=code, reason=reason, status=403)
        self._recorded(self._of(self._runs.get(run), entry))

    def _recorded(self, entry: Entry) -> str:
        """Record an entry; "" or, when it cannot be written, why not and what next."""
        try:
            self._ledger.record(entry)
        except OSError as error:
            _log_trace()
            what = f"the ledger cannot be written ({error.strerror or error}), and nothing is served unrecorded"
            return f"{what} [{UNRECORDED}]. Next: make room on its disk or let its folder be written, then try again"
        return ""

    @staticmethod
    def _of(run: Run | None, entry: Entry) -> Entry:
        if run is None:
            return entry
        return replace(entry, run=run.asker.run, sandbox=run.asker.sandbox, phase=run.asker.phase)

    async def _answer(self, request: Request, run: Run | None) -> Answer:
        if run is None:
            return problem(403, NO_RUN, "no run of this name is registered")
        if request.method not in ("GET", "HEAD"):
            return problem(403, "JR-GATE-METHOD", f"{request.method} is refused: registries can only be read")
        registry, _, rest = request.path.removeprefix("/").partition("/")
        found = run.upstreams.get(registry)
        if found is None or registry != "pypi":
            return problem(403, "JR-DENY-REGISTRY", f"the registry {registry[:40]!r} is not enabled by the policy")
        return await self._pypi.answer(replace(request, path="/" + rest), run.asker, found)
