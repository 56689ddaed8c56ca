"""Artifacts as files named by their sha256, which appear whole or not at all, and know when they were used last.

A file's modification time is the time of its last use, in whole milliseconds: any other time means that somebody wrote
to the file. The sticky bit, which means nothing else on a file, marks one that is about to go (`removal.py`).
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass

FLIGHT = ".flight"
"""How the files of `flights.py` end, which lie beside what is on its way."""
_GOING = 0o1000
_MILLISECOND = 1_000_000
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Held:
    """A file that is there. `size` is in bytes; `used` and `changed` are in seconds since the epoch.

    `written` tells that somebody else than us wrote to it; `going`, that it is about to go, since `changed`.
    """

    sha256: str
    size: int
    used: float
    changed: float
    written: bool
    going: bool


class ArtifactFiles:
    """The files below one folder: `sha256/ab/abcd…`, and `incoming/` for what is still on its way."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.committed = 0
        """How many artifacts this process has added."""
        self._kept = os.path.join(folder, "sha256")
        self._incoming = os.path.join(folder, "incoming")
        os.makedirs(self._kept, mode=0o700, exist_ok=True)
        os.makedirs(self._incoming, mode=0o700, exist_ok=True)

    def path(self, sha256: str) -> str:
        """Where an artifact is, or would be."""
        return f"{self._kept}/{sha256[:2]}/{sha256}"

    def has(self, sha256: str, size: int | None = None) -> bool:
        """Whether an artifact is there to stay, and of the size it should have."""
        try:
            found = os.stat(self.path(sha256))
        except OSError:
            return False
        return (size is None or found.st_size == size) and not found.st_mode & _GOING

    def held(self, sha256: str) -> Held | None:
        """What is there under a hash, or None."""
        try:
            return _held(sha256, os.stat(self.path(sha256), follow_symlinks=False))
        except OSError:
            return None

    def walk(self) -> Iterator[Held]:
        """All files that are there."""
        for folder in sorted(os.listdir(self._kept)):
            with contextlib.suppress(OSError), os.scandir(f"{self._kept}/{folder}") as entries:
                for entry in entries:
                    if _SHA256.fullmatch(entry.name):
                        with contextlib.suppress(FileNotFoundError):
                            yield _held(entry.name, entry.stat(follow_symlinks=False))

    def touch(self, sha256: str, now: float) -> None:
        """Note that an artifact is used now."""
        with contextlib.suppress(OSError):
            os.utime(self.path(sha256), ns=_stamp(now))

    def incoming(self) -> tuple[int, str]:
        """A new file to download into: its descriptor, open for reading and writing, and its path.

        The lock on it lasts as long as anybody writes or follows it, and tells `sweep` that it is not abandoned.
        """
        while True:
            path = f"{self._incoming}/{secrets.token_hex(16)}"
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            if os.fstat(descriptor).st_nlink:  # no sweep came between the two calls
                return descriptor, path
            os.close(descriptor)

    def arriving(self, name: str) -> tuple[int, str] | None:
        """A file that another process downloads into, or did before it was killed, as `incoming` gives it."""
        path = f"{self._incoming}/{os.path.basename(name)}"
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            return None
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        if os.fstat(descriptor).st_nlink:
            return descriptor, path
        os.close(descriptor)
        return None

    def flight(self, key: str) -> str:
        """Where the processes that want one artifact meet."""
        return f"{self._incoming}/{hashlib.sha256(key.encode()).hexdigest()[:32]}{FLIGHT}"

    @contextlib.contextmanager
    def staging(self) -> Iterator[str]:
        """A folder for many files on their way, gone at the end; after a kill it goes with the next sweep."""
        while True:
            path = f"{self._incoming}/{secrets.token_hex(16)}"
            os.mkdir(path, 0o700)
            try:
                descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            except FileNotFoundError:
                continue
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            if os.path.exists(path):  # no sweep came between these calls
                break
            os.close(descriptor)
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)
            os.close(descriptor)

    def place(self, path: str, sha256: str, *, shared: bool = False) -> None:
        """Make a flushed file in `staging` an artifact, used now unless it is another cache's as well.

        The caller holds the lock that adding one takes.
        """
        if not shared:
            os.utime(path, ns=_stamp(time.time()))
        final = self.path(sha256)
        os.makedirs(os.path.dirname(final), mode=0o700, exist_ok=True)
        os.rename(path, final)
        self.committed += 1

    def commit(self, descriptor: int, path: str, sha256: str) -> str:
        """Make a verified download an artifact, for good: flushed, read-only, renamed. Returns its path."""
        final = self.path(sha256)
        os.makedirs(os.path.dirname(final), mode=0o700, exist_ok=True)
        os.fchmod(descriptor, 0o400)
        os.utime(descriptor, ns=_stamp(time.time()))
        os.fsync(descriptor)
        with self.lock(fcntl.LOCK_SH):
            os.rename(path, final)
        self.committed += 1
        return final

    def discard(self, path: str) -> None:
        """Forget a download; "" is none."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)

    @contextlib.contextmanager
    def lock(self, how: int, name: str = "lock") -> Iterator[None]:
        """Hold a lock of this cache's: shared to add an artifact, exclusive to take one away. Raises BlockingIOError
        where `how` says not to wait.
        """
        descriptor = os.open(f"{self.folder}/{name}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, how)
            yield
        finally:
            os.close(descriptor)

    def sweep(self) -> int:
        """Remove downloads whose mirror was killed, and that nobody follows; how many there were."""
        names = sorted(os.listdir(self._incoming), key=lambda name: name.endswith(FLIGHT))
        return sum(self._sweep(f"{self._incoming}/{name}") for name in names)

    def _sweep(self, path: str) -> bool:
        how = os.O_RDONLY | os.O_DIRECTORY if os.path.isdir(path) else os.O_RDWR
        try:
            descriptor = os.open(path, how | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if how & os.O_DIRECTORY:
                shutil.rmtree(path, ignore_errors=True)
            else:
                self.discard(path)
            return not path.endswith(FLIGHT)
        except BlockingIOError:
            return False
        finally:
            os.close(descriptor)

    def verify(self, sha256: str) -> bool:
        """Whether the bytes are still those that were kept."""
        digest = hashlib.sha256()
        try:
            with open(self.path(sha256), "rb") as file:
                while chunk := file.read(1 << 20):
                    digest.update(chunk)
        except OSError:
            return False
        return digest.hexdigest() == sha256


def _held(sha256: str, found: os.stat_result) -> Held:
    return Held(
        sha256,
        found.st_size,
        found.st_mtime,
        found.st_ctime,
        bool(found.st_mtime_ns % _MILLISECOND),
        bool(found.st_mode & _GOING),
    )


def _stamp(now: float) -> tuple[int, int]:
    milliseconds = int(now * 1000) * _MILLISECOND
    return milliseconds, milliseconds
