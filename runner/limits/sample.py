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
    processes: Processes,
    read: Callable[[str], Generator[None, None, T | None]],
    weigh: Callable[[T], int] = lambda _: 0,
    most: int = 0,
) -> Generator[None, None, tuple[list[list[T]], bool]]:
    """What was read of the processes, for each time that they were listed, and whether none was missed at last.

    `read` returns None for a process that has gone. Then they are listed again, and the new ones read, so that nothing
    escapes by moving from process to process; also where there are new ones, whose parents may have kept nothing. The
    youngest come first: what moves is with them. A process whose parent made it before it went is in the next listing,
    as numbers go up. When those of one listing weigh more than `most` together, no others are read.
    """
    known: dict[str, T] = {}
    rounds: list[list[T]] = []
    gone = False
    for _ in range(_ROUNDS):
        processes.find()
        pids = processes.pids
        if rounds and not gone and known.keys() >= set(pids):
            break
        gone, weight = False, sum(weigh(known[pid]) for pid in pids if pid in known)
        yield
        for pid in reversed(pids):
            if pid not in known:
                found = yield from read(pid)
                if found is None:
                    gone = True
                else:
                    known[pid] = found
                    weight += weigh(found)
                if weight > most:
                    break
                yield
        rounds.append([known[pid] for pid in pids if pid in known])
        if weight > most:
            return rounds, True
    return rounds, not gone
