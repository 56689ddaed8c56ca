"""What was refused to runs without a request: what the policy denies by its name is asked of nobody.

The ledger tells of requests, the journal of both.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from itertools import takewhile

from jhansi_runner.proxy.ledger import DENY, Entry
from jhansi_runner.proxy.paths import Paths
from jhansi_runner.runner.errors import RunnerError
from jhansi_runner.runner.evidence import dossier
from jhansi_runner.runner.evidence.runs import Run

_PLANE = "runner"
_ALL = -1


def run_of(entry: Entry) -> str:
    """The id of the run that an entry is of: a run is known to the proxy by that and the phase that it was in."""
    return entry.run.partition("-")[0]


def runs_since(folders: Paths, since: float, most: int = _ALL) -> Iterator[Run]:
    """The runs that began since then, in seconds since the epoch, the latest first; none where none is on record."""
    with contextlib.suppress(RunnerError), dossier.index(folders) as index:
        yield from takewhile(lambda run: run.began >= since, index.latest(most))


def with_runs(ledger: Iterable[Entry], runs: Iterable[Run]) -> Iterator[Entry]:
    """The entries of the ledger, and then those for refusals of runs that it does not tell of."""
    told = set[tuple[str, str, str]]()
    for entry in ledger:
        if entry.run and entry.verdict == DENY:
            told.add((run_of(entry), entry.code, entry.purl or entry.url))
        yield entry
    for run in runs:
        for one in run.refused:
            if (run.run, one.code, one.what) not in told:
                is_purl = one.what.startswith("pkg:")
                yield Entry(
                    _PLANE,
                    DENY,
                    "",
                    "" if is_purl else one.what,
                    run=run.run,
                    sandbox=run.sandbox,
                    purl=one.what if is_purl else "",
                    code=one.code,
                    rule=one.rule,
                    time=run.began + (run.milliseconds or 0) / 1000,
                    times=one.count,
                )
