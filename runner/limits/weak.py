"""Who holds a program to its limits where there is no control group, and how often we have to look.

Pure, but for `meminfo`. Light: a warm `exec` imports this module.
"""

from __future__ import annotations

import os

from jhansi_runner.runner.limits.model import CPUS, OUTPUT, PROCESSES, TIME

CGROUP, RLIMIT, WATCHER, AFFINITY, RUNNER = "cgroup", "rlimit", "watcher", "affinity", "runner"
"""Tiers: who holds a program to a limit. `runner` are output and time, which we count ourselves."""
IN_MEMORY = ("/tmp", "/dev/shm")  # noqa: S108  # the sandbox's own
"""File systems of a sandbox that lie in memory."""
SHORTEST_SECONDS, LONGEST_SECONDS = 0.02, 1.0
_COUNTED_PER_NAMESPACE = (5, 14)
"""Linux, since when RLIMIT_NPROC counts the processes of a user namespace. Source: commit 21d1c5e386bc."""
_MEMORY_PER_SECOND = 2 << 30
"""Bytes; how fast one CPU fills memory, roughly."""


def kernel(release: str) -> tuple[int, int]:
    """Major and minor of a kernel's release; (0, 0) for what cannot be read."""
    major, _, rest = release.partition(".")
    minor = rest.split(".")[0].split("-")[0]
    return (int(major), int(minor)) if major.isdigit() and minor.isdigit() else (0, 0)


def weak_tier(limit: str, uid: int, version: tuple[int, int]) -> str:
    """Who holds a program to a limit where there is no control group.

    The kernel does not hold root's processes to RLIMIT_NPROC, and older ones count all of a user's.
    """
    if limit == PROCESSES:
        return RLIMIT if uid != 0 and version >= _COUNTED_PER_NAMESPACE else WATCHER
    return {CPUS: AFFINITY, OUTPUT: RUNNER, TIME: RUNNER}.get(limit, WATCHER)


def pause(room: float, cpus: int, per_second: int = _MEMORY_PER_SECOND) -> float:
    """Seconds until the next look, when so many bytes are left: no more than it takes to fill them."""
    return min(max(room / (per_second * cpus), SHORTEST_SECONDS), LONGEST_SECONDS)


def meminfo() -> bytes:
    """What the host says of its memory; nothing where it does not."""
    try:
        file = os.open("/proc/meminfo", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return os.read(file, 1 << 14)
    except OSError:
        return b""
    finally:
        os.close(file)
