"""The journal of runs: every run leaves a line when it begins and one when it ends, each bound to the one before.

A line is `number<TAB>hash<TAB>kind<TAB>fields`: the number counts from 1, the hash is the sha256 of the line before,
`-` for the first, a field is `name=part part ...`. The file `head` has the last number, its line's hash, and the
journal's size: so what is missing at the end shows too. Whoever finds head and journal apart, because a writer was
killed or somebody changed them, leaves a line of kind `fault` before their own, and goes on from what is there.

Byte locks on the journal belong to its descriptor, and end with the process: one is held while a line is written, and
one by each run, from its beginning to its end. Light: a warm `exec` imports this module.

Source: ADR 12; fcntl(2), "Open file description locks".
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.digests import sha256
from jhansi_runner.runner.console import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    Fields = Sequence[tuple[str, Sequence[str]]]

JOURNAL, HEAD = "journal", "head"
BEGIN, END, FAULT = "begin", "end", "fault"
FIRST = "-"
WRITING, RUNNING = 1 << 62, 1 << 61
"""Bytes to lock: while a line is written, and with the number of its first line added while a run goes on."""
NO_LOCKS = frozenset((errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL))
"""Errors by which a file system says that it has no locks: Lustre mounted without `flock`, NFS without lockd."""
_HEAD_BYTES = 100
_LONG_SECONDS = 5.0


class Journal:
    """The journal in a folder, open for writing."""

    __slots__ = ("_file", "_folder")

    def __init__(self, folder: str) -> None:
        """Raises OSError, UnsafeFolder."""
        self._folder = folder
        path, flags = f"{folder}/{JOURNAL}", os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            self._file = os.open(path, flags, 0o600)
        except FileNotFoundError:
            paths.make(os.path.dirname(folder))
            paths.make(folder)
            self._file = os.open(path, flags, 0o600)

    def append(self, kind: str, fields: Fields, *, alive: bool = False) -> int:
        """Add a line; its number. `alive`: hold the lock that tells, until `close`, that this run goes on.

        Raises OSError, and then the journal is as it was.
        """
        wait_for(self._file, WRITING, f"{self._folder}/{JOURNAL}")
        try:
            size = os.fstat(self._file).st_size
            head = read_head(self._folder)
            number, last, lines = self._end(head, size)
            if head is None and not size:
                number, last, lines = 0, FIRST, b""
            line = written(number + 1, last, kind, fields)
            lines += line + b"\n"
            self._write(lines, size)
            try:
                _write_head(self._folder, number + 1, sha256(line).hexdigest(), size + len(lines))
            except OSError:
                os.ftruncate(self._file, size)
                raise
            if alive:
                lock(self._file, fcntl.F_OFD_SETLK, fcntl.F_WRLCK, RUNNING + number + 1)
            return number + 1
        finally:
            lock(self._file, fcntl.F_OFD_SETLK, fcntl.F_UNLCK, WRITING)

    def close(self) -> None:
        """Close it: from now on the run is over."""
        os.close(self._file)

    def _end(self, head: tuple[int, str, int] | None, size: int) -> tuple[int, str, bytes]:
        """The last number, the hash of the last line, and what has to be written before the next line."""
        if head is not None and head[2] == size:
            return head[0], head[1], b""
        data = os.pread(self._file, size, 0)
        mended = b"" if data.endswith(b"\n") or not data else b"\n"
        last = data.removesuffix(b"\n").rpartition(b"\n")[2]
        whole = data[: data.rfind(b"\n") + 1]  # the number of a torn line was never given to anybody
        counted = whole.removesuffix(b"\n").rpartition(b"\n")[2].partition(b"\t")[0]
        number = max(head[0] if head else 0, int(counted) if counted.isdigit() and len(counted) < 16 else 0)
        said = [str(part) for part in head] if head else []
        fault = written(
            number + 1, sha256(last).hexdigest() if data else FIRST, FAULT, [("size", [str(size)]), ("head", said)]
        )
        return number + 1, sha256(fault).hexdigest(), mended + fault + b"\n"

    def _write(self, lines: bytes, size: int) -> None:
        try:
            while lines:  # a full disk takes a part first, and says so when it is given the rest
                lines = lines[os.write(self._file, lines) :]
        except OSError:
            os.ftruncate(self._file, size)
            raise


def written(number: int, last: str, kind: str, fields: Fields) -> bytes:
    """A line of the journal, without its end; fields without content are left out."""
    texts = [f"{name}={' '.join(map(_quoted, parts))}" for name, parts in fields if any(parts)]
    line = "\t".join([str(number), last, kind, *texts])
    try:
        return line.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half a character, from a registry or a program
        return line.encode("utf-8", "backslashreplace")


def _quoted(text: str) -> str:
    for character, code in (("%", "%25"), ("\t", "%09"), ("\n", "%0A"), (" ", "%20")):
        text = text.replace(character, code)
    return text


def read_head(folder: str) -> tuple[int, str, int] | None:
    """The last number, the hash of its line, and the journal's size; None when there is no head that can be read."""
    try:
        with open(f"{folder}/{HEAD}", "rb") as file:
            number, digest, size = file.read(_HEAD_BYTES).decode("ascii").split()
        return int(number), digest, int(size)
    except (FileNotFoundError, ValueError):
        return None


def _write_head(folder: str, number: int, digest: str, size: int) -> None:
    """Write it in place, always as many bytes: to rename a new file over it takes ext4 a thousand times as long."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    file = os.open(f"{folder}/{HEAD}", flags, 0o600)
    try:
        os.pwrite(file, f"{number:15} {digest} {size:18}\n".encode("ascii"), 0)  # _HEAD_BYTES of them
    finally:
        os.close(file)


def lock(file: int, command: int, kind: int, byte: int) -> bytes:
    """Set or ask for a lock on one byte of the journal."""
    return fcntl.fcntl(file, command, struct.pack("hhqqi4x", kind, os.SEEK_SET, byte, 1, 0))


def wait_for(file: int, byte: int, path: str) -> None:
    """Lock one byte for writing, however long others hold it; that it takes long is said. Raises OSError."""
    try:
        lock(file, fcntl.F_OFD_SETLK, fcntl.F_WRLCK, byte)
    except (BlockingIOError, PermissionError):
        import threading

        others = "another run holds it, on this host or on one that shares the folder"
        left = "one that a dead host has left is freed by the file server"
        slow = threading.Timer(_LONG_SECONDS, say, [f"waiting for the lock of {path}: {others}; {left}"])
        slow.start()
        try:
            lock(file, fcntl.F_OFD_SETLKW, fcntl.F_WRLCK, byte)
        finally:
            slow.cancel()
            slow.join()  # we may be about to fork
