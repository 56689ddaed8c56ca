"""Copy all files of a workspace, for a fork or a snapshot: complete, or not there at all.

Data is shared with the original where the file system can, and holes stay holes. Links are made anew as they are, never
followed; pipes, sockets and devices are left out, setuid and setgid bits too. Several names of one file become several
files. What is closed to its owner is opened for the moment that it is read, and its copy is closed as well.

Source: ioctl_ficlonerange(2), copy_file_range(2), lseek(2).
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from jhansi_runner.runner.sandboxes.errors import too_large
from jhansi_runner.runner.sandboxes.incoming import stage
from jhansi_runner.runner.sandboxes.names import DEPTH, failed
from jhansi_runner.runner.sandboxes.opening import OPEN_FOLDER, Gone, readable
from jhansi_runner.runner.sandboxes.tree import MOST_KEPT, too_deep, too_many
from jhansi_runner.runner.sandboxes.writing import write_all

_FICLONE = 0x40049409
_PIECE = 1 << 20
_COPY = "copy"
_MODE = 0o777
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NOT_HERE = {errno.EOPNOTSUPP, errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.ENOTTY, errno.EPERM, errno.EBADF}
"""What a file system says that cannot share or copy data between two files."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A complete copy. `path` is where it is now; `size` in bytes of data, `files` with folders and links."""

    path: str
    files: int
    size: int


@contextmanager
def copied(work: int, home: str, *, most: int) -> Iterator[Copy]:
    """A copy of all that is in an open folder, in the sandbox whose folder is `home`, from where it is to be moved.

    If it is not moved it goes. Raises SandboxError for more than `most` bytes or MOST_KEPT files.
    """
    with stage(home) as held:
        try:
            os.mkdir(_COPY, 0o700, dir_fd=held.folder)
            target = os.open(_COPY, OPEN_FOLDER, dir_fd=held.folder)
            try:
                copying = _Copying(most)
                copying.contents(work, target, 0)
            finally:
                os.close(target)
        except OSError as error:
            raise failed(error, "", "copied") from None
        yield Copy(f"{held.path}/{_COPY}", copying.files, copying.size)


class _Copying:
    """One copy being made: what it has taken so far. Raises OSError, SandboxError."""

    def __init__(self, most: int) -> None:
        self._most, self.files, self.size = most, 0, 0
        self._can_share = True

    def contents(self, source: int, target: int, depth: int) -> None:
        """Copy what is in an open folder to another one."""
        with os.scandir(source) as found:
            for each in found:
                if depth == DEPTH:
                    raise too_deep()
                self.files += 1
                if self.files > MOST_KEPT:
                    raise too_many(MOST_KEPT)
                with suppress(Gone, FileNotFoundError):  # it went meanwhile
                    self._one(source, target, os.fsencode(each.name), depth)

    def _one(self, source: int, target: int, name: bytes, depth: int) -> None:
        status = os.stat(name, dir_fd=source, follow_symlinks=False)
        if stat.S_ISLNK(status.st_mode):
            os.symlink(_leads(source, name), name, dir_fd=target)
        elif stat.S_ISDIR(status.st_mode) or stat.S_ISREG(status.st_mode):
            with readable(source, name) as (inner, status):
                if stat.S_ISDIR(status.st_mode):
                    self._folder(inner, target, name, depth)
                else:
                    self._file(inner, target, name)
            os.chmod(name, status.st_mode & _MODE, dir_fd=target)
        else:
            self.files -= 1
            return
        times = (status.st_atime_ns, status.st_mtime_ns)
        os.utime(name, ns=times, dir_fd=target, follow_symlinks=False)

    def _folder(self, source: int, parent: int, name: bytes, depth: int) -> None:
        os.mkdir(name, 0o700, dir_fd=parent)
        target = os.open(name, OPEN_FOLDER, dir_fd=parent)
        try:
            self.contents(source, target, depth + 1)
        finally:
            os.close(target)

    def _file(self, source: int, parent: int, name: bytes) -> None:
        target = os.open(name, _NEW_FILE, 0o600, dir_fd=parent)
        try:
            self._data(source, target)
        finally:
            os.close(target)

    def _data(self, source: int, target: int) -> None:
        """What is in a file, as long as it was when it was opened."""
        found = os.fstat(source)
        if found.st_blocks * 512 > self._most - self.size:
            raise self._too_much()
        if self._can_share and self._shared(source, target):
            self.size += os.fstat(target).st_blocks * 512
            return
        os.ftruncate(target, found.st_size)
        at = 0
        while at < found.st_size:
            try:
                at = os.lseek(source, at, os.SEEK_DATA)
                end = min(os.lseek(source, at, os.SEEK_HOLE), found.st_size)
            except OSError as error:
                if error.errno != errno.ENXIO:
                    raise
                return  # no data behind this
            self.size += max(end - at, 0)
            if self.size > self._most:
                raise self._too_much()
            self._range(source, target, at, end)
            at = max(end, at + 1)  # a program may make holes meanwhile

    def _shared(self, source: int, target: int) -> bool:
        try:
            fcntl.ioctl(target, _FICLONE, source)
        except OSError as error:
            if error.errno not in _NOT_HERE:
                raise
            self._can_share = False
            return False
        return True

    def _range(self, source: int, target: int, at: int, end: int) -> None:
        """Copy one range with data, or as far as the file still goes."""
        while at < end:
            try:
                done = os.copy_file_range(source, target, min(end - at, _PIECE << 6), at, at)
            except OSError as error:
                if error.errno not in _NOT_HERE:
                    raise
                os.lseek(target, at, os.SEEK_SET)
                piece = os.pread(source, min(end - at, _PIECE), at)
                write_all(target, piece)
                done = len(piece)
            if not done:
                return
            at += done

    def _too_much(self) -> Exception:
        return too_large(
            f"the files take more than the {self._most} bytes that there is room for", "remove some of them first"
        )


def _leads(parent: int, name: bytes) -> bytes:
    """Where a link leads. Raises Gone when it is none any more, OSError."""
    try:
        return os.readlink(name, dir_fd=parent)
    except OSError as error:
        if error.errno == errno.EINVAL:
            raise Gone from None
        raise
