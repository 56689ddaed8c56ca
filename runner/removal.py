"""Removing a folder with all that a program may have left in it: never through a link, within a time, and resumable.

A folder that lies many levels deep is moved to the top before it is emptied: so no path is too long, and few
descriptors are open. Whoever goes on later has no more to do than what is left.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Callable

_FOLDER = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_LEVELS = 16
"""How many folders are open at once; few trees are deeper."""
_ALL = 0o700


def removed(folder: str, name: str, seconds: float, clock: Callable[[], float] = time.monotonic) -> bool:
    """Remove a name from a folder of ours, with all that is below it; whether it is gone.

    It gives up after so many seconds, and passes over what it cannot remove; another call goes on with what is left.
    Raises OSError when the folder cannot be opened.
    """
    parent = os.open(folder, os.O_RDONLY | _FOLDER)
    try:
        with contextlib.suppress(_Late):
            _Removal(clock() + seconds, clock).removed(parent, name, is_folder=_is_folder(parent, name))
        return not _is_there(parent, name)
    finally:
        os.close(parent)


class _Late(Exception):
    """The time is over."""


class _Removal:
    """One removal. A name that is something else by the time that it is removed stays, until it is looked at again."""

    def __init__(self, until: float, clock: Callable[[], float]) -> None:
        self._until, self._clock = until, clock

    def removed(self, parent: int, name: str, *, is_folder: bool, top: int = -1, levels: int = _LEVELS) -> bool:
        """Whether a name is gone from an open folder. Raises _Late.

        `top` is the folder to which deeper ones are moved, -1 for this one; `levels` is how many more may be open.
        """
        if self._clock() > self._until:
            raise _Late
        try:
            if not is_folder:
                os.unlink(name, dir_fd=parent)
                return True
            folder = _opened(parent, name)
            try:
                if levels == 0:
                    os.rename(name, secrets.token_hex(16), src_dir_fd=parent, dst_dir_fd=top)
                    return True
                self._empty(folder, folder if top < 0 else top, levels - 1)
            finally:
                os.close(folder)
            os.rmdir(name, dir_fd=parent)
        except FileNotFoundError:
            pass
        except OSError:
            return False
        return True

    def _empty(self, folder: int, top: int, levels: int) -> None:
        """Remove what is in a folder, and what comes to the top meanwhile, as long as anything goes. Raises _Late."""
        progress = True
        while progress:
            progress = False
            with os.scandir(folder) as entries:
                for entry in entries:
                    is_folder = entry.is_dir(follow_symlinks=False)
                    if self.removed(folder, entry.name, is_folder=is_folder, top=top, levels=levels):
                        progress = True


def _opened(parent: int, name: str) -> int:
    """A folder, open, with all permissions that its owner can give; without them nothing in it can be removed."""
    unread = os.open(name, os.O_PATH | _FOLDER, dir_fd=parent)
    try:
        if os.fstat(unread).st_mode & _ALL != _ALL:
            os.chmod(f"/proc/self/fd/{unread}", _ALL)
        return os.open(".", os.O_RDONLY | _FOLDER, dir_fd=unread)
    finally:
        os.close(unread)


def _is_folder(parent: int, name: str) -> bool:
    try:
        os.close(os.open(name, os.O_PATH | _FOLDER, dir_fd=parent))
    except OSError:
        return False
    return True


def _is_there(parent: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=parent, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True
