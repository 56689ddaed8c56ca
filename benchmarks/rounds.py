"""Measuring side by side: A B A B, so that a machine whose speed drifts drifts for all alike."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence


def alternate(count: int, *measures: Callable[[], float]) -> list[list[float]]:
    """What each measure gave, in `count` rounds; every round takes all of them, in turn.

    The order within a round is turned around every other time, so that nobody always comes first.
    """
    found: list[list[float]] = [[] for _ in measures]
    for number in range(count):
        order = range(len(measures)) if number % 2 == 0 else reversed(range(len(measures)))
        for index in order:
            found[index].append(measures[index]())
    return found


def seconds(argv: Sequence[str], env: Mapping[str, str], cwd: str = "/") -> float:
    """How long a command takes from spawn to reaped, its output thrown away.

    Raises RuntimeError with its last words if it fails.
    """
    null, words = os.open(os.devnull, os.O_RDWR), os.memfd_create("stderr", os.MFD_CLOEXEC)
    actions = [(os.POSIX_SPAWN_DUP2, source, number) for number, source in enumerate((null, null, words))]
    try:
        os.chdir(cwd)
        began = time.perf_counter()
        pid = os.posix_spawn(argv[0], list(argv), env, file_actions=actions)
        _, status = os.waitpid(pid, 0)
        taken = time.perf_counter() - began
        if status != 0:
            said = os.pread(words, 1 << 16, 0).decode("utf-8", "replace").strip()[-500:]
            raise RuntimeError(f"exit code {os.waitstatus_to_exitcode(status)} from {' '.join(argv)[:200]}: {said}")
    finally:
        os.chdir("/")
        os.close(null)
        os.close(words)
    return taken
