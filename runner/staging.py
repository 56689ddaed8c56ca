"""Folders for installers to work in, each with a lock file beside it, held by the runner that made it until its end.

The lock is on a file of its own and not on the folder: locks on folders are not seen on other hosts that share a home.
What nobody holds was left by a runner that was killed, and goes with a later one, whatever is in it.

Source: flock(2), "NFS details".
"""

from __future__ import annotations

import fcntl
import os
import secrets
import time

from jhansi_runner.runner.removal import removed

_LOCK = ".lock"
_SWEEP_SECONDS = 10.0


def claimed(staging: str) -> tuple[str, int]:
    """A new folder, and the lock that makes it ours until it is closed. Raises OSError."""
    while True:
        folder = f"{staging}/{secrets.token_hex(8)}"
        lock = os.open(folder + _LOCK, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if is_at(lock, folder + _LOCK):  # else somebody who sweeps was faster
                os.mkdir(folder, 0o700)
                return folder, lock
        except OSError:
            os.close(lock)
            raise
        os.close(lock)


def released(folder: str, lock: int, seconds: float) -> bool:
    """Remove a folder and let it go; False when something of it is left, which a later sweep goes on with.

    Raises OSError.
    """
    staging, name = os.path.split(folder)
    try:
        gone = removed(staging, name, seconds)
        if gone:
            os.unlink(folder + _LOCK)
        return gone
    finally:
        os.close(lock)


def sweep(staging: str, seconds: float = _SWEEP_SECONDS) -> None:
    """Remove what runners left that were killed, for so many seconds at most. Raises OSError."""
    until = time.monotonic() + seconds
    for name in sorted({name.removesuffix(_LOCK) for name in os.listdir(staging)}):
        folder = f"{staging}/{name}"
        lock = os.open(folder + _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # somebody works there
            os.close(lock)
            continue
        if is_at(lock, folder + _LOCK):
            released(folder, lock, until - time.monotonic())
        else:
            os.close(lock)


def is_at(lock: int, path: str) -> bool:
    """Whether a lock file is still the one with its name: else another one may be, which somebody else holds."""
    try:
        return os.path.samestat(os.fstat(lock), os.stat(path, follow_symlinks=False))
    except FileNotFoundError:
        return False
