"""Unpack an archive that anybody may have made into a workspace: all of it or nothing.

It is unpacked beside the workspace, checked whole, and then moved into place: files that are there are replaced,
folders are joined. A file where the archive has a folder, or the reverse, refuses the whole before anything is moved.
Who is killed while files are moved leaves some moved and the others not, each of them whole; sending the archive again
completes it. So does a program that changes, at just that time, what files are moved to: that is an error then.

Times and owners in the archive, setuid bits and other modes are not kept; what is executable stays so.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from jhansi_runner.runner.sandboxes import archive_tar, archive_zip
from jhansi_runner.runner.sandboxes.archive_names import Member, Seen, bad_archive, too_big
from jhansi_runner.runner.sandboxes.archive_streams import (
    Stream,
    bzip2_stream,
    gzip_stream,
    pieces,
    unpacked,
    xz_stream,
)
from jhansi_runner.runner.sandboxes.errors import SandboxError
from jhansi_runner.runner.sandboxes.incoming import stage
from jhansi_runner.runner.sandboxes.model import Entry
from jhansi_runner.runner.sandboxes.names import failed, folder_parts, told
from jhansi_runner.runner.sandboxes.opening import OPEN_FOLDER
from jhansi_runner.runner.sandboxes.tree import FILE, FOLDER, opened
from jhansi_runner.runner.sandboxes.writing import WORK, write_all

_HEADERS = 64 << 20
"""Bytes that a tar archive may have besides the content of its files."""
_PACKED = ((b"\x1f\x8b", gzip_stream), (b"BZh", bzip2_stream), (b"\xfd7zXZ\0", xz_stream))
_FOLDER_MODE = 0o755

_Contents = Iterator[tuple[Member, Iterator[bytes]]] | Iterator[tuple[Member, Iterator[memoryview]]]


def unpack(home: str, archive: int, folder: str = "", *, most: int) -> list[Entry]:
    """Unpack an archive into a folder of a sandbox; what has come, by name. Raises SandboxError, with nothing moved.

    `home` is the sandbox's folder, `archive` the descriptor of a regular file, `most` how many bytes it may unpack to.
    """
    names = folder_parts(folder)
    with stage(home) as held:
        try:
            found = _unpacked(contents(archive, most), held.folder, b"/".join(names).decode(), most)
            with opened(f"{home}/{WORK}") as work:
                _check(held.folder, work, "")
                _move(held.folder, work, "")
        except OSError as error:
            raise failed(error, folder, "filled") from None
    return sorted(found, key=lambda each: each.path.split("/"))


def contents(archive: int, most: int) -> _Contents:
    """The entries of an archive, of whatever kind it is, by its first bytes. Raises SandboxError."""
    size = os.fstat(archive).st_size
    begin = os.pread(archive, archive_tar.BLOCK, 0)
    if not begin:
        raise bad_archive("it is empty", "send a zip or tar archive")
    if archive_zip.is_zip(begin):
        return archive_zip.members(archive, most)
    source = pieces(archive, 0, size)
    if archive_tar.is_tar(begin):  # before the others: the name of its first file may begin as they do
        return archive_tar.members(Stream(source, most + _HEADERS, most))
    for mark, new in _PACKED:
        if begin.startswith(mark):
            return archive_tar.members(Stream(unpacked(source, new), most + _HEADERS, most))
    raise bad_archive("it is neither zip nor tar", "send a zip, or a tar as it is or packed with gzip, bzip2 or xz")


def _unpacked(members: _Contents, top: int, folder: str, most: int) -> list[Entry]:
    """Write the entries below an open folder of our own, where nobody else works."""
    seen = Seen()
    found: list[Entry] = []
    left = most
    for member, content in members:
        path = f"{folder}/{member.path}".strip("/")
        if not path or (member.folder and path == folder):
            continue
        folder_parts(path)  # with the folder that it is for it may be too long or deep
        for above in seen.add(path, folder=member.folder):
            os.mkdir(above, dir_fd=top)
            os.chmod(above, _FOLDER_MODE, dir_fd=top)  # whatever the umask is
            found.append(_entry(above, top))
        if member.folder:
            continue
        left -= member.size
        if left < 0:
            raise too_big(most)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        file = os.open(path, flags, 0o600, dir_fd=top)
        try:
            for piece in content:
                write_all(file, piece)
            os.fchmod(file, 0o755 if member.executable else 0o644)
        finally:
            os.close(file)
        found.append(_entry(path, top))
    if not found:
        raise bad_archive("there is nothing in it", "pack at least one file")
    return found


def _entry(path: str, top: int) -> Entry:
    status = os.stat(path, dir_fd=top, follow_symlinks=False)
    if stat.S_ISDIR(status.st_mode):
        return Entry(path, FOLDER, 0, status.st_mtime)
    return Entry(path, FILE, status.st_size, status.st_mtime, executable=bool(status.st_mode & 0o100))


def _check(source: int, target: int, way: str) -> None:
    """See that everything can be moved. Raises SandboxError for the first that cannot."""
    if not os.access(f"/proc/self/fd/{target}", os.W_OK | os.X_OK):
        raise failed(PermissionError(13, ""), way, "filled")
    for name, is_folder in _names(source):
        path = f"{way}{name}"
        there = _kind(target, name)
        if there is None:
            continue
        if is_folder != stat.S_ISDIR(there):
            raise _in_the_way(path, is_folder=is_folder)
        if is_folder:
            with _Both(source, target, name) as (inner, below):
                _check(inner, below, f"{path}/")


def _move(source: int, target: int, way: str) -> None:
    for name, is_folder in _names(source):
        try:
            if is_folder and _kind(target, name) is not None:
                with _Both(source, target, name) as (inner, below):
                    _move(inner, below, f"{way}{name}/")
                continue
            os.rename(name, name, src_dir_fd=source, dst_dir_fd=target)
        except OSError as error:
            raise SandboxError(
                409,
                "changed_meanwhile",
                f"{told(way + name)} was changed while files were moved there: {error.strerror}",
                "some files of the archive are in place, each of them whole: send it again when nothing runs",
            ) from None


def _names(folder: int) -> list[tuple[str, bool]]:
    with os.scandir(folder) as found:
        return sorted((each.name, each.is_dir(follow_symlinks=False)) for each in found)


def _kind(folder: int, name: str) -> int | None:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return None


def _in_the_way(path: str, *, is_folder: bool) -> SandboxError:
    there, wanted = ("no folder", "a folder") if is_folder else ("a folder", "a file")
    return SandboxError(
        409,
        "in_the_way",
        f"{told(path)} is {there} in the sandbox, and {wanted} in the archive: nothing was changed",
        "remove it first, or unpack into another folder",
    )


class _Both:
    """The folder of one name in two open ones, where it is a folder in both. Raises OSError."""

    def __init__(self, source: int, target: int, name: str) -> None:
        self._source = os.open(name, OPEN_FOLDER, dir_fd=source)
        try:
            self._target = os.open(name, OPEN_FOLDER, dir_fd=target)
        except OSError:
            os.close(self._source)
            raise

    def __enter__(self) -> tuple[int, int]:
        return self._source, self._target

    def __exit__(self, *exc: object) -> None:
        os.close(self._source)
        os.close(self._target)
