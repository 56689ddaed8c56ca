"""What is told of the service as a whole: counts, for operators. Times are in seconds, sizes in bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

ENDS: Mapping[str, bool] = {
    "ok": False,
    "failed": True,
    "timed_out": True,
    "limit": True,
    "refused": True,
    "fault": True,
    "cancelled": False,
    "lost": True,
}
"""How runs end, and whether that counts as failed. `refused` by the policy, before the program began; `fault`: the run
could not be done, for a reason of ours or the host's; `lost`: its server ended before it did."""
BUCKETS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0)
"""The upper bounds of the histogram of durations."""
AGENTS = 50
"""Agents that are counted by name, of one owner; what others of the same do is counted together, as OTHERS."""
OTHERS = "(others)"


@dataclass(frozen=True, slots=True)
class Tallies:
    """What was counted since the database was made. `ended` has a number for each of ENDS.

    `durations` has a number for each of `BUCKETS`, and one for longer ones: each run is in one, from its turn to its
    end, with what it installed. `waited_seconds` they had waited for their turn before. `refusals` are requests, by
    code. `agents` have (runs, failed), the busiest first. `log_bytes` are kept now.
    """

    sandboxes: int = 0
    ended: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(ENDS, 0))
    durations: tuple[int, ...] = (0,) * (len(BUCKETS) + 1)
    seconds: float = 0.0
    waited_seconds: float = 0.0
    install_seconds: float = 0.0
    refusals: Mapping[str, int] = field(default_factory=dict)
    agents: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    log_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Server:
    """This process. `most_` are its bounds; `free_bytes` is what the file systems of data, state and cache have."""

    since: float
    running: int
    waiting: int
    most_running: int
    most_waiting: int
    most_log_bytes: int
    free_bytes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Metrics:
    """All of it: of the caller's own things, or of all. `server` is for those who see all, None for others.

    `living` are the sandboxes that are not deleted, by status; `queued` and `running` runs are those of all servers.
    """

    version: str
    tallies: Tallies
    living: Mapping[str, int]
    queued: int
    running: int
    server: Server | None = None
