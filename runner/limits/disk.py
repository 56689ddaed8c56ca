"""How much disk a program takes: what lies in the folders that it may write to, against what lay there before.

A look goes on where the last one stopped, so that no tree, however large, holds up the run. No link is followed. Files
without a name are found by who has them open. Where not all can be seen, because it is too much, too deep, or hidden,
the growth of the whole file system counts, of whomever.
"""

from __future__ import annotations

import os
import time

from jhansi_runner.runner.limits.model import DISK
from jhansi_runner.runner.limits.proc import Processes
from jhansi_runner.runner.limits.weak import LONGEST_SECONDS, pause

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_BLOCK = 512
_LEVELS = 100
_STEP_SECONDS, _FIRST_SECONDS = 0.02, 2.0
_SHARE = 10
"""Looking takes one of so many parts of the time."""
_PER_SECOND = 1 << 30
"""Bytes; how fast a disk is written, roughly."""
_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_KIND, _FILE = 0o170000, 0o100000


class Disk:
    """Watches folders from before the program begins. `delay` is in seconds, until the next look."""

    __slots__ = ("_before", "_folders", "_limit", "_processes", "_systems", "_walk", "delay")

    def __init__(self, processes: Processes, limit: int, folders: Sequence[str]) -> None:
        self._processes, self._limit, self._folders = processes, limit, list(folders)
        self._systems = {os.stat(folder).st_dev: (folder, _used(folder)) for folder in folders}
        self._walk: Iterator[Count] | None = None
        first = Count()
        until = time.monotonic() + _FIRST_SECONDS
        for first in walk(self._folders, _FIRST_SECONDS):
            if time.monotonic() > until:
                first.whole = False
                break
        self._before = first
        self.delay = pause(limit, 1, _PER_SECOND)

    def look(self) -> str:
        """`disk` when it was exceeded, else ""."""
        began = time.monotonic()
        self._walk = self._walk or walk(self._folders, _STEP_SECONDS)
        found = next(self._walk)
        self.delay = _SHARE * (time.monotonic() - began)
        if not found.done:
            return ""
        self._walk = None
        self._processes.find()
        unnamed, hidden = self._processes.unnamed(self._systems.keys())
        grown = found.size - self._before.size + unnamed
        if hidden or not (found.whole and self._before.whole):
            grown = max(grown, sum(_used(folder) - used for folder, used in self._systems.values()))
        if grown > self._limit:
            return DISK
        self.delay = max(self.delay, pause(self._limit - grown, 1, _PER_SECOND), LONGEST_SECONDS / 10)
        return ""

    def close(self) -> None:
        """Close what is open."""
        if self._walk is not None:
            close = getattr(self._walk, "close", None)
            if close is not None:
                close()
            self._walk = None


class Count:
    """What was counted by now: `size` in bytes on disk; `whole` unless something was left out; `done` at the end."""

    __slots__ = ("_seen", "done", "size", "whole")

    def __init__(self) -> None:
        self.size, self.whole, self.done = 0, True, False
        self._seen: set[tuple[int, int]] = set()

    def add(self, found: os.stat_result) -> None:
        """Count a file; one with several names once."""
        if found.st_nlink > 1 and found.st_mode & _KIND == _FILE:
            if (found.st_dev, found.st_ino) in self._seen:
                return
            self._seen.add((found.st_dev, found.st_ino))
        self.size += found.st_blocks * _BLOCK


def walk(folders: Sequence[str], seconds: float) -> Iterator[Count]:
    """Count what lies below folders; says about every so many seconds where it is, and at the end that it is done."""
    count = Count()
    until = time.monotonic() + seconds
    stack: list[tuple[int, list[str]]] = []
    try:
        for top in folders:
            _enter(stack, count, top, None)
            while stack:
                folder, names = stack[-1]
                if not names:
                    os.close(folder)
                    stack.pop()
                elif len(stack) > _LEVELS:
                    count.whole = False
                    names.clear()
                else:
                    _enter(stack, count, names.pop(), folder)
                if time.monotonic() > until:
                    yield count
                    until = time.monotonic() + seconds
    finally:
        for folder, _ in stack:
            os.close(folder)
    count.done = True
    yield count


def _enter(stack: list[tuple[int, list[str]]], count: Count, name: str, above: int | None) -> None:
    """Count what is directly in a folder, and take it onto the stack for those below. It may be gone by now."""
    try:
        folder = os.open(name, _OPEN_FOLDER, dir_fd=above)
    except FileNotFoundError:
        return
    except OSError:  # closed to us, or something else has its name now
        count.whole = False
        return
    below: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                try:
                    count.add(entry.stat(follow_symlinks=False))
                except OSError:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    below.append(entry.name)
    except OSError:
        count.whole = False
    stack.append((folder, below))


def _used(folder: str) -> int:
    try:
        found = os.statvfs(folder)
    except OSError:  # it is gone, with all that was in it
        return 0
    return (found.f_blocks - found.f_bfree) * found.f_frsize
