"""Nothing is served that is not recorded: every answer passes here on its way out."""

from __future__ import annotations

import asyncio
import contextlib
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import replace

from jhansi_runner.proxy.ledger import ALLOW, DENY, FAULT, OBSERVED, Entry, Ledger
from jhansi_runner.proxy.mirror.answer import Answer, Request, problem
from jhansi_runner.proxy.mirror.download import Download
from jhansi_runner.proxy.mirror.files import UPSTREAM
from jhansi_runner.proxy.registries.upstreams import UpstreamFailure

FAULTY = "JR-FAULT"
UNRECORDED = "JR-LEDGER"
_CHARACTERS, _SENTENCE = 400, 1000
"""How much of a path or package, and of a reason, goes into the ledger: none that a client installs is longer."""


def log_trace() -> None:
    """Write the exception that is handled to the log."""
    with contextlib.suppress(OSError):  # the log may lie on the disk that is full
        traceback.print_exc()


class Recorder:
    """Writes what was asked and answered to the ledger."""

    def __init__(self, ledger: Ledger, phrase: Callable[[Request, Answer], Answer]) -> None:
        """`phrase` puts a fault of ours into the words of the registry that was asked."""
        self._ledger, self._phrase = ledger, phrase
        self._watchers: set[asyncio.Task[None]] = set()

    async def served(self, request: Request, who: Entry, answering: Callable[[], Awaitable[Answer]]) -> Answer:
        """The answer, once it is recorded; where it cannot be, the answer is 507. `who` names the run or client."""
        try:
            answer = await answering()
        except Exception as error:
            log_trace()
            words = f"the proxy failed ({type(error).__name__}); its log says more"
            answer = self._phrase(request, problem(500, FAULTY, words))
        entry = entry_of(request, who, answer, self._ledger.now())
        failure = self.record(entry)
        for decision in answer.observed:
            observed = replace(
                entry, verdict=OBSERVED, code=decision.code, reason=decision.reason, rule=decision.where, size=0
            )
            failure = failure or self.record(observed)
        if failure:
            return self._phrase(request, problem(507, UNRECORDED, failure, purl=answer.purl))
        if answer.download is not None:
            watcher = asyncio.create_task(self._watch(answer.download, entry))
            self._watchers.add(watcher)
            watcher.add_done_callback(self._watchers.discard)
        return answer

    def record(self, entry: Entry) -> str:
        """Record an entry; "" or, when it cannot be written, why not and what next."""
        try:
            self._ledger.record(entry)
        except OSError as error:
            log_trace()
            what = f"the ledger cannot be written ({error.strerror or error}), and nothing is served unrecorded"
            return f"{what} [{UNRECORDED}]. Next: make room on its disk or let its folder be written, then try again"
        return ""

    async def _watch(self, download: Download, entry: Entry) -> None:
        """Record that a file broke off of which the client has a part: there is nobody else to say why."""
        try:
            await download.finished()
        except UpstreamFailure as failure:
            why = str(failure)
            self.record(
                replace(entry, verdict=FAULT, status=failure.status, code=UPSTREAM, reason=why, size=0, time=0.0)
            )


def entry_of(request: Request, who: Entry, answer: Answer, now: float = 0.0) -> Entry:
    """The ledger's entry for an answer; `who` names the run or client, `now` is 0 for when it is recorded."""
    refused = answer.status in (401, 403, 405)
    verdict = DENY if refused else FAULT if answer.status >= 400 and answer.status != 416 else ALLOW
    return Entry(  # `replace` takes three times as long
        who.plane,
        verdict,
        request.method,
        request.path[:_CHARACTERS],
        who.run,
        who.sandbox,
        who.phase,
        answer.purl[:_CHARACTERS],
        answer.code,
        answer.reason[:_SENTENCE],
        answer.rule,
        answer.status,
        0 if request.method == "HEAD" else answer.size,
        answer.cache,
        now,
        who.client,
    )
