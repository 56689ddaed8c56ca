"""What is in a workspace: looked at while hostile programs may change it.

`work` is always an open folder, the workspace's own. Everything is reached from there by descriptor, one name at a
time, and no link is followed, so that no swap of a name leads out. What is looked at is bounded in number and depth.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from jhansi_runner.runner.sandboxes.errors import bad_request, too_large
from jhansi_runner.runner.sandboxes.model import Entry
from jhansi_runner.runner.sandboxes.names import DEPTH, Parts, failed, folder_parts, parts, text, told
from jhansi_runner.runner.sandboxes.opening import OPEN_FILE, Gone, descend, open_up, readable

MOST_LISTED = 20_000
"""Entries that one answer may have."""
MOST_KEPT = 200_000
"""Files and folders that a sandbox may have, to be copied or given more."""
FOLDER, FILE, LINK, OTHER = "folder", "file", "link", "other"
_EARLIEST, _LATEST = -62135596800.0, 253402214400.0
"""The years 1 and 9999. A program may give a file a time that no calendar has, where the file system takes it."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a workspace takes: `size` in bytes on disk, and how many `files`, folders and others among them."""

    size: int
    files: int


@contextmanager
def opened(work: str) -> Iterator[int]:
    """The descriptor of a workspace, by the path of ours. Raises SandboxError.

    A program may have closed the folder itself: it is opened for good, so that its owner can go on.
    """
    try:
        descriptor = open_up(os.open(work, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC))
    except OSError as error:
        raise failed(error, "", "opened") from None
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def entry(work: int, path: str) -> Entry:
    """What is at a path; a link is told, not followed. Raises SandboxError."""
    names = parts(path)
    try:
        folder = descend(work, names[:-1])
        try:
            return _entry(names, os.stat(names[-1], dir_fd=folder, follow_symlinks=False))
        finally:
            os.close(folder)
    except OSError as error:
        raise failed(error, path, "found") from None


def open_file(work: int, path: str) -> tuple[Entry, int]:
    """A regular file, and a descriptor to read it from, which the caller closes. Raises SandboxError."""
    names = parts(path)
    try:
        folder = descend(work, names[:-1])
        try:
            descriptor = os.open(names[-1], OPEN_FILE, dir_fd=folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise failed(error, path, "read") from None
    found = _entry(names, os.fstat(descriptor))
    if found.kind != FILE:
        os.close(descriptor)
        raise bad_request(
            f"{told(path)} is no file but {'a folder' if found.kind == FOLDER else 'a pipe, socket or device'}",
            "list it, or pack it" if found.kind == FOLDER else "only files can be read",
            name="not_a_file",
        )
    return found, descriptor


def entries(work: int, path: str = "", *, deep: bool = False, most: int = MOST_LISTED) -> list[Entry]:
    """What is in a folder, in the order of names; with `deep` all that is below. Raises SandboxError.

    What goes meanwhile is passed over.
    """
    names = folder_parts(path)
    found: list[Entry] = []
    try:
        folder = descend(work, names)
    except OSError as error:
        raise failed(error, path, "listed") from None
    try:
        for way, _, status in walk(folder, deep=deep, above=len(names)):
            if len(found) == most:
                raise too_large(
                    f"{told(path) or 'the sandbox'} holds more than {most} files and folders",
                    "list its folders one by one, or pack it",
                )
            found.append(_entry((*names, *way), status))
    finally:
        os.close(folder)
    return sorted(found, key=lambda each: each.path.split("/"))


def usage(work: int, most: int = MOST_KEPT) -> Usage:
    """What is in a workspace, counted on disk, a file with several names once. Raises SandboxError for too many."""
    size = files = 0
    seen: set[int] = set()
    for _, _, status in walk(work):
        files += 1
        if files > most:
            raise too_many(most)
        if status.st_nlink > 1 and not stat.S_ISDIR(status.st_mode):
            if status.st_ino in seen:
                continue
            seen.add(status.st_ino)
        size += status.st_blocks * 512
    return Usage(size, files)


def taken(path: str) -> int:
    """The bytes on disk that a workspace takes, by its path, however many files it has. Raises SandboxError."""
    with opened(path) as work:
        return usage(work, sys.maxsize).size


def room(work: int, most: int) -> int:
    """Bytes that a workspace may still take of so many. Raises SandboxError when there are none."""
    left = most - usage(work).size
    if left <= 0:
        raise too_large(f"the sandbox holds the {most >> 20} MiB that it may", "remove files, or use another sandbox")
    return left


def walk(folder: int, *, deep: bool = True, above: int = 0) -> Iterator[tuple[Parts, int, os.stat_result]]:
    """What is below an open folder: the names to it, the folder that it is in, and its state; folders come first.

    `above` is how deep the folder lies itself. A folder that is closed to its owner is opened for that moment: nothing
    hides from being counted. Raises SandboxError where folders lie too deep, OSError.
    """
    yield from _walked(folder, (), deep, above)


def _walked(folder: int, way: Parts, deep: bool, above: int) -> Iterator[tuple[Parts, int, os.stat_result]]:
    with suppress(FileNotFoundError), os.scandir(folder) as found:
        for each in found:
            name = os.fsencode(each.name)
            if above + len(way) >= DEPTH:
                raise too_deep()
            try:
                status = os.stat(name, dir_fd=folder, follow_symlinks=False)
            except FileNotFoundError:
                continue
            yield (*way, name), folder, status
            if not deep or not stat.S_ISDIR(status.st_mode):
                continue
            with suppress(Gone), readable(folder, name) as (below, opened):
                if stat.S_ISDIR(opened.st_mode):
                    yield from _walked(below, (*way, name), deep, above)


def too_deep() -> Exception:
    """The error for folders in folders that nobody goes through."""
    return too_large(f"folders lie more than {DEPTH} deep in the sandbox", "remove the outermost of them")


def too_many(most: int) -> Exception:
    """The error for more files than a sandbox may have."""
    return too_large(f"the sandbox holds more than {most} files and folders", "remove some, or use another sandbox")


def _entry(names: Parts, status: os.stat_result) -> Entry:
    mode, modified = status.st_mode, min(max(status.st_mtime, _EARLIEST), _LATEST)
    if stat.S_ISREG(mode):
        return Entry(text(names), FILE, status.st_size, modified, executable=bool(mode & 0o100))
    kind = FOLDER if stat.S_ISDIR(mode) else LINK if stat.S_ISLNK(mode) else OTHER
    return Entry(text(names), kind, 0, modified)
