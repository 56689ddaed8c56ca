"""How much disk a program takes, and how many files and folders: what lies where it may write, against what lay there.

A look goes on where the last one stopped, so that no tree, however large, holds up the run. Files without a name are
found by who has them open. Where not all can be seen, because it is too much, too deep, or hidden, the growth of the
whole file system counts, of whomever.
"""

from __future__ import annotations

import os
import time

from jhansi_runner.runner.errors import RunnerError
from jhansi_runner.runner.limits import held
from jhansi_runner.runner.limits.model import DISK, FILES
from jhansi_runner.runner.limits.proc import Processes
from jhansi_runner.runner.limits.sample import UNSETTLED
from jhansi_runner.runner.limits.tree import Count, walk
from jhansi_runner.runner.limits.weak import IN_MEMORY, LONGEST_SECONDS, pause

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from jhansi_runner.runner.limits.held import Held

_STEP_SECONDS, _FIRST_SECONDS = 0.02, 2.0
_SHARE, _HURRIED = 10, 1
"""Looking takes one of so many parts of the time; half of it when file systems fill up meanwhile."""
_BYTES_PER_SECOND, _FILES_PER_SECOND = 1 << 30, 200_000
"""How fast a disk is written, and how fast files are made on it, roughly."""


class Disk:
    """Watches folders from before the program begins, for bytes and for files and folders, None for no limit.

    `delay` is in seconds, until the next look. Raises RunnerError where files could be counted in no way.
    """

    __slots__ = (
        "_at_start", "_before", "_bytes", "_files", "_folders", "_found", "_hurries", "_left", "_processes", "_search",
        "_since", "_systems", "_unseen", "_unsettled", "_walk", "delay",
    )  # fmt: skip

    def __init__(self, processes: Processes, folders: Sequence[str], size: int | None, files: int | None) -> None:
        self._processes, self._folders, self._bytes, self._files = processes, list(folders), size, files
        self._systems = {os.stat(folder).st_dev: (folder, used(folder)) for folder in folders}
        self._walk: Generator[Count, None, None] | None = None
        self._search: Generator[None, None, Held] | None = None
        self._hurries = self._unseen = False
        self._unsettled = 0
        first = Count()
        until = time.monotonic() + _FIRST_SECONDS
        for first in walk(self._folders, _FIRST_SECONDS):
            if time.monotonic() > until:
                first.whole = first.whole and first.done
                break
        self._before = self._found = first
        if files is not None and not first.whole and not self._are_counted():
            raise RunnerError(
                "the program cannot be held to its limit of files: not all that lies in its workspace can be counted, "
                "and the file system does not count",
                lines=("use a smaller workspace, or one on another file system, such as ext4 or XFS",),
            )
        self._left, self._since = (size, files), (0, 0)
        self._at_start = self._since
        self.delay = self._pause(0, 0)

    def look(self) -> str:
        """`disk` or `files` when it was exceeded, else ""."""
        began = time.monotonic()
        grown = self._grown()
        if self._walk is None:
            self._at_start = grown
        done, size, files = self._seen() if self._before.done else (True, *grown)
        if self._bytes is not None and size > self._bytes:
            return DISK
        if self._files is not None and files > self._files:
            return FILES
        filling = any(
            left is not None and now - then > left
            for left, now, then in zip(self._left, grown, self._since, strict=True)
        )
        if filling and not self._hurries:
            self.close()  # what it has passed by now may be full of new ones
        self._hurries = filling or (self._hurries and not done)
        self.delay = (_HURRIED if self._hurries else _SHARE) * (time.monotonic() - began)
        if done:
            self._left = (
                None if self._bytes is None else self._bytes - size,
                None if self._files is None else self._files - files,
            )
            self._since = self._at_start
            self.delay = max(self.delay, self._pause(size, files), LONGEST_SECONDS / 10)
        return ""

    def close(self) -> None:
        """Close what is open."""
        if self._walk is not None:
            self._walk.close()
        if self._search is not None:
            self._search.close()
        self._walk = self._search = None

    def _seen(self) -> tuple[bool, int, int]:
        """Whether all was looked at, and by how many bytes and files it grew, of what was looked at by now."""
        self._walk = self._walk or walk(self._folders, _STEP_SECONDS)
        if self._search is None:
            self._found = next(self._walk)
        found = self._found
        size, files = found.size - self._before.size, found.files - self._before.files
        if not found.done:
            return False, size, files
        all_size, all_files = self._grown()
        if self._search is None:
            mapped = self._are_exceeded(all_size, all_files)
            memory = self._processes.devices_of(IN_MEMORY) | {held.memory_device()}
            self._search = held.without_names(self._processes, self._systems.keys(), memory, mapped=mapped)
        unnamed = _stepped(self._search)
        if unnamed is None:
            return False, size, files
        self.close()
        size, files = size + sum(unnamed.sizes.values()), files + len(unnamed.sizes)
        self._unsettled = 0 if unnamed.settled else self._unsettled + 1
        unseen = unnamed.hidden or self._unsettled >= UNSETTLED or not (found.whole and self._before.whole)
        if unseen:
            size, files = max(size, all_size), max(files, all_files)
            if self._files is not None and self._unseen and not self._are_counted():
                files = self._files + 1  # what cannot be counted is too much; once may be a folder that went meanwhile
        self._unseen = unseen
        return True, size, files

    def _are_exceeded(self, size: int, files: int) -> bool:
        return (self._bytes is not None and size > self._bytes) or (self._files is not None and files > self._files)

    def _grown(self) -> tuple[int, int]:
        """By how many bytes and files the file systems grew since the beginning."""
        size = files = 0
        for folder, before in self._systems.values():
            now = used(folder)
            size, files = size + now.size - before.size, files + now.files - before.files
        return size, files

    def _are_counted(self) -> bool:
        """Whether every file system tells how many files it has."""
        return all(before.counts for _, before in self._systems.values())

    def _pause(self, size: int, files: int) -> float:
        pauses = [
            pause(most - found, 1, speed)
            for most, found, speed in ((self._bytes, size, _BYTES_PER_SECOND), (self._files, files, _FILES_PER_SECOND))
            if most is not None
        ]
        return min(pauses, default=LONGEST_SECONDS)


def _stepped(search: Generator[None, None, Held]) -> Held | None:
    """What was found, None while that takes longer."""
    until = time.monotonic() + _STEP_SECONDS
    try:
        while True:
            next(search)
            if time.monotonic() > until:
                return None
    except StopIteration as end:
        found: Held = end.value
        return found


class Use:
    """What a whole file system holds: `size` in bytes, and `files`, where it `counts` them."""

    __slots__ = ("counts", "files", "size")

    def __init__(self, size: int, files: int, *, counts: bool) -> None:
        self.size, self.files, self.counts = size, files, counts


def used(folder: str) -> Use:
    """What the file system of a folder holds. Some, such as Btrfs, make files without end, and tell no number."""
    try:
        found = os.statvfs(folder)
    except OSError:  # it is gone, with all that was in it
        return Use(0, 0, counts=False)
    size = (found.f_blocks - found.f_bfree) * found.f_frsize
    return Use(size, found.f_files - found.f_ffree, counts=found.f_files > 0)
