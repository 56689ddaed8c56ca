"""Holding one sandbox to its limits: set before its program begins, looked after while it runs, told afterwards.

Light: a warm `exec` imports this module. A control group, and whatever looks, are imported when they are needed.

Source: ADR 13.
"""

from __future__ import annotations

import os
import time

from jhansi_runner.runner.errors import RunnerError
from jhansi_runner.runner.limits import rlimits
from jhansi_runner.runner.limits.model import DISK, FILES, MEMORY, NAMES, PROCESSES
from jhansi_runner.runner.limits.weak import CGROUP, RLIMIT, WATCHER, kernel, meminfo, pause, weak_tier

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Protocol

    from jhansi_runner.proxy.cell.process import Cell
    from jhansi_runner.runner.limits.cgroup import Group
    from jhansi_runner.runner.limits.model import Limits
    from jhansi_runner.runner.limits.proc import Processes

    class Look(Protocol):
        """Something that looks whether a limit was exceeded, and again after `delay` seconds."""

        delay: float

        def look(self) -> str: ...

        def close(self) -> None: ...


_SIGKILL, _SIGXFSZ = 9, 25
_FIRST_BYTES = 1 << 30
_NO_PROCESS = (b"Resource temporarily unavailable", b"can't start new thread", b"unable to create native thread")
"""What programs say that may have no further process; nothing else tells, where RLIMIT_NPROC refuses it."""


class Hold:
    """What holds one sandbox to `limits`. `folders` are those of the host that it may write to.

    `tiers` tells by name who holds it to each limit, `note` why there is no control group where one was asked for.
    `delay` is in seconds, until the next `look`, None for never. `ended_by` is the limit that ended it, "" for none,
    and `met` are those that refused it something.
    """

    __slots__ = (
        "_before", "_due", "_env", "_folders", "_group", "_init", "_looks", "_name", "_processes", "_watches", "delay",
        "ended_by", "limits", "met", "note", "tiers",
    )  # fmt: skip

    def __init__(self, limits: Limits, name: str, env: Mapping[str, str], folders: Sequence[str] = ()) -> None:
        self.limits, self._name, self._env, self._folders = limits, name, env, folders
        uid, version = os.getuid(), kernel(os.uname().release)
        self.tiers = {each: weak_tier(each, uid, version) for each in NAMES}
        self._group: Group | None = None
        self._processes: Processes | None = None
        self._looks: list[Look] = []
        self._due: list[float] = []
        self._before = b""
        self._init, self._watches = 0, False
        self.note = self.ended_by = ""
        self.met: list[str] = []
        self.delay: float | None = None

    def apply(self, cell: Cell) -> None:
        """Set all limits on a cell whose program has not begun. Raises RunnerError, and then it must not begin.

        A cell that is gone needs none: bubblewrap gave up, and says why.
        """
        self._init = cell.init
        try:
            if self.limits.are_asked_for:
                self._ask_for_group(cell)
            rlimits.apply(self.limits, self._init, by_namespace=self.tiers[PROCESSES] == RLIMIT)
        except OSError as error:
            if cell.is_gone():
                return
            raise RunnerError(f"the program cannot be held to its limits: {error.strerror}") from None
        disk, files, memory = self.limits.amount(DISK), self.limits.amount(FILES), self._watched(MEMORY)
        if disk is not None or files is not None:
            from jhansi_runner.runner.limits.disk import Disk

            self._looks.append(Disk(self._found(), self._folders, disk, files))  # it has to know what was there before
        self._watches = memory is not None or self._watched(PROCESSES) is not None
        now = time.monotonic()
        self._due = [now + each.delay for each in self._looks]
        if self._watches:
            self._before = meminfo()
            self._due.append(now + pause(_FIRST_BYTES if memory is None else memory, len(os.sched_getaffinity(0))))
        self.delay = max(0.0, min(self._due) - now) if self._due else None

    def look(self) -> str:
        """Which limit was exceeded, "" for none; the sandbox is then to be killed."""
        if self._watches and time.monotonic() >= self._due[-1]:
            from jhansi_runner.runner.limits.watcher import Watcher

            self._watches = False
            watcher = Watcher(self._found(), self._watched(MEMORY), self._watched(PROCESSES), self._before)
            self._looks.append(watcher)
        found = ""
        for at, each in enumerate(self._looks):
            if time.monotonic() >= self._due[at]:
                found = found or each.look()
                self._due[at] = time.monotonic() + each.delay
        self.delay = max(0.0, min(self._due) - time.monotonic())
        return found

    def finish(self, killed_for: str, code: int, words: bytes) -> None:
        """Take in how it ended: the limit that we killed it for, its exit code, and its last words on stderr."""
        self.ended_by = killed_for
        if self._group is not None:
            self.met = self._group.met()
            if MEMORY in self.met and code == 128 + _SIGKILL:
                self.ended_by = self.ended_by or MEMORY
        elif code != 0 and self.tiers[PROCESSES] == RLIMIT and any(said in words for said in _NO_PROCESS):
            self.met = [PROCESSES]
        if code == 128 + _SIGXFSZ and self.limits.get(DISK) is not None:
            self.ended_by = self.ended_by or DISK
        self.met = [each for each in self.met if each != self.ended_by]

    def close(self) -> None:
        """Remove what was made. The sandbox is gone."""
        for each in self._looks:
            each.close()
        if self._processes is not None:
            self._processes.close()

    def _watched(self, name: str) -> int | None:
        """A limit that we look after ourselves, None for none."""
        return self.limits.amount(name) if self.tiers[name] == WATCHER else None

    def _found(self) -> Processes:
        from jhansi_runner.runner.limits.proc import Processes

        self._processes = self._processes or Processes(self._init)
        return self._processes

    def _ask_for_group(self, cell: Cell) -> None:
        from jhansi_runner.runner.limits import cgroup, host_groups, tiers

        offer = tiers.offer(host_groups.read_facts(self._env))
        lacking = offer.lacking(self.limits)
        self.note = offer.why
        if self.limits.required and lacking:
            raise RunnerError(
                f"limits are required, and nothing holds a program to its {' and '.join(lacking)} here: {offer.why}",
                lines=(offer.remedy,),
            )
        if not offer.way:
            return
        try:
            self._group = cgroup.filled(offer, self.limits, self._name, self._init)
        except OSError as error:
            if cell.is_gone():
                raise
            self.note = f"no control group could be made: {error.strerror or error}"
            if self.limits.required:
                raise RunnerError(f"limits are required, and {self.note}") from None
            return
        self._looks.append(self._group)
        self.tiers.update({each: CGROUP for each in tiers.CONTROLLER if offer.tier(each) == CGROUP})
