"""How the work of something grows with its input, by the processor's time of this process alone."""

from __future__ import annotations

import time
from collections.abc import Callable

TIMES = 16


def growth(work: Callable[[int], object], size: int) -> float:
    """How many times as much work an input of `TIMES` the size is: about `TIMES` where it is linear."""
    return _least(work, TIMES * size) / max(_least(work, size), 1e-4)


def _least(work: Callable[[int], object], size: int) -> float:
    spent = []
    for _ in range(3):
        begun = time.process_time()
        work(size)
        spent.append(time.process_time() - begun)
    return min(spent)
