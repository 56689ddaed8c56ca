"""A folder of advisories: records in JSON files and in zip archives of them, in any subfolder.

It is read in full or not at all: what is left out could be what tells of malware. Names that begin with a dot do not
count, as in a clone or while a file is being copied; links are followed.
"""

from __future__ import annotations

import errno
import hashlib
import lzma
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from jhansi_runner.proxy.policy.osv_record import line_of

RECORD_BYTES = 8 << 20
"""The most that is read of a record."""
_GROWTH = 200
_SMALL_BYTES = 64 << 20
"""An archive may unpack to this, and to so many times its size; more is no archive of records."""
_RECORD, _ARCHIVE = ".json", ".zip"
_UNKNOWN = (".gz", ".tgz", ".bz2", ".xz", ".zst", ".7z", ".tar", ".jsonl", ".ndjson")
_OTHER = "is not read: records are .json files, and .zip archives of them"
_FOLDER, _REGULAR, _KIND = 0o040000, 0o100000, 0o170000
_DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error),
    *(EOFError, NotImplementedError, RuntimeError, ValueError),
)
"""What reading an archive raises that is damaged, encrypted or odd."""


class FolderUnreadable(Exception):
    """Something in the folder cannot be read."""


@dataclass(frozen=True, slots=True)
class File:
    """A file that holds records: its path below the folder, and what tells that it changed."""

    path: str
    size: int
    changed: tuple[int, int]

    @property
    def mark(self) -> bytes:
        """Its part of the signature."""
        return f"{self.path}\0{self.size}\0{self.changed}\n".encode("utf-8", "surrogateescape")


def signature(folder: str) -> str:
    """What tells that anything in the folder changed: names, sizes, times, in hex. Raises FolderUnreadable."""
    state = hashlib.sha256()
    for file in files(folder):
        state.update(file.mark)
    return state.hexdigest()


def files(folder: str) -> Iterator[File]:
    """The files that may hold records, in an order of their own. Raises FolderUnreadable."""
    waiting, seen = [""], set()
    while waiting:
        inside = waiting.pop()
        found = _stat(folder, inside)
        if found is None or (found.st_dev, found.st_ino) in seen:  # gone by now; a link to a folder above it
            continue
        seen.add((found.st_dev, found.st_ino))
        try:
            names = sorted(name for name in os.listdir(os.path.join(folder, inside)) if not name.startswith("."))
        except OSError as error:
            raise _unreadable(inside, error) from None
        for name in names:
            path = os.path.join(inside, name)
            found = _stat(folder, path)
            if found is None:
                continue
            if found.st_mode & _KIND == _FOLDER:
                waiting.append(path)
            elif name.lower().endswith((_RECORD, _ARCHIVE, *_UNKNOWN)):
                if found.st_mode & _KIND != _REGULAR:
                    raise FolderUnreadable(f"{line_of(path)}: it is no file")
                yield File(path, found.st_size, (found.st_mtime_ns, found.st_ctime_ns))


def records(folder: str, file: File) -> Iterator[tuple[str, bytes | str]]:
    """The records in a file, each with its name; a text says why one is not read. Nothing of a file that is gone.

    Raises FolderUnreadable.
    """
    if file.path.lower().endswith(_UNKNOWN):
        yield line_of(file.path), _OTHER
        return
    try:
        with open(os.path.join(folder, file.path), "rb") as stream:
            if file.path.lower().endswith(_RECORD):
                yield line_of(file.path), _bounded(stream.read(RECORD_BYTES + 1))
            else:
                yield from _archived(file, zipfile.ZipFile(stream))
    except FileNotFoundError:  # the folder has changed, and will be read again
        return
    except OSError as error:
        raise _unreadable(file.path, error) from None
    except _DAMAGED as error:
        raise FolderUnreadable(f"{line_of(file.path)}: {line_of(str(error)) or type(error).__name__}") from None


def _archived(file: File, archive: zipfile.ZipFile) -> Iterator[tuple[str, bytes | str]]:
    """The records in an archive. Nothing is unpacked to the disk, so where a name leads to does not matter."""
    members = archive.infolist()
    if sum(member.file_size for member in members) > max(_SMALL_BYTES, _GROWTH * file.size):
        raise FolderUnreadable(f"{line_of(file.path)}: it would unpack to more than {_GROWTH} times its size")
    for member in members:
        name = member.filename
        if any(part.startswith(".") and part.strip(".") for part in name.replace("\\", "/").split("/")):
            continue
        shown = line_of(f"{file.path}:{name}")
        if name.lower().endswith(_RECORD):
            with archive.open(member) as stream:
                yield shown, _bounded(stream.read(RECORD_BYTES + 1))
        elif name.lower().endswith((_ARCHIVE, *_UNKNOWN)):
            yield shown, _OTHER


def _bounded(data: bytes) -> bytes | str:
    return data if len(data) <= RECORD_BYTES else f"is larger than {RECORD_BYTES >> 20} MiB"


def _stat(folder: str, path: str) -> os.stat_result | None:
    """What is there, behind links; None for what is not there any more. Raises FolderUnreadable."""
    try:
        return os.stat(os.path.join(folder, path))
    except OSError as error:
        if path and error.errno == errno.ENOENT and not os.path.lexists(os.path.join(folder, path)):
            return None
        raise _unreadable(path, error) from None


def _unreadable(path: str, error: OSError) -> FolderUnreadable:
    why = os.strerror(error.errno) if error.errno else str(error)
    return FolderUnreadable(f"{line_of(path)}: {why}" if path else why)
