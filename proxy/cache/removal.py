"""Takes artifacts away, while other processes send and add some.

Whoever has a file open keeps it. But between the moment when a mirror decides to send a file and the one when its
server opens it, the file must not go: the client would be told that there is none. So it goes in two steps: first it
is marked, and from then on nobody decides to send it; a while later it is removed. Its row goes before that, so that
no row is without a file, whoever is killed in between.
"""

from __future__ import annotations

import fcntl
import os

from jhansi_runner.proxy.cache.artifacts import ArtifactFiles, Held
from jhansi_runner.proxy.cache.store import Store

GRACE_SECONDS = 3.0
"""How long a marked file stays. A server opens what it was told to send within milliseconds."""
RECENT_SECONDS = 2.0
"""What was kept or used so lately stays: those who waited for it are about to look for it."""
_GOING_MODE = 0o1400


def mark(store: Store, files: ArtifactFiles, held: Held, now: float) -> bool:
    """Take the first step; False when the file was used since it was looked at, or just now, or is gone."""
    with files.lock(fcntl.LOCK_EX):
        found = files.held(held.sha256)
        if found is None or found.used > held.used or found.going:
            return False
        if 0 <= now - found.used < RECENT_SECONDS:
            return False
        store.forget_file(held.sha256)
        os.chmod(files.path(held.sha256), _GOING_MODE)
    return True


def remove(store: Store, files: ArtifactFiles, sha256: str, now: float) -> int:
    """Take the second step if its time has come; how many bytes were freed."""
    with files.lock(fcntl.LOCK_EX):
        found = files.held(sha256)
        if found is None or not found.going or 0 <= now - found.changed < GRACE_SECONDS:
            return 0
        store.forget_file(sha256)
        os.unlink(files.path(sha256))
    return found.size


def quarantine(store: Store, files: ArtifactFiles, sha256: str, now: float) -> str:
    """Move a damaged file aside, for people to look at; where it is now.

    "" when it went, or a good one took its place meanwhile: it is read once more while nobody can add one.
    """
    folder = os.path.join(files.folder, "quarantine")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    target = f"{folder}/{sha256}.{int(now)}"
    with files.lock(fcntl.LOCK_EX):
        found = files.held(sha256)
        if found is None or found.going or files.verify(sha256):
            return ""
        store.forget_file(sha256)
        os.rename(files.path(sha256), target)
    return target
