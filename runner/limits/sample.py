"""Reads something of every process of a sandbox, in small steps, though processes come and go meanwhile."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import TypeVar

    from jhansi_runner.runner.limits.proc import Processes

    T = TypeVar("T")

_ROUNDS = 8
UNSETTLED = 3
"""So many looks in a row, in which processes went all the time before they were read, are no chance."""


def sampled(
    processes: Processes, read: Callable[[str], Generator[None, None, T | None]]
) -> Generator[None, None, tuple[list[list[T]], bool]]:
    """What was read of the processes, for each time that they were listed, and whether none was missed at last.

    `read` returns None for a process that has gone. Then they are listed again, and the new ones read, so that nothing
    escapes by moving from process to process. The youngest come first: what moves is with them. A process whose parent
    made it before it went is in the next listing, as numbers go up.
    """
    known: dict[str, T] = {}
    rounds: list[list[T]] = []
    for _ in range(_ROUNDS):
        gone = False
        processes.find()
        pids = processes.pids
        yield
        for pid in reversed(pids):
            if pid not in known:
                found = yield from read(pid)
                if found is None:
                    gone = True
                else:
                    known[pid] = found
                yield
        rounds.append([known[pid] for pid in pids if pid in known])
        if not gone:
            return rounds, True
    return rounds, False
