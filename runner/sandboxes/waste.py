"""Deleting: what goes is renamed into a folder of waste in one step, and emptied there, by whoever comes by.

The order is: the row says that it is deleted, what is kept for it alone goes, then the folder. A sweep goes on with
what a killed process left, as long as the folder is there; each step may be done again.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Callable
from functools import partial

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.paths import Paths
from jhansi_runner.runner import staging
from jhansi_runner.runner.gone import put_away
from jhansi_runner.runner.removal import removed
from jhansi_runner.runner.sandboxes.places import Place, is_half_made, is_id, key
from jhansi_runner.runner.workspace_lock import forget_workspace, while_idle

_REMOVING_SECONDS = 60.0
_YOUNG_SECONDS = 60.0


def folder_of(folders: Paths) -> str:
    """Where waste is: on the file system of the sandboxes, so that a rename is all that it takes."""
    return paths.make(f"{folders.data}/waste")


def discard(folders: Paths, sandbox: str, seconds: float = _REMOVING_SECONDS) -> None:
    """Remove the folder of a deleted sandbox and what is kept for it alone; what takes longer is left to `sweep`.

    Raises OSError.
    """
    place = Place(folders, sandbox)
    _forget(folders, place, seconds)
    try:
        waste, lock = staging.claimed(folder_of(folders))
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        removed(folders.sandboxes, sandbox, seconds)  # where there is no room for a folder to put it in
        return
    try:
        with contextlib.suppress(FileNotFoundError):
            os.rename(place.folder, f"{waste}/{sandbox}")
    finally:
        staging.released(waste, lock, seconds)


def throw(folders: Paths, path: str, seconds: float = _REMOVING_SECONDS) -> bool:
    """Remove one folder of a sandbox, such as a snapshot; False where it is not there. Raises OSError."""
    waste, lock = staging.claimed(folder_of(folders))
    try:
        os.rename(path, f"{waste}/thrown")
    except FileNotFoundError:
        return False
    finally:
        staging.released(waste, lock, seconds)
    return True


def sweep(folders: Paths, is_living: Callable[[str], bool | None], clock: Callable[[], float] = time.time) -> None:
    """Go on with what killed processes left. `is_living` tells of an id, None where it has no row. Raises OSError."""
    staging.sweep(folder_of(folders))
    with contextlib.suppress(FileNotFoundError):
        for name in os.listdir(folders.sandboxes):
            living = is_living(name) if is_id(name) else True
            if living is False or (living is None and _is_abandoned(Place(folders, name), clock)):
                discard(folders, name)


def _is_abandoned(place: Place, clock: Callable[[], float]) -> bool:
    """Whether a folder without a row was never finished; any other is kept, for its row may have been lost."""
    try:
        lock = place.hold()
    except FileNotFoundError:  # it was made, and then nothing in it
        with contextlib.suppress(OSError):
            if clock() - os.stat(place.folder).st_mtime > _YOUNG_SECONDS:
                os.rmdir(place.folder)
        return False
    if lock is None:
        return False
    try:
        return is_half_made(lock)
    finally:
        os.close(lock)


def _forget(folders: Paths, place: Place, seconds: float) -> None:
    """Remove private sets and the like; where a program still runs, which should not be, they stay for a sweep."""
    if os.path.lexists(folders.private(key(place.id))):
        folder, lock = staging.claimed(paths.make(folders.staging))
        try:
            with contextlib.suppress(FileNotFoundError):  # somebody else was faster
                while_idle(folders, place.work, partial(put_away, folders, (key(place.id),), folder))
        finally:
            staging.released(folder, lock, seconds)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(f"{folders.state}/missing/{key(place.id)}.txt")
    forget_workspace(folders, place.work)
