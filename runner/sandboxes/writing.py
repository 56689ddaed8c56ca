"""Files that come into a workspace, and go from it: whole or not at all."""

from __future__ import annotations

import os
from contextlib import suppress

from jhansi_runner.runner.sandboxes.errors import SandboxError, too_large
from jhansi_runner.runner.sandboxes.incoming import Stage, stage
from jhansi_runner.runner.sandboxes.model import Entry
from jhansi_runner.runner.sandboxes.names import failed, parts, told
from jhansi_runner.runner.sandboxes.opening import descend, open_up
from jhansi_runner.runner.sandboxes.tree import opened

WORK = "work"
_DATA = b"data"


class Writing:
    """A file that is being written: `add` its bytes, then `commit` or `abort`. All raise SandboxError.

    `home` is the folder of the sandbox. What was at the path, but for a folder, is replaced at once by `commit`; a link
    is replaced itself. After an error, or `abort`, nothing has changed but that folders on the way may have been made.
    """

    def __init__(self, home: str, path: str, *, most: int, executable: bool = False) -> None:
        self._home, self._path, self._names, self._left, self._most = home, path, parts(path), most, most
        self._stage: Stage | None = Stage(home)
        try:
            self._file = os.open(
                _DATA,
                os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC,
                0o600,
                dir_fd=self._stage.folder,
            )
            os.fchmod(self._file, 0o755 if executable else 0o644)
        except OSError as error:
            self._stage.close()
            raise failed(error, path, "written") from None

    def add(self, data: bytes | memoryview) -> None:
        """Write so much more. Raises SandboxError for more than `most` bytes, and aborts then."""
        self._left -= len(data)
        try:
            if self._left < 0:
                raise too_large(
                    f"{told(self._path)} is larger than the {self._most} bytes that there is room for",
                    "send less, or remove files of the sandbox first",
                )
            write_all(self._file, data)
        except OSError as error:
            self.abort()
            raise failed(error, self._path, "written") from None
        except SandboxError:
            self.abort()
            raise

    def commit(self) -> Entry:
        """Put the file in its place."""
        held = self._stage
        if held is None:
            raise ValueError("what was aborted or committed is not there any more")
        try:
            with opened(f"{self._home}/{WORK}") as work:
                folder = descend(work, self._names[:-1], make=True)
                try:
                    os.rename(_DATA, self._names[-1], src_dir_fd=held.folder, dst_dir_fd=folder)
                    status = os.fstat(self._file)
                finally:
                    os.close(folder)
        except OSError as error:
            raise failed(error, self._path, "written") from None
        finally:
            self.abort()
        return Entry(self._path, "file", status.st_size, status.st_mtime, executable=bool(status.st_mode & 0o100))

    def abort(self) -> None:
        """Leave nothing of it; after `commit` or again it does nothing."""
        if self._stage is not None:
            held, self._stage = self._stage, None
            os.close(self._file)
            held.close()


def write_all(descriptor: int, data: bytes | memoryview) -> None:
    """Write all of it. Raises OSError."""
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]


def remove(home: str, path: str) -> None:
    """Remove a file, or a folder with all that is in it, at once: it leaves the workspace before it is emptied.

    Raises SandboxError. What cannot be removed in some seconds goes with a later change of the sandbox.
    """
    names = parts(path)
    with opened(f"{home}/{WORK}") as work, stage(home) as held:
        try:
            folder = descend(work, names[:-1])
            try:
                _open_up(folder, names[-1])
                os.rename(names[-1], _DATA, src_dir_fd=folder, dst_dir_fd=held.folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise failed(error, path, "removed") from None


def _open_up(parent: int, name: bytes) -> None:
    """Let a folder be moved that is closed to its owner: that writes to its `..`. Anything else is left as it is."""
    with suppress(NotADirectoryError):
        flags = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        os.close(open_up(os.open(name, flags, dir_fd=parent)))
