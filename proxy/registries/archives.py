"""Archives of packages, which anybody may have made: read within bounds, and given up where they are damaged."""

from __future__ import annotations

import bz2
import errno
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_MAX_UNPACKED = 256 << 20
_MAX_DIRECTORY = 32 << 20
_BROKEN = (
    *(ValueError, EOFError, RuntimeError, OverflowError, MemoryError, ArithmeticError, LookupError),
    *(zlib.error, lzma.LZMAError, zipfile.BadZipFile, tarfile.TarError),
)
"""What the readers of archives raise of damaged, encrypted or odd ones; RuntimeError is also what nests too deeply."""
_DAMAGE = (None, errno.EINVAL)
"""Of an OSError: a decompressor's word for damage, and an offset that is none."""
_STREAMS: tuple[tuple[tuple[str, ...], Callable[[str], Any]], ...] = (
    ((".tar.gz", ".tgz"), gzip.open),
    ((".tar.bz2",), bz2.open),
    ((".tar.xz",), lzma.open),
)


@contextmanager
def tolerated() -> Iterator[None]:
    """Passes over what cannot be read of an archive. Raises OSError where a file cannot be read at all."""
    try:
        yield
    except OSError as error:
        if error.errno not in _DAMAGE:
            raise
    except _BROKEN:
        pass


class _Bounded(io.RawIOBase):
    """A compressed file that ends in an error where a small one would unpack to a huge one."""

    def __init__(self, file: IO[bytes], limit: int) -> None:
        self._file, self._left = file, limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        data = self._file.read(len(memoryview(buffer)))
        self._left -= len(data)
        if self._left < 0:
            raise ValueError("it unpacks to too much")
        memoryview(buffer)[: len(data)] = data
        return len(data)


@contextmanager
def members(path: str, filename: str, limit: int | None = None) -> Iterator[tarfile.TarFile]:
    """A compressed tar archive, to be read from its beginning to its end, of at most `limit` bytes when unpacked, or
    256 MiB.

    Raises what `tolerated` passes over.
    """
    unpack = next((opener for suffixes, opener in _STREAMS if filename.endswith(suffixes)), None)
    if unpack is None:
        raise ValueError("it is no tar archive by its name")
    with (
        unpack(path) as file,
        tarfile.open(
            fileobj=io.BufferedReader(_Bounded(file, _MAX_UNPACKED if limit is None else limit), 1 << 16), mode="r|"
        ) as archive,
    ):
        yield archive


class Directory(io.FileIO):
    """A zip archive's file. Refuses to read a directory that was made to fill memory: zipfile reads it whole."""

    def read(self, size: int | None = -1) -> bytes:
        if size is not None and size > _MAX_DIRECTORY:
            raise ValueError("directory is too large")
        return super().read(size)
