"""What is done now and then: sandboxes whose time is over go, logs beyond the bound, and what killed processes left.

History has a bound for each owner: who creates and deletes without end fills no disk, and takes nobody else's away.
"""

from __future__ import annotations

import contextlib
import os

from jhansi_runner.proxy.paths import Paths
from jhansi_runner.runner.sandboxes import owners, waste
from jhansi_runner.runner.sandboxes.places import Place
from jhansi_runner.runner.sandboxes.run_rows import Runs
from jhansi_runner.runner.sandboxes.store import Sandboxes

MOST_DELETED, MOST_ENDED = 5_000, 50_000
"""Deleted sandboxes, and runs that have ended, of which the latest are known of each owner."""


def log_of(folders: Paths, run: str) -> str:
    """The file of a run's events."""
    return f"{folders.service}/logs/{run}"


def upkeep(folders: Paths, sandboxes: Sandboxes, runs: Runs, most: int) -> None:
    """Do all of it; `most` are the bytes that logs and outputs of all runs may have. Raises SandboxError, OSError."""
    settle(folders, runs)
    expire(folders, sandboxes, runs)
    drop_logs(folders, runs, most)
    waste.sweep(folders, sandboxes.is_living)
    owners.sweep(folders.service)
    forget(folders, sandboxes, runs)


def settle(folders: Paths, runs: Runs) -> None:
    """Mark as lost what ended processes ran. Raises SandboxError, OSError."""
    for run in runs.settle(lambda server: owners.is_alive(folders.service, server)):
        with contextlib.suppress(FileNotFoundError):
            runs.keeps(run, os.stat(log_of(folders, run)).st_size)


def expire(folders: Paths, sandboxes: Sandboxes, runs: Runs) -> None:
    """Delete the sandboxes whose time is over, and that are not busy. Raises SandboxError, OSError."""
    for each in sandboxes.expired():
        if runs.going_on(each):
            continue
        lock = None
        with contextlib.suppress(FileNotFoundError):
            lock = Place(folders, each).hold()
            if lock is None:
                continue
        try:
            if sandboxes.delete(each, expired=True):
                waste.discard(folders, each)
        finally:
            if lock is not None:
                os.close(lock)


def forget(folders: Paths, sandboxes: Sandboxes, runs: Runs) -> None:
    """Keep no more history than there is room for. Raises SandboxError, OSError."""
    ended = runs.past(MOST_ENDED)
    for each in ended:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(log_of(folders, each))
    runs.forget(ended)
    # a folder that is there still is a sweep's, which has to find that its sandbox is deleted
    deleted = sandboxes.past(MOST_DELETED)
    sandboxes.forget([each for each in deleted if not os.path.lexists(Place(folders, each).folder)])


def drop_logs(folders: Paths, runs: Runs, most: int) -> None:
    """Remove old logs of whoever has the most, so that all have at most so many bytes. Raises SandboxError, OSError."""
    for each in runs.beyond(most):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(log_of(folders, each))
        runs.let_go(each)
