"""Files as a test registry holds them: bytes as a row of chunks, so that a gigabyte costs one mebibyte."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass

BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes as consecutive chunks; one chunk object may stand in many places, and is stored once."""

    chunks: tuple[bytes, ...]

    @property
    def size(self) -> int:
        """Length in bytes."""
        return sum(map(len, self.chunks))

    def sha256(self) -> str:
        """Hex digest of all bytes, computed chunk by chunk."""
        digest = hashlib.sha256()
        for chunk in self.chunks:
            digest.update(chunk)
        return digest.hexdigest()

    def read(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The bytes from `start` up to and without `stop` (default: the end), never joined."""
        stop = self.size if stop is None else stop
        at = 0
        for chunk in self.chunks:
            piece = chunk[max(start - at, 0) : max(stop - at, 0)]
            at += len(chunk)
            if piece:
                yield piece
            if at >= stop:
                return


def noise(size: int, seed: int = 0) -> Content:
    """`size` bytes that no compressor shrinks: one seeded 1 MiB block, repeated by reference."""
    # Deflate looks back 32 KiB only, so a repeat every 1 MiB is invisible to it.
    block = random.Random(seed).randbytes(BLOCK)  # noqa: S311
    whole, rest = divmod(size, BLOCK)
    return Content((block,) * whole + ((block[:rest],) if rest else ()))


@dataclass(frozen=True, slots=True)
class BuiltFile:
    """One distribution file, ready to be listed and served.

    `sha256` is the hex digest of the content. `metadata` holds the bytes of the core metadata, empty where
    the file has none.
    """

    name: str
    version: str
    filename: str
    content: Content
    sha256: str
    metadata: bytes = b""
    requires_python: str | None = None

    @property
    def data(self) -> bytes:
        """All bytes, joined. Not for huge files."""
        return b"".join(self.content.chunks)

    @property
    def size(self) -> int:
        """Length of the content in bytes."""
        return self.content.size


def virtual_file(filename: str, size: int, seed: int = 0) -> BuiltFile:
    """A file of noise under any distribution's file name, never held in memory as a whole.

    ValueError if `filename` is neither a wheel's nor a `.tar.gz` sdist's.
    """
    if filename.endswith(".whl"):
        name, version = filename.split("-")[:2]
    elif filename.endswith(".tar.gz") and "-" in filename:
        name, version = filename.removesuffix(".tar.gz").rsplit("-", 1)
    else:
        raise ValueError(f"{filename}: not the name of a wheel or an sdist")
    content = noise(size, seed)
    return BuiltFile(name, version, filename, content, content.sha256())
