"""A lock by which the doctor sees, from outside of a sandbox, whether a process in it lives on.

Part of the program in `probe.py`: Python's standard library alone.
"""

from __future__ import annotations

import fcntl
import os
import time

_HELD_SECONDS = 30


def hold(path: str, end: str, tell: int) -> None:
    """Hold a lock until the file `end` is there, 30 s at most; whoever finds it free knows that we are gone."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    os.write(tell, b"held\n")
    os.close(tell)
    deadline = time.monotonic() + _HELD_SECONDS
    while not os.path.exists(end) and time.monotonic() < deadline:
        time.sleep(0.05)


def held(path: str) -> bool:
    """Whether somebody holds the lock; nobody does where there is none. Raises OSError."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
