"""Counts as JSON. The names at its top are those that clients of old know. Times are in seconds but for `_ms`."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from jhansi_runner.runner.api.answers import Answer, Time, time_text
from jhansi_runner.runner.sandboxes import told


class Agent(Answer):
    """What was run for one agent; `success_rate` is from 0 to 1."""

    runs: int
    success_rate: float


class Queue(Answer):
    """Runs of this server that have their turn, and that wait for it, with the most that there can be."""

    running: int
    waiting: int
    most_running: int
    most_waiting: int


class Server(Answer):
    """This server. `free_bytes` is what the file systems of its folders have, `answered` its answers by status."""

    started_at: Time
    queue: Queue
    log_limit_bytes: int
    free_bytes: dict[str, int]
    answered: dict[str, int]


class Metrics(Answer):
    """Counts: of the caller's own things, or of all, where `server` is told too."""

    version: str
    sandboxes_active: int = Field(description="Not deleted.")
    sandboxes_total: int = Field(description="Ever made.")
    runs_total: int = Field(description="That have ended.")
    runs_failed: int = Field(description="Of these, all but those with ok or cancelled as their end.")
    success_rate: float = Field(description="Of runs that were not cancelled, from 0 to 1; 1 where there is none.")
    avg_duration_ms: int = Field(description="From a run's turn to its end, with what it installed.")
    by_agent: dict[str, Agent] = Field(description=f"At most {told.AGENTS} of one owner, and {told.OTHERS}.")
    sandboxes: dict[str, int] = Field(description="Those that are not deleted, by status.")
    runs: dict[str, int] = Field(description="Queued and running ones, of all servers on this state.")
    runs_ended: dict[str, int] = Field(description=f"By how they ended: {', '.join(told.ENDS)}.")
    run_seconds: float
    wait_seconds: float
    install_seconds: float
    refusals: dict[str, int] = Field(description="Requests of runs that were refused or failed, by code.")
    log_bytes: int
    server: Server | None

    @classmethod
    def of(cls, found: told.Metrics, answered: Mapping[int, int]) -> Metrics:
        """As it is told."""
        counted, ended = found.tallies, found.tallies.ended
        failed = sum(number for end, number in ended.items() if told.ENDS.get(end, True))
        timed = sum(counted.durations)
        return cls(
            version=found.version,
            sandboxes_active=sum(found.living.values()),
            sandboxes_total=counted.sandboxes,
            runs_total=sum(ended.values()),
            runs_failed=failed,
            success_rate=_success(ended["ok"] + failed, failed),
            avg_duration_ms=round(1000 * counted.seconds / timed) if timed else 0,
            by_agent={
                name: Agent(runs=runs, success_rate=_success(runs, bad)) for name, (runs, bad) in counted.agents.items()
            },
            sandboxes=dict(found.living),
            runs={"queued": found.queued, "running": found.running},
            runs_ended=dict(ended),
            run_seconds=round(counted.seconds, 3),
            wait_seconds=round(counted.waited_seconds, 3),
            install_seconds=round(counted.install_seconds, 3),
            refusals=dict(counted.refusals),
            log_bytes=counted.log_bytes,
            server=_server(found.server, answered) if found.server else None,
        )


def _server(found: told.Server, answered: Mapping[int, int]) -> Server:
    return Server(
        started_at=time_text(found.since),
        queue=Queue(
            running=found.running,
            waiting=found.waiting,
            most_running=found.most_running,
            most_waiting=found.most_waiting,
        ),
        log_limit_bytes=found.most_log_bytes,
        free_bytes=dict(found.free_bytes),
        answered={str(status): number for status, number in sorted(answered.items())},
    )


def _success(all_: int, failed: int) -> float:
    return round(1 - failed / all_, 3) if all_ else 1.0
