"""Where a sandbox's folders are, by its id; nothing that is no id ever becomes part of a path."""

from __future__ import annotations

import contextlib
import fcntl
import os

from jhansi_runner.proxy import paths
from jhansi_runner.runner import staging

TYPE_CHECKING = False
if TYPE_CHECKING:
    from jhansi_runner.proxy.paths import Paths

ID_PREFIX, _DIGITS = "sb_", 32
_KEY_DIGITS = 16
_HEX = frozenset("0123456789abcdef")
_MAKING = b"making\n"
"""What `busy` holds until the sandbox's row is there: a folder with it and without a row is a half-made one."""
_RESTORED = "restored"


def new_id() -> str:
    """An id that nobody can guess."""
    return ID_PREFIX + os.urandom(_DIGITS // 2).hex()


def is_id(text: str) -> bool:
    """Whether a text is the id of a sandbox that may be."""
    digits = text.removeprefix(ID_PREFIX)
    return len(text) == len(ID_PREFIX) + _DIGITS == len(digits) + len(ID_PREFIX) and _HEX.issuperset(digits)


def key(sandbox: str) -> str:
    """What names things that are kept for one sandbox alone, as `Job.sandbox` does for a workspace; 16 digits."""
    return sandbox.removeprefix(ID_PREFIX)[:_KEY_DIGITS]


class Place:
    """The folders of one sandbox. Raises ValueError for what is no id."""

    __slots__ = ("busy", "folder", "id", "incoming", "snapshots", "work")

    def __init__(self, folders: Paths, sandbox: str) -> None:
        if not is_id(sandbox):
            raise ValueError("no id of a sandbox")
        self.id, self.folder = sandbox, f"{folders.sandboxes}/{sandbox}"
        self.work, self.snapshots = f"{self.folder}/work", f"{self.folder}/snapshots"
        self.incoming, self.busy = f"{self.folder}/incoming", f"{self.folder}/busy"

    def make(self) -> int:
        """Make the folders; the descriptor that holds it busy, until it is `made` and closed. Raises OSError."""
        paths.make(os.path.dirname(self.folder))
        os.mkdir(self.folder, 0o700)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        lock = os.open(self.busy, flags, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.write(lock, _MAKING)
            for each in (self.work, self.snapshots, self.incoming):
                os.mkdir(each, 0o700)
        except BaseException:
            os.close(lock)
            raise
        return lock

    def hold(self) -> int | None:
        """Hold it busy: a descriptor, and it is free again when all copies of that are closed; None when it is busy.

        Raises FileNotFoundError when it is gone, OSError.
        """
        lock = os.open(self.busy, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return None
        if not staging.is_at(lock, self.busy):
            os.close(lock)
            raise FileNotFoundError(self.busy)
        return lock

    def replace(self, made: str, aside: str) -> None:
        """Put a complete folder of this sandbox's in the place of its files, which go to `aside`. Raises OSError.

        Whatever ends this in between, `mend` goes on.
        """
        with contextlib.suppress(FileNotFoundError):  # one that was cut short before it began
            os.rename(f"{self.folder}/{_RESTORED}", f"{aside}-before")
        os.rename(made, f"{self.folder}/{_RESTORED}")
        os.rename(self.work, aside)
        self.mend()

    def mend(self) -> None:
        """Complete a replacement that was cut short, and open a workspace that a program has closed."""
        try:
            mode = os.lstat(self.work).st_mode
            if mode & 0o700 != 0o700:
                os.chmod(self.work, mode & 0o777 | 0o700)
        except FileNotFoundError:
            with contextlib.suppress(FileNotFoundError):  # somebody else was faster
                os.rename(f"{self.folder}/{_RESTORED}", self.work)


def made(lock: int) -> None:
    """Its row is there: from now on it is a sandbox."""
    os.ftruncate(lock, 0)


def is_half_made(lock: int) -> bool:
    """Whether who made it did not come to `made`; for a sandbox that has no row."""
    return os.pread(lock, len(_MAKING), 0) == _MAKING
