"""Workspaces whose folder is gone, and forgetting them: what was built or kept for one of them alone helps nobody else.

Which workspaces there were is told by the journal of runs; what it does not tell of is left. The records stay.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.paths import Paths
from jhansi_runner.runner import staging
from jhansi_runner.runner.evidence.index import Index
from jhansi_runner.runner.evidence.runs import RUNNING, Run
from jhansi_runner.runner.workspace_lock import while_idle

_ALL_RUNS = -1
_SANDBOX = re.compile(r"[0-9a-f]{16}")
_REMOVING_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Gone:
    """A workspace whose folder is gone: its true path, and the names of what is kept for it, by `Job.sandbox`."""

    path: str
    sandboxes: tuple[str, ...]


def gone(folders: Paths, unused: float, clock: Callable[[], float] = time.time) -> list[Gone]:
    """The workspaces that are gone, that nothing ran in for so many seconds, and that something is kept for, by path.

    Only those of this host: on another one the same path is another folder. Raises OSError.
    """
    found: dict[str, list[Run]] = {}
    try:
        with Index(folders.runs) as index:
            for run in index.latest(_ALL_RUNS):
                found.setdefault(run.workspace, []).append(run)
    except FileNotFoundError:  # nothing ever ran
        return []
    before, here = clock() - unused, os.uname().nodename
    candidates = [
        Gone(path, tuple(sorted({run.sandbox for run in runs if _is_kept(folders, run.sandbox)})))
        for path, runs in sorted(found.items())
        if all(run.host == here and run.state != RUNNING and _last(run) < before for run in runs)
    ]
    return [one for one in candidates if one.sandboxes and is_gone(one.path)]


def forget(folders: Paths, workspaces: Sequence[Gone]) -> tuple[list[Gone], bool]:
    """Remove what is kept for workspaces that are gone: those that were forgotten, and whether nothing is left of them.

    One in which a program still runs is left. It is resumable: what was forgotten lies with the stages of installs, and
    goes with them. Raises OSError.
    """
    staging.sweep(paths.make(folders.staging))
    if not workspaces:
        return [], True
    folder, lock = staging.claimed(folders.staging)
    try:
        done = [one for one in workspaces if while_idle(folders, one.path, partial(_put_away, folders, one, folder))]
    finally:
        whole = staging.released(folder, lock, _REMOVING_SECONDS)
    return done, whole


def is_gone(path: str) -> bool:
    """Whether a folder is certainly gone: what should hold it can be read, and holds other things.

    A folder that is missing with all that was beside it may be on a disk that is away.
    """
    parent, name = os.path.split(path)
    try:
        folder = os.open(parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        with os.scandir(folder) as entries:
            if next(entries, None) is None:
                return False
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    finally:
        os.close(folder)
    return False


def _is_kept(folders: Paths, sandbox: str) -> bool:
    return _SANDBOX.fullmatch(sandbox) is not None and os.path.lexists(folders.private(sandbox))


def _last(run: Run) -> float:
    return run.began + (run.milliseconds or 0) / 1000


def _put_away(folders: Paths, one: Gone, folder: str) -> bool:
    return is_gone(one.path) and put_away(folders, one.sandboxes, folder)


def put_away(folders: Paths, sandboxes: Sequence[str], folder: str) -> bool:
    """Move what is kept for some workspaces, by `Job.sandbox`, into a folder on the same file system; True.

    Raises OSError.
    """
    for sandbox in sandboxes:
        kept = folders.private(sandbox)
        if os.path.isdir(kept) and not os.path.islink(kept):
            os.chmod(kept, 0o700)  # else it may not be one that can be moved
        os.rename(kept, f"{folder}/{sandbox}")
    return True
