"""Whether a disk has room for what a bundle is about to write."""

from __future__ import annotations

import os

from jhansi_runner.proxy.policy.sizes import size_text

_SPARE = 64 << 20
"""Bytes that stay free: the database needs some, and so do others."""


class NoRoom(OSError):
    """There is not enough room on the disk."""


def require(place: str | int, needed: int) -> None:
    """Raise NoRoom unless the file system of a path or descriptor takes so many bytes, and some more."""
    found = os.statvfs(place)
    free = found.f_bavail * found.f_frsize
    if needed + _SPARE > free:
        words = f"the cache's disk has {size_text(free)} free, and {size_text(needed + _SPARE)} are needed"
        raise NoRoom(f"{words}: make room, or set JHANSI_HOME to a folder with more")
