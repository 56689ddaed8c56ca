"""Files that an installer left, or a program: no link is followed, and nothing but a file is read."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator

_BLOCK_BYTES = 1 << 18


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


def sha256_of(path: str) -> bytes | None:
    """The sha256 of a file, None for what is no file or cannot be read."""
    found = hashlib.sha256()
    try:
        for block in blocks(path):
            found.update(block)
    except OSError:
        return None
    return found.digest()


def files(site: str, inside: str = "") -> Iterator[tuple[str, bool]]:
    """What is below a folder and is no folder itself, and whether it is a regular file; no link is followed."""
    with os.scandir(f"{site}/{inside}") as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from files(site, f"{inside}{entry.name}/")
            else:
                yield inside + entry.name, entry.is_file(follow_symlinks=False)
