"""The watcher: adds up now and then what a sandbox has, where no control group counts for us.

Memory that is shared is first counted for everybody who has it; only where that is too much is it asked what it really
is, which takes the kernel longer. Open files and mappings are only searched once the host has so much more shared
memory that it matters. What cannot be measured from outside counts by how much more the whole host has than at the
least: it has to be more than the limit. What else there is, such as pipes and buffers of sockets, is not seen: ADR 13.

Source: proc_pid_status(5), proc_pid_smaps(5), proc_meminfo(5), statvfs(3).
"""

from __future__ import annotations

import os
import sys
import time
from functools import partial

from jhansi_runner.runner.limits import held
from jhansi_runner.runner.limits.model import MEMORY, PROCESSES
from jhansi_runner.runner.limits.proc import Processes, number
from jhansi_runner.runner.limits.sample import UNSETTLED, sampled
from jhansi_runner.runner.limits.use import Use, of_status, threads, together, weight
from jhansi_runner.runner.limits.weak import IN_MEMORY, LONGEST_SECONDS, SHORTEST_SECONDS, meminfo, pause

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator

_STEP_SECONDS = 0.01
_INODE_BYTES = 1024
_PAGES_PER_TABLE = 512
_SPARE_TABLES = 64 << 20
"""Bytes of page tables, beside those that memory of its own needs, with which a process is not asked what is shared."""
_EXACT_SECONDS = 0.3
"""Of CPU, for reading what they really have: with many that share much it takes longer, while one may eat more."""
_CONFIRMED, _DOUBT = 8, 3
"""So often has it to be too much, as memory goes and comes while it is read; and once less often than that is nothing.
"""
_SMALL = 16
"""Whoever has less than one of so many parts of the limit is not asked whether it is a child of vfork."""
_LENT_SECONDS = 0.5
"""So long may a child of vfork take until its own program begins, where the host has got as much more as would be too
much: it may also have memory of its own (CLONE_VFORK without CLONE_VM)."""


class Watcher:
    """Looks at one sandbox for bytes of memory and for processes, None for no limit.

    `before` is what the host said of its memory before the program began (`meminfo`). `delay` is in seconds, until the
    next step of a look, or the next look; `memory` is what the last one saw.
    """

    __slots__ = (
        "_cpus", "_exact", "_grown", "_least", "_lent", "_look", "_most_memory", "_most_processes", "_pause",
        "_processes", "_rough", "_seen", "_settled", "_spent", "_unsettled", "delay", "memory",
    )  # fmt: skip

    def __init__(self, processes: Processes, memory: int | None, count: int | None, before: bytes) -> None:
        self._processes, self._most_memory, self._most_processes = processes, memory, count
        self._cpus = len(os.sched_getaffinity(0))
        self._least = _of_host(before)
        self._look: Generator[None, None, str] | None = None
        self._spent = self._pause = 0.0
        self._lent: dict[str, float] = {}
        self._rough: dict[str, int] = {}
        self._exact: dict[str, tuple[int, int]] = {}
        self._grown = 0
        self._settled, self._unsettled, self._seen, self.memory = True, 0, 0, 0
        self.delay = SHORTEST_SECONDS

    def look(self) -> str:
        """Look on for a moment: which limit was exceeded, "" for none by now."""
        began, used = time.monotonic(), time.process_time()
        if self._look is None:
            self._look, self._spent = self._all(), 0.0
        self.delay = 0.0
        try:
            next(self._look)
            while time.monotonic() < began + _STEP_SECONDS:
                next(self._look)
        except StopIteration as end:
            self._look = None
            spent = self._spent + time.process_time() - used
            self.delay = min(max(self._pause, spent), LONGEST_SECONDS)  # at most half of one CPU
            return str(end.value)
        self._spent += time.process_time() - used
        return ""

    def close(self) -> None:
        """Close what is open."""
        if self._look is not None:
            self._look.close()
            self._look = None

    def _all(self) -> Generator[None, None, str]:
        self._pause = LONGEST_SECONDS if self._most_processes is None else LONGEST_SECONDS / 4
        rounds, self._settled = yield from sampled(self._processes, self._roughly)
        self._rough = {use.pid: use.own + use.shared for uses in rounds for use in uses}
        self._exact = {pid: self._exact[pid] for pid in self._rough if pid in self._exact}
        self._lent = {pid: self._lent[pid] for pid in self._rough if pid in self._lent}
        exceeded = ""
        if not rounds[-1]:
            self._pause = SHORTEST_SECONDS
        elif self._most_processes is not None and threads(rounds) > self._most_processes:
            exceeded = PROCESSES
        elif self._most_memory is not None and (yield from self._is_too_much(*together(rounds), self._most_memory)):
            exceeded = MEMORY
        self._unsettled = 0 if self._settled else self._unsettled + 1
        return exceeded

    def _is_too_much(self, own: int, shared: int, most: int) -> Generator[None, None, bool]:
        host = _of_host(meminfo())
        self._least = (min(self._least[0], host[0]), min(self._least[1], host[1]))
        self._grown = host[0] - self._least[0]
        kept, grown, unknown = self._in_memory(), host[1] - self._least[1], 0
        if grown > max(shared, kept) and own + grown > most:
            found = yield from held.in_memory(self._processes, threads=False)
            if not found.hidden and grown - kept - sum(found.sizes.values()) > most:
                found = yield from held.in_memory(self._processes, threads=True)
            self._settled = self._settled and found.settled
            kept += sum(found.sizes.values())
            unknown, grown = grown - kept if found.hidden or self._is_suspicious else 0, 0
        if own + max(shared, kept) > most:
            own, shared = yield from self._confirmed(kept, most)
        self.memory = own + max(shared, kept)
        if self._is_suspicious:
            unknown = max(unknown, self._grown - max(own, self._at_least()))
        room = most - max(self.memory, own + grown, unknown)
        self._pause = min(self._pause, pause(room, self._cpus) if self._settled else SHORTEST_SECONDS)
        return max(self.memory, unknown) > most

    def _confirmed(self, kept: int, most: int) -> Generator[None, None, tuple[int, int]]:
        """What they have, where each page counts once; and no more than is allowed, until that is sure."""
        own = shared = 0
        while self._seen < _CONFIRMED:
            rounds, settled = yield from sampled(
                self._processes, self._exactly, weigh=weight, most=most, urgency=self._urgency, seconds=_EXACT_SECONDS
            )
            self._settled = self._settled and settled
            own, shared = together(rounds)
            if own + max(shared, kept) <= most:
                self._seen = max(0, self._seen - _DOUBT)
                break
            self._seen += 1
        return own, shared

    @property
    def _is_suspicious(self) -> bool:
        return not self._settled and self._unsettled + 1 >= UNSETTLED

    def _roughly(self, pid: str) -> Generator[None, None, Use | None]:
        """Where shared pages count for everybody who has them."""
        yield
        return of_status(pid, self._processes.status(pid))

    def _exactly(self, pid: str) -> Generator[None, None, Use | None]:
        """Where each page counts once."""
        yield
        status = self._processes.status(pid)
        use = of_status(pid, status)
        if use is None or use.own + use.shared <= (self._most_memory or 0) // _SMALL:
            return (yield from self._divided(use, status)) if use is not None else None
        lenders = self._processes.lenders(use.parent)
        if lenders:  # it has begun a program of its own by now, or these are its parent's pages
            status = self._processes.status(pid)
            use = of_status(pid, status)
        if use is None:
            return None
        had, use.lenders = use.own, lenders if lenders and self._is_new(pid) else 0
        use = yield from self._divided(use, status)
        again = of_status(pid, self._processes.status(pid))
        return None if use is None or again is None or again.own < had // 2 else use  # it has gone elsewhere meanwhile

    def _is_new(self, pid: str) -> bool:
        """Whether a child of vfork has not been one for long, if the host has so much more that it would matter."""
        now = time.monotonic()
        return now - self._lent.setdefault(pid, now) <= _LENT_SECONDS or self._grown <= (self._most_memory or 0)

    def _at_least(self) -> int:
        """Bytes that they have at the least: as when they were read, in whatever look, and as if all shared others."""
        count = len(self._rough)
        exact = {pid: min(self._exact[pid][1], rough) for pid, rough in self._rough.items() if pid in self._exact}
        return sum(exact.get(pid, rough // count) for pid, rough in self._rough.items())

    def _urgency(self, pid: str) -> int:
        """Bytes that a process may have by now: as much as when it was read, and what was added since."""
        if pid not in self._rough:
            return sys.maxsize
        rough, exact = self._exact.get(pid, (0, 0))
        return exact + max(0, self._rough[pid] - rough)

    def _divided(self, use: Use, status: bytes) -> Generator[None, None, Use | None]:
        """What a process has, where pages that others have too are divided up."""
        rough = use.own + use.shared
        if not (yield from self._by_pages(use, status)):
            return None
        self._exact[use.pid] = rough, use.own + use.shared
        return use

    def _by_pages(self, use: Use, status: bytes) -> Generator[None, None, bool]:
        tables = number(status, b"\nVmPTE:") << 10
        if tables > 2 * use.own // _PAGES_PER_TABLE + _SPARE_TABLES:
            return True
        size, rollup = use.own + use.shared, partial(self._processes.rollup, use.pid)
        text = yield from self._processes.patience.wait(use.pid, rollup, size)
        if text is None:
            return False
        if b"\nPss_Anon:" not in text:  # Linux 5.4 has it; it may be denied, and then the rough figure counts
            return True
        use.own = ((number(text, b"\nPss_Anon:") + number(text, b"\nSwapPss:")) << 10) + tables
        use.shared = number(text, b"\nPss_Shmem:") << 10
        return True

    def _in_memory(self) -> int:
        return sum(
            (found.f_blocks - found.f_bfree) * found.f_frsize + (found.f_files - found.f_ffree) * _INODE_BYTES
            for found in self._processes.used_in(IN_MEMORY)
        )


def _of_host(text: bytes) -> tuple[int, int]:
    """Bytes that all processes of the host have of their own, and that are shared, of whomever.

    What is swapped may be either, and a program can see to it that it is (MADV_PAGEOUT).
    """
    swapped = number(text, b"\nSwapTotal:") - number(text, b"\nSwapFree:")
    return (number(text, b"\nAnonPages:") + swapped) << 10, (number(text, b"\nShmem:") + swapped) << 10
