"""Counts what lies below folders, in steps, and follows no link."""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

_BLOCK = 512
_LEVELS = 100
_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_KIND, _FILE = 0o170000, 0o100000


class Count:
    """What was counted by now: `size` in bytes on disk, and `files`, of every kind, folders too.

    `whole` unless something was left out; `done` at the end.
    """

    __slots__ = ("_seen", "done", "files", "size", "whole")

    def __init__(self) -> None:
        self.size = self.files = 0
        self.whole, self.done = True, False
        self._seen: set[tuple[int, int]] = set()

    def add(self, found: os.stat_result) -> None:
        """Count a file; one with several names once."""
        if found.st_nlink > 1 and found.st_mode & _KIND == _FILE:
            if (found.st_dev, found.st_ino) in self._seen:
                return
            self._seen.add((found.st_dev, found.st_ino))
        self.size += found.st_blocks * _BLOCK
        self.files += 1


def walk(folders: Sequence[str], seconds: float) -> Generator[Count, None, None]:
    """Count what lies below folders; says about every so many seconds where it is, and at the end that it is done."""
    count = Count()
    until = time.monotonic() + seconds
    entries = _each(folders, count)
    try:
        for _ in entries:
            if time.monotonic() > until:
                yield count
                until = time.monotonic() + seconds
    finally:
        entries.close()
    count.done = True
    yield count


def _each(folders: Sequence[str], count: Count) -> Generator[None, None, None]:
    """Count one after the other."""
    stack: list[tuple[int, list[str]]] = []
    try:
        for top in folders:
            yield from _enter(stack, count, top, None)
            while stack:
                folder, names = stack[-1]
                if not names:
                    os.close(folder)
                    stack.pop()
                elif len(stack) > _LEVELS:
                    count.whole = False
                    names.clear()
                else:
                    yield from _enter(stack, count, names.pop(), folder)
                yield
    finally:
        for folder, _ in stack:
            os.close(folder)


def _enter(
    stack: list[tuple[int, list[str]]], count: Count, name: str, above: int | None
) -> Generator[None, None, None]:
    """Take a folder onto the stack, for those below, and count what is directly in it. It may be gone by now."""
    try:
        folder = os.open(name, _OPEN_FOLDER, dir_fd=above)
    except FileNotFoundError:
        return
    except OSError:  # closed to us, or something else has its name now
        count.whole = False
        return
    below: list[str] = []
    stack.append((folder, below))
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                try:
                    count.add(entry.stat(follow_symlinks=False))
                except OSError:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    below.append(entry.name)
                yield
    except OSError:
        count.whole = False
