"""The service's counts as families for Prometheus: what each is called, and what it means. Pure.

Source: Prometheus, "Metric and label naming".
"""

from __future__ import annotations

from collections.abc import Mapping

from jhansi_runner.runner.api.metrics import COUNTER, GAUGE, Family, Sample, histogram
from jhansi_runner.runner.sandboxes.told import BUCKETS, Metrics, Server


def families(found: Metrics, answered: Mapping[int, int]) -> tuple[Family, ...]:
    """All of them; `answered` are answers by their status. Values of labels are words of ours, never a caller's."""
    told, build = found.tallies, ("version", found.version)
    return (
        Family("build_info", GAUGE, "1, labelled with the version that runs.", _one(1, build)),
        Family("sandboxes", GAUGE, "Sandboxes that are not deleted, by status.", _each("state", found.living)),
        Family("sandboxes_created_total", COUNTER, "Sandboxes ever made, forks as well.", _one(told.sandboxes)),
        Family(
            "runs", GAUGE, "Runs under way, of all servers on this state.",
            _each("state", {"queued": found.queued, "running": found.running}),
        ),
        Family("runs_ended_total", COUNTER, "Runs that have ended, by how.", _each("end", told.ended)),
        histogram(
            "run_duration_seconds", "From a run's turn to its end, with what it installed; lost runs have none.",
            BUCKETS, told.durations, told.seconds,
        ),
        Family("run_wait_seconds_total", COUNTER, "What runs waited for their turn.", _one(told.waited_seconds)),
        Family(
            "run_install_seconds_total", COUNTER, "What runs spent on finding out and installing what they need.",
            _one(told.install_seconds),
        ),
        Family(
            "refusals_total", COUNTER, "What was refused to runs, or failed, by code; `runs show` tells more.",
            _each("code", told.refusals),
        ),
        Family("log_bytes", GAUGE, "What is kept of what runs printed.", _one(told.log_bytes)),
        *(_of_server(found.server, answered) if found.server else ()),
    )  # fmt: skip


def _of_server(server: Server, answered: Mapping[int, int]) -> tuple[Family, ...]:
    return (
        Family("start_time_seconds", GAUGE, "When this server started, since the epoch.", _one(server.since)),
        Family(
            "queue_runs", GAUGE, "Runs of this server that have their turn, and that wait for it.",
            _each("state", {"running": server.running, "waiting": server.waiting}),
        ),
        Family(
            "queue_limit_runs", GAUGE, "The most of them that there can be; more are answered 429.",
            _each("state", {"running": server.most_running, "waiting": server.most_waiting}),
        ),
        Family("log_limit_bytes", GAUGE, "The most that is kept of what runs printed.", _one(server.most_log_bytes)),
        Family(
            "free_bytes", GAUGE, "What is free where files of sandboxes (data), the state and the cache are.",
            _each("folder", server.free_bytes),
        ),
        Family(
            "http_requests_total", COUNTER, "Requests that this server has answered, by status.",
            _each("code", {str(status): number for status, number in sorted(answered.items())}),
        ),
    )  # fmt: skip


def _one(value: float, label: tuple[str, str] | None = None) -> tuple[Sample, ...]:
    return (Sample(value, label),)


def _each(label: str, values: Mapping[str, int]) -> tuple[Sample, ...]:
    return tuple(Sample(number, (label, value)) for value, number in values.items())
