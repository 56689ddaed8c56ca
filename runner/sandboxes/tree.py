"""What is in a workspace: looked at while hostile programs may change it.

`work` is always an open folder, the workspace's own. Everything is reached from there by descriptor, one name at a
time, and no link is followed, so that no swap of a name leads out. What is looked at is bounded in number and depth.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from jhansi_runner.runner.sandboxes.errors import bad_request, too_large
from jhansi_runner.runner.sandboxes.model import Entry
from jhansi_runner.runner.sandboxes.names import DEPTH, Parts, failed, folder_parts, parts, text, told

MOST_LISTED = 20_000
"""Entries that one answer may have."""
MOST_KEPT = 200_000
"""Files and folders that a sandbox may have, to be copied or given more."""
OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FOLDER, FILE, LINK, OTHER = "folder", "file", "link", "other"


@dataclass(frozen=True, slots=True)
class Usage:
    """What a workspace takes: `size` in bytes on disk, and how many `files`, folders and others among them."""

    size: int
    files: int


@contextmanager
def opened(work: str) -> Iterator[int]:
    """The descriptor of a workspace, by the path of ours. Raises SandboxError."""
    try:
        descriptor = os.open(work, OPEN_FOLDER)
    except OSError as error:
        raise failed(error, os.path.basename(work), "opened") from None
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def descend(top: int, names: Parts, *, make: bool = False) -> int:
    """Open a folder below an open one, which the caller closes; `make` those that are missing. Raises OSError."""
    at = os.dup(top)
    try:
        for name in names:
            below = _made(at, name) if make else os.open(name, OPEN_FOLDER, dir_fd=at)
            os.close(at)
            at = below
    except BaseException:
        os.close(at)
        raise
    return at


def _made(parent: int, name: bytes) -> int:
    made = False
    with suppress(FileExistsError):
        os.mkdir(name, 0o755, dir_fd=parent)
        made = True
    folder = os.open(name, OPEN_FOLDER, dir_fd=parent)
    if made:  # whatever the umask is
        os.fchmod(folder, 0o755)
    return folder


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
            flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY | os.O_CLOEXEC
            descriptor = os.open(names[-1], flags, dir_fd=folder)
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

    What is closed to its owner, or goes meanwhile, is passed over below the folder itself.
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
            raise _too_many(most)
        if status.st_nlink > 1 and not stat.S_ISDIR(status.st_mode):
            if status.st_ino in seen:
                continue
            seen.add(status.st_ino)
        size += status.st_blocks * 512
    return Usage(size, files)


def room(work: int, most: int) -> int:
    """Bytes that a workspace may still take of so many. Raises SandboxError when there are none."""
    left = most - usage(work).size
    if left <= 0:
        raise too_large(f"the sandbox holds the {most >> 20} MiB that it may", "remove files, or use another sandbox")
    return left


def walk(folder: int, *, deep: bool = True, above: int = 0) -> Iterator[tuple[Parts, int, os.stat_result]]:
    """What is below an open folder: the names to it, the folder that it is in, and its state; folders come first.

    `above` is how deep the folder lies itself. Raises SandboxError where folders lie too deep.
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
            try:
                below = os.open(name, OPEN_FOLDER, dir_fd=folder)
            except (FileNotFoundError, NotADirectoryError, PermissionError):
                continue
            try:
                yield from _walked(below, (*way, name), deep, above)
            finally:
                os.close(below)


def too_deep() -> Exception:
    """The error for folders in folders that nobody goes through."""
    return too_large(f"folders lie more than {DEPTH} deep in the sandbox", "remove the outermost of them")


def _too_many(most: int) -> Exception:
    return too_large(f"the sandbox holds more than {most} files and folders", "remove some, or use another sandbox")


def _entry(names: Parts, status: os.stat_result) -> Entry:
    mode = status.st_mode
    if stat.S_ISREG(mode):
        return Entry(text(names), FILE, status.st_size, status.st_mtime, executable=bool(mode & 0o100))
    kind = FOLDER if stat.S_ISDIR(mode) else LINK if stat.S_ISLNK(mode) else OTHER
    return Entry(text(names), kind, 0, status.st_mtime)
