"""The processes of a sandbox, as its own /proc shows them to us: all of them, and no others.

What a process says of itself it cannot change, but it can close its open files to our eyes.
Source: proc(5), proc_pid_status(5), proc_pid_smaps(5).
"""

from __future__ import annotations

import os

from jhansi_runner.runner.limits.patience import Patience

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_MOST_BYTES = 1 << 16
_FIRST = "1"
"""bubblewrap's own process, which is covered up in the sandbox's /proc, and does not count."""

_IN_VFORK = (b"kernel_clone", b"wait_for_vfork_done", b"_do_fork", b"do_fork")
"""Where a thread is in the kernel that waits for its child of vfork. Source: kernel/fork.c, of Linux 4.18 and later."""
_MOST_THREADS = 512
"""So many of a process's threads, the youngest, are asked for what they wait, as a look is not to take long."""


class Processes:
    """The processes below `init`, the sandbox's first. `pids` are those of the last `find`, by their number inside.

    `patience` is for what they may keep waiting: `rollup`, and their mappings.
    """

    __slots__ = ("_init", "_proc", "patience", "pids")

    def __init__(self, init: int) -> None:
        self._init, self._proc = init, -1
        self.pids: list[str] = []
        self.patience = Patience()

    def close(self) -> None:
        """Close what is open."""
        if self._proc >= 0:
            os.close(self._proc)
            self._proc = -1

    def find(self) -> None:
        """Look for them; there is nothing to be seen before bubblewrap has mounted all, and after the end."""
        self.pids = []
        if self._proc < 0:
            self._proc = _open_proc(self._init)
        try:
            names = os.listdir(self._proc) if self._proc >= 0 else []
        except OSError:
            return
        self.pids = [name for name in names if name.isdigit() and name != _FIRST]

    def status(self, pid: str, needed: bytes = b"\nRssAnon:") -> bytes:
        """What a process says. When its first thread has ended, another one has to tell of its memory."""
        text = self.read(f"{pid}/status")
        if needed not in text and number(text, b"\nThreads:") > 1:
            return self.of_a_thread(pid, "status", needed) or text
        return text

    def rollup(self, pid: str) -> bytes:
        """What a process's memory really is, with pages that are shared divided up."""
        return self.read(f"{pid}/smaps_rollup") or self.of_a_thread(pid, "smaps_rollup", b"\nPss:")

    def of_a_thread(self, pid: str, name: str, needed: bytes) -> bytes:
        """What the first thread says that has it."""
        for thread in self.threads(pid):
            text = self.read(f"{pid}/task/{thread}/{name}")
            if needed in text:
                return text
        return b""

    def lenders(self, pid: str) -> int:
        """How many threads of a process wait for a child of vfork; one, where it cannot be told for what they wait."""
        known, unknown = 0, False
        for thread in self.threads(pid)[-_MOST_THREADS:]:
            place = self.read(f"{pid}/task/{thread}/wchan")
            known += place in _IN_VFORK
            unknown = unknown or (place == b"0" and b"\nState:\tD" in self.read(f"{pid}/task/{thread}/status"))
        return known or int(unknown)

    def path(self, name: str) -> str:
        """Where something of the sandbox's /proc is for us."""
        return f"/proc/self/fd/{self._proc}/{name}"

    def threads(self, pid: str) -> list[str]:
        """The threads of a process; none when it is gone."""
        try:
            return os.listdir(self.path(f"{pid}/task"))
        except OSError:
            return []

    def read(self, path: str) -> bytes:
        """A file of the sandbox's /proc; nothing when it is gone."""
        try:
            file = os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._proc)
        except OSError:
            return b""
        try:
            return os.read(file, _MOST_BYTES)
        except OSError:
            return b""
        finally:
            os.close(file)

    def devices_of(self, places: Collection[str]) -> set[int]:
        """Devices of file systems that are mounted in the sandbox."""
        found = set()
        for place in places:
            try:
                found.add(os.stat(f"/proc/{self._init}/root{place}").st_dev)
            except OSError:
                continue
        return found

    def used_in(self, places: Collection[str]) -> Iterator[os.statvfs_result]:
        """How full file systems are that are mounted in the sandbox."""
        for place in places:
            try:
                yield os.statvfs(f"/proc/{self._init}/root{place}")
            except OSError:
                continue


def number(text: bytes, key: bytes) -> int:
    """The number behind a key; 0 where there is none."""
    at = text.find(key)
    if at < 0:
        return 0
    digits = text[at + len(key) : at + len(key) + 32].split(None, 1)[0]
    return int(digits) if digits.isdigit() else 0


def _open_proc(init: int) -> int:
    """The sandbox's own /proc; -1 while it is not mounted yet, and when the sandbox is gone."""
    try:
        found = os.open(f"/proc/{init}/root/proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return -1
    if os.fstat(found).st_dev == os.stat("/proc").st_dev:
        os.close(found)
        return -1
    return found
