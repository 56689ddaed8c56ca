"""The watcher: adds up now and then what a sandbox has, where no control group counts for us.

Memory that is shared is first counted for everybody who has it; only where that is too much does a second look tell
what it really is, which takes the kernel longer. Memory that a program holds without having it mapped is found by open
files and by the file systems in memory. What else there is, such as pipes and buffers of sockets, is not: ADR 13.

Source: proc_pid_status(5), proc_pid_smaps(5), statvfs(3).
"""

from __future__ import annotations

import os
import time

from jhansi_runner.runner.limits.model import MEMORY, PROCESSES
from jhansi_runner.runner.limits.proc import Processes, number
from jhansi_runner.runner.limits.rlimits import OUR_OWN
from jhansi_runner.runner.limits.weak import LONGEST_SECONDS, SHORTEST_SECONDS, pause

_SHARE = 10
"""Looking takes one of so many parts of the time."""
_INODE_BYTES = 1024
_IN_MEMORY = ("/tmp", "/dev/shm")  # noqa: S108  # the sandbox's own


class Watcher:
    """Looks at one sandbox for bytes of memory and for processes, None for no limit.

    `delay` is in seconds, until the next look; `memory` is what was seen.
    """

    __slots__ = ("_cpus", "_held", "_most_memory", "_most_processes", "_processes", "_shared_before", "delay", "memory")

    def __init__(self, processes: Processes, memory: int | None, count: int | None) -> None:
        self._processes, self._most_memory, self._most_processes = processes, memory, count
        self._cpus = len(os.sched_getaffinity(0))
        self._shared_before = _shared_on_host()
        self._held = self.memory = 0
        self.delay = SHORTEST_SECONDS

    def look(self) -> str:
        """Which limit was exceeded, "" for none."""
        began = time.monotonic()
        self.delay = LONGEST_SECONDS if self._most_processes is None else LONGEST_SECONDS / 4
        if not self._processes.find():
            self.delay = SHORTEST_SECONDS
            return ""
        exceeded = PROCESSES if self._too_many() else MEMORY if self._too_much() else ""
        self.delay = max(self.delay, _SHARE * (time.monotonic() - began))
        return exceeded

    def close(self) -> None:
        """Nothing is open."""

    def _too_many(self) -> bool:
        if self._most_processes is None:
            return False
        found = self._processes
        return (
            sum(number(found.read(f"{pid}/status"), b"\nThreads:") for pid in found.pids)
            > self._most_processes + OUR_OWN
        )

    def _too_much(self) -> bool:
        most = self._most_memory
        if most is None:
            return False
        files, hidden = self._processes.kept_shared()
        self._held = files + self._in_memory()
        self.memory = self._roughly()
        if self.memory > most:
            self.memory = self._exactly()
            if self.memory > most:
                return True
        self.delay = min(self.delay, pause(most - self.memory, self._cpus))
        return hidden and _shared_on_host() - self._shared_before - self._held > most

    def _roughly(self) -> int:
        """Bytes, where shared pages count for everybody who has them."""
        own = shared = 0
        for pid in self._processes.pids:
            anonymous, mapped = _of(self._processes.status(pid))
            own, shared = own + anonymous, shared + mapped
        return own + max(shared, self._held)

    def _exactly(self) -> int:
        """Bytes, where each page counts once."""
        own = shared = 0
        for pid in self._processes.pids:
            text, status = self._processes.rollup(pid), self._processes.status(pid)
            anonymous, mapped = _of(status)
            if b"\nPss_Anon:" in text:  # since Linux 5.4
                pages = number(text, b"\nPss_Anon:") + number(text, b"\nSwapPss:")
                anonymous, mapped = (pages + number(status, b"\nVmPTE:")) << 10, number(text, b"\nPss_Shmem:") << 10
            own, shared = own + anonymous, shared + mapped
        return own + max(shared, self._held)

    def _in_memory(self) -> int:
        return sum(
            (found.f_blocks - found.f_bfree) * found.f_frsize + (found.f_files - found.f_ffree) * _INODE_BYTES
            for found in self._processes.used_in(_IN_MEMORY)
        )


def _of(status: bytes) -> tuple[int, int]:
    """Bytes that a process has of its own, and bytes of shared memory that it has mapped."""
    own = sum(number(status, key) for key in (b"\nRssAnon:", b"\nVmSwap:", b"\nVmPTE:"))
    return own << 10, number(status, b"\nRssShmem:") << 10


def _shared_on_host() -> int:
    """Bytes of shared memory on the whole host, of whomever."""
    try:
        with open("/proc/meminfo", "rb") as file:
            return number(file.read(), b"\nShmem:") << 10
    except OSError:
        return 0
