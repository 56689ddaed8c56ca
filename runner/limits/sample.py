"""Reads something of every process of a sandbox, in small steps, though processes come and go meanwhile."""

from __future__ import annotations

import time

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
    *,
    weigh: Callable[[T], int] = lambda _: 0,
    most: int = 0,
    urgency: Callable[[str], int] = lambda _: 0,
    seconds: float = 1e9,
) -> Generator[None, None, tuple[list[list[T]], bool]]:
    """What was read of the processes, for each time that they were listed, and whether none was missed at last.

    `read` returns None for a process that has gone. Then they are listed again, and the new ones read, so that nothing
    escapes by moving from process to process; also where there are new ones, whose parents may have kept nothing. Those
    of the most `urgency`, which takes their number, come first, and of equals the youngest: what moves is with them. A
    process whose parent made it before it went is in the next listing, as numbers go up.

    When those of one listing weigh more than `most` together, no others are read, and none after `seconds` of CPU.
    """
    until = time.process_time() + seconds
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
        for pid in sorted((each for each in pids[::-1] if each not in known), key=urgency, reverse=True):
            found = yield from read(pid)
            if found is None:
                gone = True
            else:
                known[pid] = found
                weight += weigh(found)
            is_late = time.process_time() > until
            if weight > most or is_late:
                rounds.append([known[pid] for pid in pids if pid in known])
                return rounds, not is_late
            yield
        rounds.append([known[pid] for pid in pids if pid in known])
    return rounds, not gone
