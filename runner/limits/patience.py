"""Reads that a program may keep waiting: the kernel waits for the lock of its memory, which it may hold without end.

A thread of a low priority that is never run, because the program has others by the thousand, keeps it from us. So each
such read is in a thread of its own, and nobody but the next read of the same process waits for that.

Source: fs/proc/task_mmu.c, mmap_read_lock_killable; no signal but one that kills ends it.
"""

from __future__ import annotations

import _thread  # a warm `exec` with a limit comes here; `threading` costs more

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator

_STEP_SECONDS, _STEPS, _STEPS_PER_GIB = 0.01, 30, 4


class Patience:
    """Waits for reads, in small steps and not for long. A process that keeps one waiting is not read again."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: set[str] = set()

    def is_kept_by(self, pid: str) -> bool:
        """Whether a read of a process still waits."""
        return pid in self._waiting

    def wait(self, pid: str, read: Callable[[], bytes], size: int = 0) -> Generator[None, None, bytes | None]:
        """What was read of a process; None when that takes too long. `read` raises nothing.

        `size` is how many bytes of memory the kernel goes through for it.
        """
        if self.is_kept_by(pid):
            return None
        found: list[bytes] = []
        done = _thread.allocate_lock()
        done.acquire()
        self._waiting.add(pid)

        def run() -> None:
            try:
                found.append(read())
            finally:
                self._waiting.discard(pid)
                done.release()

        try:
            _thread.start_new_thread(run, ())
        except RuntimeError:  # we may have no further thread
            run()
        for _ in range(_STEPS + (size >> 30) * _STEPS_PER_GIB):
            if done.acquire(timeout=_STEP_SECONDS):
                return found[0]
            yield
        return None
