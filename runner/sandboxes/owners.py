"""Who is alive: each process that uses the core holds a lock, by whose name others tell whether it has ended.

Source: ADR 16; flock(2).
"""

from __future__ import annotations

import contextlib
import fcntl
import os

from jhansi_runner.proxy import paths
from jhansi_runner.runner import staging

_DIGITS = 32
_HEX = frozenset("0123456789abcdef")


class Presence:
    """The lock of this process, until it is closed or the process ends."""

    __slots__ = ("_file", "_folder", "name")

    def __init__(self, service: str) -> None:
        """`service` is the folder of the service's state. Raises OSError, UnsafeFolder."""
        self._folder = paths.make(f"{service}/owners")
        while True:
            self.name = os.urandom(_DIGITS // 2).hex()
            path = f"{self._folder}/{self.name}"
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX)
            if staging.is_at(self._file, path):  # else somebody who looks for dead ones was faster
                return
            os.close(self._file)

    def close(self) -> None:
        """Be gone."""
        with contextlib.suppress(OSError):
            os.unlink(f"{self._folder}/{self.name}")
        os.close(self._file)


def is_alive(service: str, name: str) -> bool:
    """Whether the process that a name stands for has not ended. Raises OSError when it cannot be told."""
    if len(name) != _DIGITS or not _HEX.issuperset(name):
        return False
    path = f"{service}/owners/{name}"
    try:
        file = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        with contextlib.suppress(OSError):
            os.unlink(path)
        return False
    finally:
        os.close(file)


def sweep(service: str) -> None:
    """Remove what ended processes left. Raises OSError."""
    for name in os.listdir(f"{service}/owners"):
        is_alive(service, name)
