"""Where a bundle is written: under names that nobody takes for it, until it is whole and proven.

Beside FILE there is a folder `.FILE.exporting` meanwhile. Whoever is killed leaves it, and the next export to FILE
takes it away, with those volumes that had their names already: it knows them by what is noted in it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import shutil
import stat
from collections.abc import Iterator

from jhansi_runner.proxy.bundle.volumes import is_volume, volume

_NOTE, _LOCK = "placed", "lock"
_WITHOUT_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


class Taken(OSError):
    """There is something already, or somebody else writes it, or nobody can."""


class Writer:
    """Writes a bundle in volumes of at most `most` bytes, 0 for one file, below a folder."""

    def __init__(self, folder: str, name: str, most: int) -> None:
        self._folder, self._name, self._most = folder, name, most
        self.size = 0
        self.parts: list[str] = []
        self._descriptor, self._left = -1, 0

    @property
    def path(self) -> str:
        """Where the bundle can be read before it has its name."""
        return f"{self._folder}/{self._name}"

    def write(self, data: bytes | memoryview) -> None:
        """Write all of it."""
        left = memoryview(data)
        while left:
            if self._descriptor < 0 or (self._most and not self._left):
                self._open()
            part = left[: self._left] if self._most else left
            try:
                count = os.write(self._descriptor, part)
            except OSError as error:
                raise self._trouble(error) from None
            left = left[count:]
            self.size += count
            self._left -= count

    def close(self, *, flush: bool) -> None:
        """End the last volume."""
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            try:
                if flush:
                    os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def _trouble(self, error: OSError) -> OSError:
        place = os.path.dirname(self._folder)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return Taken(f"{place} is full, so nothing was written: make room there, or name a folder with more")
        if error.errno == errno.EFBIG:
            return Taken(f"{place} takes no file so large, so nothing was written: use --volume-size, such as 2GiB")
        return OSError(error.errno, error.strerror, self.path)

    def _open(self) -> None:
        self.close(flush=True)
        path = volume(self.path, len(self.parts) + 1) if self._most else self.path
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        self._left = self._most
        self.parts.append(os.path.basename(path))


@contextlib.contextmanager
def place_for(file: str, most: int) -> Iterator[Writer]:
    """Where the bundle FILE is to be written; the folder is gone at the end. Raises Taken, OSError."""
    parent, name = os.path.split(os.path.abspath(file))
    if is_volume(name):
        raise Taken(f"{file} looks like a volume of another bundle: name it without a number at the end")
    if not os.path.isdir(parent):
        raise Taken(f"{file} cannot be written: there is no folder {parent}")
    with _folder(f"{parent}/{_short(name)}", file) as folder:
        _sweep(folder, parent)
        _require_free(file)
        writer = Writer(folder, name, most)
        try:
            yield writer
        finally:
            writer.close(flush=False)


def put(writer: Writer, file: str) -> list[str]:
    """Give a whole bundle its name; of volumes the first one comes last, since nothing is read without it."""
    parent = os.path.dirname(os.path.abspath(file))
    folder = os.path.dirname(writer.path)
    _require_free(file)
    with open(f"{folder}/{_NOTE}", "wb") as note:
        for part in writer.parts:
            found = os.stat(f"{folder}/{part}")
            note.write(os.fsencode(f"{found.st_dev} {found.st_ino} {part}\0"))
        note.flush()
        os.fsync(note.fileno())
    try:
        for part in reversed(writer.parts):
            _name(f"{folder}/{part}", f"{parent}/{part}")
    except BaseException:
        _sweep(folder, parent)
        raise
    os.unlink(f"{folder}/{_NOTE}")
    _flush(parent)
    return [f"{parent}/{part}" for part in writer.parts]


def _name(path: str, final: str) -> None:
    """Give a file its name, if nothing has it; a file system without links cannot tell until it is done."""
    try:
        os.link(path, final)
    except FileExistsError:
        raise Taken(f"{final} is there already, since a moment ago") from None
    except OSError as error:
        if error.errno not in _WITHOUT_LINKS:
            raise
        os.rename(path, final)
    else:
        os.unlink(path)


def _short(name: str) -> str:
    """The folder's name: with that of the file in it where a name can be so long."""
    whole = f".{name}.exporting"
    if len(os.fsencode(whole)) <= 255:
        return whole
    return f".{hashlib.sha256(os.fsencode(name)).hexdigest()[:32]}.exporting"


@contextlib.contextmanager
def _folder(folder: str, file: str) -> Iterator[str]:
    with contextlib.suppress(FileExistsError):
        os.mkdir(folder, 0o700)
    found = os.lstat(folder)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():  # others may make names where FILE is to be
        raise Taken(f"{folder} is not a folder of yours: have that moved away, or name another file")
    # A file, since NFS locks no folder.
    lock = f"{folder}/{_LOCK}"
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.path.exists(lock) or os.stat(lock).st_ino != os.fstat(descriptor).st_ino:
            raise BlockingIOError  # the other one is just done
    except BlockingIOError:
        os.close(descriptor)
        raise Taken(f"{file} is being written by another export") from None
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def _sweep(folder: str, parent: str) -> None:
    """Take away what an export left that was killed. What has all of its names is whole, and stays."""
    noted = _noted(folder, parent)
    placed = [path for path, is_there in noted if is_there]
    if len(placed) < len(noted):
        for path in placed:
            os.unlink(path)
    for name in set(os.listdir(folder)) - {_LOCK}:
        path = f"{folder}/{name}"
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)


def _noted(folder: str, parent: str) -> list[tuple[str, bool]]:
    """The paths that an export was about to give, and whether what it wrote is there."""
    found = []
    with contextlib.suppress(FileNotFoundError), open(f"{folder}/{_NOTE}", "rb") as note:
        for line in note.read().split(b"\0")[:-1]:
            device, inode, part = os.fsdecode(line).split(" ", 2)
            path = f"{parent}/{os.path.basename(part)}"
            try:
                status = os.lstat(path)
                is_there = (str(status.st_dev), str(status.st_ino)) == (device, inode)
            except FileNotFoundError:
                is_there = False
            found.append((path, is_there))
    return found


def _flush(folder: str) -> None:
    """Have names on the disk, where a file system can: some cannot flush a folder."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with contextlib.suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _require_free(file: str) -> None:
    for path in (file, volume(file, 1)):
        if os.path.lexists(path):
            raise Taken(f"{path} is there already: name another file, or move that away")
