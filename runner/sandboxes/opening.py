"""Opening what is in a workspace: by descriptor, one name at a time, through no link."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from jhansi_runner.runner.sandboxes.names import Parts

OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
OPEN_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY | os.O_CLOEXEC
_OWNER, _READ, _ENTER = 0o700, 0o400, 0o500


class Gone(Exception):
    """What was seen is not there any more, or something else."""


def descend(top: int, names: Parts, *, make: bool = False) -> int:
    """Open a folder below an open one, which the caller closes; `make` those that are missing. Raises OSError."""
    at = os.dup(top)
    try:
        for name in names:
            below = _made(at, name) if make else os.open(name, OPEN_FOLDER, dir_fd=at)
            os.close(at)
            at = below
    except BaseException:
        os.close(at)
        raise
    return at


def _made(parent: int, name: bytes) -> int:
    made = False
    with suppress(FileExistsError):
        os.mkdir(name, 0o755, dir_fd=parent)
        made = True
    folder = os.open(name, OPEN_FOLDER, dir_fd=parent)
    if made:  # whatever the umask is
        os.fchmod(folder, 0o755)
    return folder


@contextmanager
def readable(parent: int, name: bytes) -> Iterator[tuple[int, os.stat_result]]:
    """Open a file or folder to read it, and what it was; one that is closed to its owner is opened for that long.

    Raises Gone for anything else, OSError.
    """
    descriptor, found, forced = _forced(parent, name)
    try:
        yield descriptor, found
    finally:
        try:
            if forced:
                os.fchmod(descriptor, stat.S_IMODE(found.st_mode))
        finally:
            os.close(descriptor)


def open_up(unread: int) -> int:
    """A folder of which the descriptor cannot read, open, and by its owner to be changed as well. Raises OSError."""
    try:
        if os.fstat(unread).st_mode & _OWNER != _OWNER:
            os.chmod(f"/proc/self/fd/{unread}", _OWNER)
        return os.open(f"/proc/self/fd/{unread}", OPEN_FOLDER & ~os.O_NOFOLLOW)
    finally:
        os.close(unread)


def _forced(parent: int, name: bytes) -> tuple[int, os.stat_result, bool]:
    """It is seen what it is before it is opened, so that no pipe or device ever is."""
    try:
        unread = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    except FileNotFoundError:
        raise Gone from None
    try:
        found = os.fstat(unread)
        folder = stat.S_ISDIR(found.st_mode)
        if not folder and not stat.S_ISREG(found.st_mode):
            raise Gone
        needed = _ENTER if folder else _READ
        here = f"/proc/self/fd/{unread}"
        if closed := found.st_mode & needed != needed:
            os.chmod(here, _OWNER)
        return os.open(here, (OPEN_FOLDER if folder else OPEN_FILE) & ~os.O_NOFOLLOW), found, closed
    finally:
        os.close(unread)
