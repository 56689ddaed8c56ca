"""Artifacts as files named by their sha256, which appear whole or not at all."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import secrets


class ArtifactFiles:
    """The files below one folder: `sha256/ab/abcd…`, and `incoming/` for what is still on its way."""

    def __init__(self, folder: str) -> None:
        self._kept = os.path.join(folder, "sha256")
        self._incoming = os.path.join(folder, "incoming")
        os.makedirs(self._kept, mode=0o700, exist_ok=True)
        os.makedirs(self._incoming, mode=0o700, exist_ok=True)

    def path(self, sha256: str) -> str:
        """Where an artifact is, or would be."""
        return f"{self._kept}/{sha256[:2]}/{sha256}"

    def has(self, sha256: str, size: int | None = None) -> bool:
        """Whether an artifact is there, and of the size it should have."""
        try:
            found = os.stat(self.path(sha256)).st_size
        except OSError:
            return False
        return size is None or found == size

    def incoming(self) -> tuple[int, str]:
        """A new file to download into: its descriptor, open for reading and writing, and its path.

        The lock on it lasts as long as its writer and tells `sweep` that it is not abandoned.
        """
        while True:
            path = f"{self._incoming}/{secrets.token_hex(16)}"
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if os.fstat(descriptor).st_nlink:  # no sweep came between the two calls
                return descriptor, path
            os.close(descriptor)

    def commit(self, descriptor: int, path: str, sha256: str) -> str:
        """Make a verified download an artifact, for good: flushed, read-only, renamed. Returns its path."""
        final = self.path(sha256)
        os.makedirs(os.path.dirname(final), mode=0o700, exist_ok=True)
        os.fchmod(descriptor, 0o400)
        os.fsync(descriptor)
        os.rename(path, final)
        return final

    def discard(self, path: str) -> None:
        """Forget a download."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)

    def sweep(self) -> int:
        """Remove downloads whose mirror was killed; how many there were."""
        removed = 0
        for name in os.listdir(self._incoming):
            path = f"{self._incoming}/{name}"
            try:
                descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            except OSError:
                continue
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self.discard(path)
                removed += 1
            except BlockingIOError:
                pass
            finally:
                os.close(descriptor)
        return removed

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
