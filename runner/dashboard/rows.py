"""Sandboxes and runs as lines of a table, and what became of a run in a word. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from jhansi_runner.runner.dashboard.words import lasting, until
from jhansi_runner.runner.errors import NOTHING_TO_RUN, REFUSED
from jhansi_runner.runner.sandboxes.model import (
    CANCELLED,
    DELETED,
    DONE,
    LOST,
    QUEUED,
    RUNNING,
    Run,
    Sandbox,
)

GOOD, BAD, WARN, BUSY, QUIET = "good", "bad", "warn", "busy", "quiet"
_STATES = {QUEUED: ("waiting", QUIET), RUNNING: ("running", BUSY), CANCELLED: ("cancelled", QUIET), LOST: ("lost", BAD)}


@dataclass(frozen=True, slots=True)
class Badge:
    """A state in a word; `kind` colours it, and says nothing that the word does not."""

    text: str
    kind: str


@dataclass(frozen=True, slots=True)
class SandboxRow:
    """A sandbox on one line. Times are in seconds since the epoch; `ends` is in words, "" for one that is gone."""

    id: str
    badge: Badge
    language: str
    agent: str
    created_by: str
    owner: str
    created: float
    used: float
    ends: str


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run on one line. `took` is in words, "" for one that never began."""

    id: str
    sandbox: str
    badge: Badge
    kind: str
    program: str
    owner: str
    queued: float
    took: str


def sandbox_row(one: Sandbox, now: float) -> SandboxRow:
    """The line of a sandbox. `now` is in seconds since the epoch."""
    ends = "" if one.status == DELETED else until(one.expires_at, now)
    badge = Badge(one.status, BUSY if one.status == RUNNING else QUIET)
    return SandboxRow(
        one.id, badge, one.language, one.agent, one.created_by, one.owner, one.created_at, one.used_at, ends
    )


def run_row(one: Run, now: float) -> RunRow:
    """The line of a run."""
    end = one.ended_at if one.ended_at is not None else now if one.state == RUNNING else None
    took = lasting(end - one.started_at) if one.started_at is not None and end is not None else ""
    return RunRow(one.id, one.sandbox_id, badge(one), one.kind, one.program or one.kind, one.owner, one.queued_at, took)


def badge(run: Run) -> Badge:
    """What became of a run."""
    if run.state != DONE:
        return Badge(*_STATES.get(run.state, (run.state, QUIET)))
    if run.timed_out:
        return Badge("timed out", BAD)
    limits = run.outcome.get("limits")
    if isinstance(limits, Mapping) and isinstance(limits.get("ended_by"), str):
        return Badge(f"over its {limits['ended_by']}", BAD)
    if run.error:
        return Badge(_failure(run.exit_code), WARN if run.exit_code == REFUSED else BAD)
    if run.exit_code is None:
        return Badge("done", QUIET)
    return Badge(f"exit {run.exit_code}", GOOD if run.exit_code == 0 else BAD)


def _failure(code: int | None) -> str:
    return {REFUSED: "refused", NOTHING_TO_RUN: "nothing to run"}.get(code or 0, "failed")
