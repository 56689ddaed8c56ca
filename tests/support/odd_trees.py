"""Trees as a hostile program leaves them: deep, closed, full of links out, pipes and names that are no text."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import traceback
from collections.abc import Callable

from support.ordinary import ORDINARY_GID, ORDINARY_UID

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_NAMES = ("a", ".git", "-rf", "x" * 255, "a\nb", "\x1b[2J", os.fsdecode(b"\xff\xfe"), " ", "*", "$(id)", "..a", "é")
_MODES = (0o000, 0o100, 0o200, 0o300, 0o400, 0o500, 0o700, 0o1777, 0o2755, 0o6755)


def as_ordinary_user(action: Callable[[], None]) -> None:
    """Do something in a process of the ordinary user's. AssertionError with what it raised."""
    pid = os.fork()
    if pid == 0:
        code = 1
        with contextlib.suppress(BaseException):
            try:
                if os.geteuid() == 0:
                    os.setgroups([])
                    os.setresgid(ORDINARY_GID, ORDINARY_GID, ORDINARY_GID)
                    os.setresuid(ORDINARY_UID, ORDINARY_UID, ORDINARY_UID)
                action()
                code = 0
            except BaseException:
                traceback.print_exc()
                raise
        os._exit(code)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0


def chain(top: int, depth: int, name: str = "d") -> None:
    """Folders in folders, in an open one: their path is longer than any system call takes."""
    at = os.dup(top)
    for _ in range(depth):
        os.mkdir(name, 0o700, dir_fd=at)
        below = os.open(name, _FOLDER, dir_fd=at)
        os.close(at)
        at = below
    os.close(at)


class OddTree:
    """Grows a tree by chance in an open folder; `outside` is a folder that links lead to, on the same file system."""

    def __init__(self, seed: int, outside: str) -> None:
        self._random, self._outside = random.Random(seed), outside  # noqa: S311
        self._closing: list[tuple[int, int]] = []

    def grow(self, top: int, count: int) -> None:
        """Make about so many names, and take the permissions of some folders at last."""
        folders = [os.dup(top)]
        for _ in range(count):
            at = self._random.choice(folders)
            name = self._random.choice(_NAMES) if self._random.random() < 0.5 else f"n{self._random.randrange(99)}"
            with contextlib.suppress(FileExistsError):
                self._one(at, name, folders)
        for folder in folders:
            if self._random.random() < 0.5:
                os.fchmod(folder, self._random.choice(_MODES))
            os.close(folder)

    def _one(self, at: int, name: str, folders: list[int]) -> None:
        kind = self._random.randrange(9)
        if kind <= 2:
            os.mkdir(name, 0o700, dir_fd=at)
            if len(folders) < 200:
                folders.append(os.open(name, _FOLDER, dir_fd=at))
        elif kind == 3:
            target = self._random.choice((self._outside, f"{self._outside}/file", "..", ".", "/", "nowhere", name))
            os.symlink(target, name, dir_fd=at)
        elif kind == 4:
            os.mkfifo(name, 0o600, dir_fd=at)
        elif kind == 5:
            os.link(f"{self._outside}/file", name, dst_dir_fd=at)
        elif kind == 6:
            with socket.socket(socket.AF_UNIX) as endpoint, contextlib.suppress(OSError, ValueError):
                endpoint.bind(f"/proc/self/fd/{at}/s{self._random.randrange(99)}")
        elif kind == 7:
            descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o000, dir_fd=at)
            os.ftruncate(descriptor, 1 << 42)
            os.close(descriptor)
        else:
            chain(at, self._random.randrange(60), name[:200])
