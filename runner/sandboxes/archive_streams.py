"""Bytes of an archive, in pieces, unpacked as far as they are counted: no bomb gets further than its bound.

There is no bound of the ratio: a file of zeros is a thousand times smaller packed, and harmless. What is bounded is
what comes out, and the memory that it takes.

Source: RFC 1952; the xz file format 1.1.0.
"""

from __future__ import annotations

import bz2
import lzma
import os
import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

from jhansi_runner.runner.sandboxes.archive_names import bad_archive, too_big

PIECE = 1 << 18
_XZ_MEMORY = 80 << 20
"""Bytes: `xz -9` needs 65 MiB."""
_MOST_STREAMS = 20_000
"""Streams one behind the other, as parallel packers write them; each costs time, however short it is."""


class Unpacker(Protocol):
    """One stream, as bz2 and lzma have it."""

    @property
    def eof(self) -> bool:
        """Whether its end has come."""

    @property
    def needs_input(self) -> bool:
        """Whether there is no more output without more input."""

    @property
    def unused_data(self) -> bytes:
        """What came behind its end."""

    def decompress(self, data: bytes, max_length: int = ...) -> bytes:
        """Take in bytes, and give at most so many."""


class Inflate:
    """Deflate, zlib or gzip (`wbits` as in zlib), with the manners of the others."""

    def __init__(self, wbits: int) -> None:
        self._inflate = zlib.decompressobj(wbits)
        self.needs_input = True

    @property
    def eof(self) -> bool:
        """Whether its end has come."""
        return self._inflate.eof

    @property
    def unused_data(self) -> bytes:
        """What came behind its end."""
        return self._inflate.unused_data

    def decompress(self, data: bytes, max_length: int = PIECE) -> bytes:
        """Take in bytes, and give at most so many. Raises zlib.error."""
        out = self._inflate.decompress(self._inflate.unconsumed_tail + data, max_length)
        self.needs_input = not self._inflate.unconsumed_tail and len(out) < max_length
        return out


def gzip_stream() -> Unpacker:
    """gzip."""
    return Inflate(31)


def bzip2_stream() -> Unpacker:
    """bzip2."""
    return bz2.BZ2Decompressor()


def xz_stream() -> Unpacker:
    """xz, with bounded memory."""
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)


def pieces(descriptor: int, start: int, end: int) -> Iterator[bytes]:
    """The bytes of a file between two places; the file's own place stays. Raises SandboxError when some are missing."""
    while start < end:
        piece = os.pread(descriptor, min(PIECE, end - start), start)
        if not piece:
            raise bad_archive("it ends too early", "send it again: it was cut short")
        start += len(piece)
        yield piece


def unpacked(packed: Iterator[bytes], new: Callable[[], Unpacker], *, single: bool = False) -> Iterator[bytes]:
    """What is in one stream, or several one behind the other, to the last byte. Raises SandboxError."""
    unpacker, streams, data = new(), 1, b""
    try:
        while True:
            while not unpacker.eof:
                if unpacker.needs_input and not data:
                    data = next(packed, b"")
                    if not data:
                        raise bad_archive("it ends too early", "send it again: it was cut short")
                out = unpacker.decompress(data, PIECE)
                data = b""
                if out:
                    yield out
            data = unpacker.unused_data or next(packed, b"")
            if not data:
                return
            streams += 1
            if single or streams > _MOST_STREAMS:
                raise bad_archive("it goes on behind its end" if single else "it is made of too many streams")
            unpacker = new()
    except (zlib.error, OSError, EOFError, lzma.LZMAError, ValueError, MemoryError) as error:
        raise bad_archive(f"it cannot be unpacked: {error}", "it is damaged, or needs too much memory") from None


class Stream:
    """A stream of which exactly so many bytes are read. Raises SandboxError beyond `most` bytes, and at its end."""

    def __init__(self, source: Iterator[bytes], most: int, told: int) -> None:
        self._source, self._left, self._told = source, most, told
        self._held = memoryview(b"")

    def some(self, size: int) -> memoryview:
        """Some bytes, at most so many, at least one; none at the end."""
        if not self._held:
            piece = next(self._source, b"")
            self._left -= len(piece)
            if self._left < 0:
                raise too_big(self._told)
            self._held = memoryview(piece)
        taken, self._held = self._held[:size], self._held[size:]
        return taken

    def portion(self, size: int) -> Iterator[memoryview]:
        """The next so many bytes, in pieces."""
        while size:
            piece = self.some(size)
            if not piece:
                raise bad_archive("it ends too early", "send it again: it was cut short")
            size -= len(piece)
            yield piece

    def exactly(self, size: int) -> bytes:
        """The next so many bytes, together."""
        return b"".join(self.portion(size))
