"""The runs that the service serves, and how a request finds its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from jhansi_runner.proxy.ledger import DENY, Entry, Ledger
from jhansi_runner.proxy.mirror.answer import RUN_HEADER, Answer, Asker, Request, problem
from jhansi_runner.proxy.mirror.engine import Mirror
from jhansi_runner.proxy.policy.decide import PolicySet
from jhansi_runner.proxy.policy.load import load
from jhansi_runner.proxy.policy.sources import Source
from jhansi_runner.proxy.registries.upstreams import Upstream, upstream
from jhansi_runner.proxy.service.messages import Registration
from jhansi_runner.proxy.service.recorder import Recorder

NO_RUN = "JR-NO-RUN"


@dataclass(frozen=True, slots=True)
class Run:
    """A registered run: for whom requests are decided, and where its packages come from."""

    asker: Asker
    upstreams: Mapping[str, Upstream]


@lru_cache(maxsize=16)
def _policy(files: tuple[tuple[str, str, str], ...]) -> PolicySet:
    return load(tuple(Source(name, text.encode("utf-8", "surrogateescape"), role) for name, text, role in files))


def upstreams_of(policy: PolicySet) -> dict[str, Upstream]:
    """The upstream of every registry that a policy lets out. Raises UpstreamError."""
    return {
        one.type: upstream(one.type, one.upstream, one.files, cached_only=one.fetch != "any")
        for one in policy.registries
    }


def open_run(registration: Registration) -> Run:
    """Make a run from its registration. Raises PolicyError, UpstreamError."""
    policy = _policy(registration.policy)
    asker = Asker(
        policy,
        run=registration.run,
        sandbox=registration.sandbox,
        phase=registration.phase,
        offline=registration.offline,
    )
    return Run(asker, upstreams_of(policy))


class Runs:
    """Answers requests for the runs that are registered, and records every one of them."""

    def __init__(self, mirror: Mirror, ledger: Ledger) -> None:
        self._mirror, self._recorder = mirror, Recorder(ledger, mirror.phrased)
        self._runs: dict[str, Run] = {}

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
        who = self._of(run, Entry("mirror", "", "", ""))
        return await self._recorder.served(request, who, lambda: self._answer(request, run))

    def refused_at_gate(self, run: str, method: str, url: str, code: str, reason: str) -> None:
        """Record what the gate refused; it stays refused when that fails."""
        entry = Entry("gate", DENY, method, url, run=run, code=code, reason=reason, status=403)
        self._recorder.record(self._of(self._runs.get(run), entry))

    def record(self, entry: Entry) -> None:
        """Record what belongs to no run."""
        self._recorder.record(entry)

    @staticmethod
    def _of(run: Run | None, entry: Entry) -> Entry:
        if run is None:
            return entry
        return replace(entry, run=run.asker.run, sandbox=run.asker.sandbox, phase=run.asker.phase)

    async def _answer(self, request: Request, run: Run | None) -> Answer:
        if run is None:
            return problem(403, NO_RUN, "no run of this name is registered")
        if request.method not in ("GET", "HEAD"):
            words = f"{request.method} is refused: registries can only be read"
            return self._mirror.phrased(request, problem(403, "JR-GATE-METHOD", words))
        return await self._mirror.answer(request, run.asker, run.upstreams)
