"""The tar of a bundle: members in an order that both sides know, each header in one form only.

A reader never makes sense of a header: it compares it, byte for byte, with the one that we would write for the name and
the size that come next. So there are no links, no paths, no sparse files and no two opinions about a size.

Source: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Header Block".
"""

from __future__ import annotations

from typing import Protocol

FOLDER = "jhansi-bundle"
MANIFEST, SIGNATURE = "manifest.jsonl", "manifest.jsonl.minisig"
BLOCK = 512
END = bytes(2 * BLOCK)
_LARGEST = 8**11 - 1
_SIZE = slice(124, 136)
_PIECE = 1 << 20


class BadTar(ValueError):
    """Bytes that are not those of a bundle."""


class Into(Protocol):
    """What takes bytes."""

    def write(self, data: bytes | memoryview, /) -> object:
        """Take all of them."""


class From(Protocol):
    """What gives bytes."""

    def take(self, into: memoryview) -> None:
        """Fill all of this. Raises BadTar where it ends before."""


def header(name: str, size: int) -> bytes:
    """What comes before the content of a member of this name and size, in bytes."""
    if size <= _LARGEST:
        return _block(f"{FOLDER}/{name}", b"0", size)
    record = _record("size", str(size))
    return (
        _block(f"{FOLDER}/pax", b"x", len(record)) + record + padding(len(record)) + _block(f"{FOLDER}/{name}", b"0", 0)
    )


def padding(size: int) -> bytes:
    """What comes after a content of this size."""
    return bytes(-size % BLOCK)


def length(size: int) -> int:
    """The bytes of a member of this size, with all that belongs to it."""
    return len(header("", size)) + size + len(padding(size))


def take_header(source: From, name: str, size: int) -> None:
    """Read the header of the member that has to come now. Raises BadTar."""
    wanted = header(name, size)
    if _taken(source, len(wanted)) != wanted:
        raise BadTar(f"{name} is not where it belongs, or not of its size")


def take_sized_header(source: From, name: str, most: int) -> int:
    """Read the header of the member that has to come now, whose size only the header tells. Raises BadTar."""
    found = _taken(source, BLOCK)
    digits = found[_SIZE][:-1]
    size = int(digits, 8) if digits.isdigit() and not digits.strip(b"01234567") else -1
    if size < 0 or found != header(name, size):
        raise BadTar(f"it is no bundle: it does not have {name} where that belongs")
    if size > most:
        raise BadTar(f"{name} has {size} bytes, more than {most}")
    return size


def take_content(source: From, size: int, *sinks: Into) -> None:
    """Read a content and what comes after it, and hand it on in pieces. Raises BadTar."""
    piece = memoryview(bytearray(min(size, _PIECE)))
    left = size
    while left:
        part = piece[: min(left, len(piece))]
        source.take(part)
        for sink in sinks:
            sink.write(part)
        left -= len(part)
    if _taken(source, -size % BLOCK).strip(b"\0"):
        raise BadTar("there is something between two members")


def take_end(source: From) -> None:
    """Read what comes after the last member; that nothing follows is not for us to see. Raises BadTar."""
    if _taken(source, len(END)) != END:
        raise BadTar("there is something after the last member")


def _taken(source: From, size: int) -> bytes:
    found = bytearray(size)
    source.take(memoryview(found))
    return bytes(found)


def _record(name: str, value: str) -> bytes:
    """A line of a pax header, which begins with its own length."""
    rest = f" {name}={value}\n"
    size = len(rest) + 1
    while len(str(size)) + len(rest) != size:
        size = len(str(size)) + len(rest)
    return f"{size}{rest}".encode()


def _block(path: str, kind: bytes, size: int) -> bytes:
    fields = (
        path.encode().ljust(100, b"\0"),
        b"%07o\0%07o\0%07o\0" % (0o644, 0, 0),
        b"%011o\0" % size,
        b"%011o\0" % 0,
        b"        ",
        kind,
        bytes(100),
        b"ustar\x0000",
        bytes(64),
        b"%07o\0%07o\0" % (0, 0),
        bytes(167),
    )
    block = b"".join(fields)
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]
