"""Fetches exact releases into the cache, many at once, through the mirror in this process. Source: ADR 0015."""

from __future__ import annotations

import asyncio
import math
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Protocol

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.coordinate import GOLANG, MAVEN, NPM, PYPI
from jhansi_runner.proxy.mirror.engine import DENY_REGISTRY
from jhansi_runner.proxy.policy.decide import PolicySet
from jhansi_runner.proxy.policy.sizes import size_text
from jhansi_runner.proxy.registries.interface import Malformed, NothingThere
from jhansi_runner.proxy.registries.upstreams import UpstreamFailure
from jhansi_runner.runner.console import counted
from jhansi_runner.runner.warm import of_golang, of_maven, of_npm, of_pypi
from jhansi_runner.runner.warm.asking import Asking, asking
from jhansi_runner.runner.warm.of_golang import Sumdb
from jhansi_runner.runner.warm.report import CAME, FAILED, MISSING, REFUSED, Outcome, Report, Tally
from jhansi_runner.runner.warm.targets import Target
from jhansi_runner.runner.warm.wants import Exact

_AT_ONCE = 16
_TICK_SECONDS = 1.0
_OF = {PYPI: of_pypi.warm, NPM: of_npm.warm, MAVEN: of_maven.warm}


class Watch(Protocol):
    """Whoever looks on."""

    def add(self, what: str, size: int) -> None:
        """A file came, of so many bytes."""

    def done(self) -> None:
        """One of the releases is dealt with, however it ended."""

    def tick(self) -> None:
        """About a second has passed."""


class _Nobody:
    def add(self, what: str, size: int) -> None:
        """Nobody looks on."""

    def done(self) -> None:
        """Nobody looks on."""

    def tick(self) -> None:
        """Nobody looks on."""


class Interrupted(KeyboardInterrupt):
    """Somebody ended a warming. What came until then, which `report` tells, is whole and stays."""

    def __init__(self, report: Report) -> None:
        super().__init__()
        self.report = report


def fetch(
    exacts: Sequence[Exact],
    targets: Sequence[Target],
    policy: PolicySet,
    folders: paths.Paths,
    *,
    offline: bool = False,
    dry: bool = False,
    since: float = math.inf,
    watch: Watch | None = None,
) -> Report:
    """Have releases in the cache, for all targets. What fails is told at the end, and hinders nothing else.

    What came after `since`, in seconds since the epoch, counts as come, whatever it is: tools were run for it.
    With `offline` nothing is fetched, only looked for; with `dry` only listings are. Raises Interrupted, and what
    `asking` raises.
    """
    watch = watch or _Nobody()
    tally = Tally(watch.add)
    try:
        asyncio.run(_fetch(exacts, targets, policy, folders, tally, watch, offline=offline, dry=dry, since=since))
    except KeyboardInterrupt:
        raise Interrupted(tally.report()) from None
    return tally.report()


async def _fetch(
    exacts: Sequence[Exact],
    targets: Sequence[Target],
    policy: PolicySet,
    folders: paths.Paths,
    tally: Tally,
    watch: Watch,
    *,
    offline: bool,
    dry: bool,
    since: float,
) -> None:
    async with asking(policy, folders, offline=offline, dry=dry, since=since) as ask:
        sumdb, left = Sumdb(ask), iter(exacts)
        clock = asyncio.create_task(_ticking(watch))
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(_AT_ONCE, len(exacts))):
                    group.create_task(_some(left, targets, ask, tally, sumdb, watch))
            await sumdb.prove(tally)
            fetched = list(ask.came())
            for path, size in fetched:
                tally.file(path, Outcome(CAME, size))
            if dry and fetched:
                total = size_text(sum(size for _, size in fetched))
                tally.note(f"finding out what is needed fetched {counted(len(fetched), 'file')} already, {total}")
        finally:
            clock.cancel()


async def _some(
    left: Iterator[Exact], targets: Sequence[Target], ask: Asking, tally: Tally, sumdb: Sumdb, watch: Watch
) -> None:
    """Take one want after another, until none is left."""
    for exact in left:
        purl = exact.coordinate.purl
        try:
            await _one(exact, exact.targets or targets, ask, tally, sumdb)
        except UpstreamFailure as failure:
            tally.bad(Outcome(MISSING if failure.status == 404 else FAILED, reason=str(failure)), purl, exact.where)
        except NothingThere as failure:
            tally.bad(Outcome(MISSING, reason=str(failure)), purl, exact.where)
        except (OSError, sqlite3.Error) as failure:  # of the cache's own: the next may fit
            tally.bad(Outcome(FAILED, reason=f"the cache cannot keep it: {failure}"), purl, exact.where)
        except Malformed as failure:
            tally.bad(Outcome(FAILED, reason=f"upstream's {failure}"), purl, exact.where)
        watch.done()


async def _one(exact: Exact, targets: Sequence[Target], ask: Asking, tally: Tally, sumdb: Sumdb) -> None:
    type_ = exact.coordinate.type
    if ask.upstream(type_) is None:
        words = f"the registry {type_} is not enabled by the policy"
        tally.bad(Outcome(REFUSED, 0, DENY_REGISTRY, reason=words), exact.coordinate.purl, exact.where)
    elif type_ == GOLANG:
        await of_golang.warm(exact, targets, ask, tally, sumdb)
    else:
        await _OF[type_](exact, targets, ask, tally)


async def _ticking(watch: Watch) -> None:
    while True:
        await asyncio.sleep(_TICK_SECONDS)
        watch.tick()
