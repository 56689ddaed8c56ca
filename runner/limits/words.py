"""What is said of limits: which one ended a program, where to raise it, and the object in an outcome."""

from __future__ import annotations

from jhansi_runner.runner.limits.hold import Hold
from jhansi_runner.runner.limits.model import (
    CPUS,
    DISK,
    FILES,
    MEMORY,
    NAMES,
    OPTIONS,
    OUTPUT,
    PROCESSES,
    TIME,
    Limits,
    shown,
)
from jhansi_runner.runner.limits.weak import CGROUP, RUNNER

_EXCEEDED = {
    MEMORY: "had more memory than the {} that it may have",
    PROCESSES: "had more processes and threads than the {} that it may have",
    DISK: "took more of the disk than the {} that it may take",
    FILES: "added more files and folders than the {} that it may add",
    OUTPUT: "wrote more than the {} of output that it may write",
}
_MET = {
    MEMORY: "a process was killed because all together had more memory than the {} that they may have",
    PROCESSES: "it was refused a process or a thread, because it may have {}",
}


def exceeded(hold: Hold, who: str = "the program") -> str:
    """A sentence about the limit that ended a program."""
    return f"killed: {who} {_EXCEEDED[hold.ended_by].format(_value(hold.limits, hold.ended_by))}"


def met(hold: Hold) -> list[str]:
    """A sentence about each limit that refused something and ended nothing."""
    return [f"{_MET[name].format(_value(hold.limits, name))}; {raised(hold, name)}" for name in hold.met]


def raised(hold: Hold, name: str = "", *, by_option: bool = True) -> str:
    """Where to raise a limit, by default the one that ended the program. Installers have no options."""
    name = name or hold.ended_by
    limit = hold.limits.get(name)
    origin = limit.origin if limit is not None else ""
    if not origin:
        where = f"give it more with {OPTIONS[name]}" if by_option else "set more under `limits` in policy.yaml"
        return f"this is the default: {where}"
    return f"{origin} sets this" + ("" if origin == OPTIONS[name] else "; no option can raise it")


def as_json(hold: Hold, timeout: float | None) -> dict[str, object]:
    """The object `limits` of an outcome. `timeout` is in seconds; limits are in bytes, processes, CPUs and files.

    `held_by` is the tier of each: control group, rlimit, watcher, affinity, or the runner itself.
    """
    found: dict[str, object] = {"timeout": timeout}
    for name in NAMES:
        limit = hold.limits.get(name)
        if limit is not None:
            value: float = limit.value if name in (CPUS, TIME) else int(limit.value)
            found[name] = {"limit": value, "set_by": limit.origin or "default", "held_by": hold.tiers[name]}
    found["strong"] = all(
        hold.tiers[name] in (CGROUP, RUNNER) for name in (MEMORY, PROCESSES, CPUS) if hold.limits.get(name) is not None
    )
    found["ended_by"] = hold.ended_by or None
    found["reason"] = f"{exceeded(hold)}; {raised(hold)}" if hold.ended_by else ""
    found["met"] = list(hold.met)
    found["note"] = hold.note
    return found


def _value(limits: Limits, name: str) -> str:
    value = limits.value(name)
    return "" if value is None else shown(name, value)
