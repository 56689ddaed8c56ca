"""What a request was resolved to: a lock, kept under the request's digest, so that a repeat resolves nothing.

A lock that is kept pins what it names in the cache. One that nothing is installed from any more is of no use.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from jhansi_runner.proxy import paths, whole_file
from jhansi_runner.proxy.paths import Paths
from jhansi_runner.runner.staging import is_at

_KINDS = {"shared": (False, False), "private": (False, True), "built": (True, True)}
"""What a lock that is kept says of itself: whether it was built, and whether it is private."""
_PREFIX, _DIGITS = "request-", 32


@dataclass(frozen=True, slots=True)
class Lock:
    """`built` tells that code of packages may have run for it, `private` that its set stays with the workspace."""

    text: str
    built: bool
    private: bool


def kept(folders: Paths, request: str) -> Lock | None:
    """The lock of a request, None when there is none that can be read."""
    try:
        with open(f"{folders.requests}/{request}", encoding="utf-8", errors="surrogateescape", newline="") as file:
            kind, _, text = file.read().partition("\n")
    except OSError:
        return None
    found = _KINDS.get(kind)
    return Lock(text, *found) if found is not None else None


def keep(folders: Paths, request: str, lock: Lock) -> None:
    """Keep the lock of a request; it appears whole. Raises OSError."""
    kind = next(name for name, found in _KINDS.items() if found == (lock.built, lock.private))
    data = f"{kind}\n{lock.text}".encode("utf-8", "surrogateescape")
    whole_file.write(f"{paths.make(folders.requests)}/{request}", data)


@contextlib.contextmanager
def alone(folders: Paths, request: str, *, wait: bool = True) -> Iterator[str]:
    """One install of a request at a time: whoever waits finds it done. The path of the lock file, which may be removed.

    Raises BlockingIOError when somebody else is at work, and there is no wish to wait.
    """
    path = f"{paths.make(folders.locks)}/{_PREFIX}{request[:_DIGITS]}"
    while True:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            if is_at(lock, path):  # else it was removed meanwhile, and the next one takes another
                yield path
                return
        finally:
            os.close(lock)


def prune(folders: Paths, unused: float, clock: Callable[[], float] = time.time) -> None:
    """Remove locks that nothing is installed from, when they were made more than so many seconds ago, and lock files
    that nothing else is left of. Raises OSError."""
    before, installed = clock() - unused, {_digest(path) for path in _locks_of_sets(folders)}
    for name in _names(folders.requests):
        path = f"{folders.requests}/{name}"
        if _is_older(path, before) and _digest(path, lines=1) not in installed:
            with contextlib.suppress(BlockingIOError), alone(folders, name, wait=False) as lock:
                if _is_older(path, before):  # it was not made anew meanwhile
                    os.unlink(path)
                    os.unlink(lock)
    left = {name[:_DIGITS] for name in _names(folders.requests)}
    for name in _names(folders.locks):
        request = name.removeprefix(_PREFIX)
        if name.startswith(_PREFIX) and request not in left and _is_older(f"{folders.locks}/{name}", before):
            with contextlib.suppress(BlockingIOError), alone(folders, request, wait=False) as lock:
                os.unlink(lock)


def _locks_of_sets(folders: Paths) -> Iterator[str]:
    for folder in (folders.sets, *(folders.private(name) for name in _names(f"{folders.state}/private"))):
        yield from (f"{folder}/{name}/lock.txt" for name in _names(folder))


def _digest(path: str, *, lines: int = 0) -> str:
    """The digest of a file without its first lines, "" when it is not there. Raises OSError."""
    try:
        with open(path, "rb") as file:
            for _ in range(lines):
                file.readline()
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (FileNotFoundError, NotADirectoryError):
        return ""


def _is_older(path: str, before: float) -> bool:
    try:
        return os.stat(path, follow_symlinks=False).st_mtime < before
    except FileNotFoundError:
        return False


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
