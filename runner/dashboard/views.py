"""What each page shows of sandboxes and runs, made from what the service told. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from jhansi_runner.proxy.policy.sizes import size_text
from jhansi_runner.runner.dashboard import outcome
from jhansi_runner.runner.dashboard.outcome import Outcome, Refusal
from jhansi_runner.runner.dashboard.rows import BAD, Badge, RunRow, SandboxRow, badge, run_row, sandbox_row
from jhansi_runner.runner.dashboard.tail import Tail
from jhansi_runner.runner.dashboard.words import lasting
from jhansi_runner.runner.sandboxes.model import QUEUED, RUNNING, Entry, Run, Sandbox, Snapshot
from jhansi_runner.runner.sandboxes.told import Metrics

_REFUSALS = 20
MOST_FILES = 200


@dataclass(frozen=True, slots=True)
class Refused:
    """What was refused lately, and the last run that it was refused to."""

    run: str
    at: float
    refusal: Refusal


@dataclass(frozen=True, slots=True)
class Overview:
    """The first page. `failed` counts among the latest runs, of which there are `looked`."""

    active: int
    running: int
    waiting: int
    failed: int
    looked: int
    sandboxes: Sequence[SandboxRow]
    runs: Sequence[RunRow]
    refused: Sequence[Refused]


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a long list. `before` and `after` are where the pages beside it begin, None for no such page."""

    rows: Sequence[SandboxRow | RunRow]
    first: int
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file on one line; `size` is in words, "" for what is no file."""

    path: str
    kind: str
    size: str
    modified: float


@dataclass(frozen=True, slots=True)
class SandboxPage:
    """All about a sandbox. `trouble` is why its files cannot be listed; `more` counts those that are not.

    `deleted` is when it was, in seconds since the epoch, None for one that is there.
    """

    row: SandboxRow
    deleted: float | None
    parent: str
    ttl: str
    limits: Sequence[tuple[str, str]]
    policy: str
    files: Sequence[FileRow]
    more: int
    trouble: str
    runs: Sequence[RunRow]
    snapshots: Sequence[tuple[str, float, int, str]]


@dataclass(frozen=True, slots=True)
class RunPage:
    """All about a run. `live` tells that it goes on, `number` is that of the last event that `tail` knows."""

    row: RunRow
    live: bool
    badge: Badge
    exit_code: int | None
    error: str
    started: float | None
    ended: float | None
    outcome: Outcome
    times: Sequence[tuple[str, str]]
    tail: Tail
    number: int
    has_log: bool


def overview(counts: Metrics, active: Sequence[Sandbox], runs: Sequence[Run], now: float, shown: int) -> Overview:
    """The first page, of the service's metrics, the latest active sandboxes, and the latest runs."""
    rows = [run_row(one, now) for one in runs]
    return Overview(
        sum(counts.living.values()),
        counts.running,
        counts.queued,
        sum(one.badge.kind == BAD for one in rows),
        len(runs),
        [sandbox_row(one, now) for one in active],
        rows[:shown],
        list(_refused(runs))[:_REFUSALS],
    )


def listing(rows: Sequence[SandboxRow | RunRow], first: int, each: int) -> Listing:
    """One page of at most `each` rows, of which there is one more when there is another page."""
    before = max(0, first - each) if first else None
    return Listing(rows[:each], first, before, first + each if len(rows) > each else None)


def sandbox_page(
    sandbox: Sandbox,
    files: Sequence[Entry],
    trouble: str,
    runs: Sequence[Run],
    snapshots: Sequence[Snapshot],
    now: float,
) -> SandboxPage:
    """All about a sandbox."""
    listed = [
        FileRow(one.path, one.kind, size_text(one.size) if one.kind == "file" else "", one.modified)
        for one in files[:MOST_FILES]
    ]
    return SandboxPage(
        sandbox_row(sandbox, now),
        sandbox.deleted_at,
        sandbox.parent,
        lasting(sandbox.ttl),
        sorted(sandbox.limits.items()),
        sandbox.policy,
        listed,
        max(0, len(files) - MOST_FILES),
        trouble,
        [run_row(one, now) for one in runs],
        [(one.name, one.created_at, one.files, size_text(one.size)) for one in snapshots],
    )


def run_page(run: Run, tail: Tail, number: int, now: float) -> RunPage:
    """All about a run."""
    found = outcome.read(run.outcome)
    return RunPage(
        run_row(run, now),
        run.state in (QUEUED, RUNNING),
        badge(run),
        run.exit_code,
        run.error,
        run.started_at,
        run.ended_at,
        found,
        _times(run, found),
        tail,
        number,
        run.has_log,
    )


def _times(run: Run, found: Outcome) -> list[tuple[str, str]]:
    waited = run.started_at - run.queued_at if run.started_at is not None else None
    parts = (("waited", waited), ("installing", found.install_seconds), ("in all", found.seconds))
    return [(name, lasting(seconds)) for name, seconds in parts if seconds is not None]


def _refused(runs: Iterable[Run]) -> Iterable[Refused]:
    """Each thing once, for the last run that it was refused to. Runs are the latest first."""
    found: dict[tuple[str, str, str], Refused] = {}
    for run in runs:
        for row in outcome.rows(run.outcome.get("denied")):
            one = outcome.refusal(row)
            key = one.code, one.what, one.rule
            before = found.get(key)
            if before is None:
                found[key] = Refused(run.id, run.ended_at or run.queued_at, one)
            else:
                both = replace(before.refusal, count=before.refusal.count + one.count)
                found[key] = replace(before, refusal=both)
    return found.values()
