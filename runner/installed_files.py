"""Files that an installer left, or a program: no link is followed, nothing but a file is read, and there is an end."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Generator, Iterator

_BLOCK_BYTES = 1 << 18
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
MAX_DEPTH, MAX_NAMES = 200, 1 << 20
"""Levels of folders, and names in all of them: no installation that works has more."""


def blocks(path: str) -> Iterator[bytes]:
    """A file's bytes. Raises OSError, also for what is no regular file: a pipe would pass for an empty one."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(0, "not a file", path)
        while data := os.read(descriptor, _BLOCK_BYTES):
            yield data
    finally:
        os.close(descriptor)


def sha256_of(path: str, most: int | None = None) -> bytes | None:
    """The sha256 of a file, None for what is no file, cannot be read, or has more than `most` bytes."""
    found, size = hashlib.sha256(), 0
    try:
        for block in blocks(path):
            found.update(block)
            size += len(block)
            if most is not None and size > most:
                return None
    except OSError:
        return None
    return found.digest()


def names(site: str) -> list[str]:
    """What is in a folder itself, in order. Raises OSError, also when there is too much."""
    found: list[str] = []
    with os.scandir(site) as entries:
        for entry in entries:
            if len(found) == MAX_NAMES:
                raise _too_much(site)
            found.append(entry.name)
    return sorted(found)


def files(site: str) -> Generator[tuple[str, bool], None, None]:
    """What is below a folder and is no folder itself, by its path there, and whether it is a regular file.

    No link is followed. Raises OSError, also when there are more names or levels than an installation has.
    """
    folders, left = [_Folder("", os.open(site, _FOLDER))], MAX_NAMES
    try:
        while folders:
            here = folders[-1]
            entry = next(here.entries, None)
            if entry is None:
                folders.pop().close()
                continue
            left -= 1
            if left < 0 or len(folders) > MAX_DEPTH:
                raise _too_much(site)
            if entry.is_dir(follow_symlinks=False):
                below = os.open(entry.name, _FOLDER, dir_fd=here.descriptor)
                folders.append(_Folder(f"{here.path}{entry.name}/", below))
            else:
                yield here.path + entry.name, entry.is_file(follow_symlinks=False)
    finally:
        for each in folders:
            each.close()


class _Folder:
    """An open folder on the way: its path, and what of it was not looked at yet."""

    def __init__(self, path: str, descriptor: int) -> None:
        self.path, self.descriptor, self.entries = path, descriptor, os.scandir(descriptor)

    def close(self) -> None:
        self.entries.close()
        os.close(self.descriptor)


def _too_much(site: str) -> OSError:
    what = f"more than {MAX_NAMES} names or {MAX_DEPTH} levels of folders are in it: no installation has so many"
    return OSError(errno.E2BIG, what, site)
