"""The entries of a tar archive, one after the other, as its bytes come.

Read by ourselves: what one header says in several ways (pax, GNU, the old fields) is where readers disagree, and where
they take as much memory as a header asks for. What is unclear is refused.

Source: POSIX pax, "ustar Interchange Format" and "pax Header Block"; tar(5) of libarchive for GNU's long names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from jhansi_runner.runner.sandboxes.archive_names import (
    LINKS,
    MOST_ENTRIES,
    Member,
    bad_archive,
    bad_entry,
    member_path,
    too_many,
)
from jhansi_runner.runner.sandboxes.archive_streams import Stream

BLOCK = 512
_MOST_EXTENDED = 1 << 16
"""Bytes of one extended header."""
_MOST_PADDING = 1 << 20
"""Bytes of zeros behind the end."""
_OCTAL = re.compile(rb" *([0-7]*)[ \0]*")
_RECORD = re.compile(rb"([1-9][0-9]{0,5}) ")
_FOLDER, _PAX, _PAX_GLOBAL, _LONG_NAME, _LONG_LINK = b"5", b"x", b"g", b"L", b"K"
_KINDS = {
    b"1": ("is a hard link", LINKS),
    b"2": ("is a link", LINKS),
    b"3": ("is a device", "leave it out"),
    b"4": ("is a device", "leave it out"),
    b"6": ("is a pipe", "leave it out"),
    b"S": ("is a sparse file", "pack it without --sparse"),
}


def is_tar(block: bytes) -> bool:
    """Whether a first block is a header, or the end of an archive with nothing in it."""
    return len(block) == BLOCK and (block == bytes(BLOCK) or _sum_is_right(block))


def members(stream: Stream) -> Iterator[tuple[Member, Iterator[memoryview]]]:
    """The entries, each with its content, which has to be read before the next. Raises SandboxError."""
    for _ in range(MOST_ENTRIES + 1):
        found = _next(stream)
        if found is None:
            return
        content = stream.portion(found.size)
        yield found, content
        for _ in content:
            raise ValueError("the content of an entry was not read")
        stream.exactly(-found.size % BLOCK)
    raise too_many()


def _next(stream: Stream) -> Member | None:
    """The next entry, None at the end: its own header, and those before it that add to it."""
    name: bytes | None = None
    size: int | None = None
    extended: set[bytes] = set()
    for _ in range(8):
        block = stream.exactly(BLOCK)
        if block == bytes(BLOCK):
            if extended:
                raise bad_archive("it ends behind a header that belongs to no entry")
            _end(stream)
            return None
        if not _sum_is_right(block):
            raise bad_archive("a header of it is damaged")
        kind = block[156:157]
        if kind not in (_PAX, _PAX_GLOBAL, _LONG_NAME, _LONG_LINK):
            return _member(block, kind, name, size)
        if kind in extended:
            raise bad_archive("an entry of it has the same header twice")
        extended.add(kind)
        content = _extended(stream, block)
        if kind == _LONG_NAME:
            if name is not None:
                raise bad_archive("an entry of it has two names")
            name = content.rstrip(b"\0")
        elif kind in (_PAX, _PAX_GLOBAL):
            said = _records(content, everywhere=kind == _PAX_GLOBAL)
            if b"path" in said:
                if name is not None:
                    raise bad_archive("an entry of it has two names")
                name = said[b"path"]
            if b"size" in said:
                if not re.fullmatch(rb"[0-9]{1,18}", said[b"size"]):
                    raise bad_archive("a header of it has a size that is none")
                size = int(said[b"size"])
    raise bad_archive("an entry of it has too many headers")


def _member(block: bytes, kind: bytes, name: bytes | None, size: int | None) -> Member:
    if name is None:
        name = block[:100].partition(b"\0")[0]
        prefix = block[345:500].partition(b"\0")[0]
        if block[257:263] == b"ustar\0" and prefix:
            name = prefix + b"/" + name
    if size is None:
        size = _number(block[124:136])
    if kind in _KINDS:
        raise bad_entry(name, *_KINDS[kind])
    folder = kind == _FOLDER or (kind == b"\0" and name.endswith(b"/"))
    if not folder and kind not in (b"0", b"\0", b"7"):
        raise bad_entry(name, "is of a kind that is not known", "pack files and folders only")
    if folder and size:
        raise bad_entry(name, "is a folder with content")
    mode = _number(block[100:108])
    return Member(member_path(name, folder=folder), folder, executable=bool(mode & 0o111), size=size)


def _extended(stream: Stream, block: bytes) -> bytes:
    size = _number(block[124:136])
    if size > _MOST_EXTENDED:
        raise bad_archive(f"a header of it has more than {_MOST_EXTENDED} bytes")
    content = stream.exactly(size)
    stream.exactly(-size % BLOCK)
    return content


def _records(content: bytes, *, everywhere: bool) -> dict[bytes, bytes]:
    """What a pax header says of names and sizes."""
    said: dict[bytes, bytes] = {}
    at = 0
    while at < len(content):
        length = _RECORD.match(content, at)
        end = at + int(length[1]) if length else 0
        if length is None or end > len(content) or end <= length.end() or content[end - 1 : end] != b"\n":
            raise bad_archive("a header of it is damaged")
        key, equals, value = content[length.end() : end - 1].partition(b"=")
        if not equals:
            raise bad_archive("a header of it is damaged")
        if key.startswith(b"GNU.sparse"):
            raise bad_archive("it holds a sparse file", "pack it without --sparse")
        if key in (b"path", b"size"):
            if everywhere or key in said:
                raise bad_archive("a header of it gives a name or size to several entries, or two to one")
            said[key] = value
        at = end
    return said


def _end(stream: Stream) -> None:
    """The second block of zeros, and what packers fill up with."""
    if stream.exactly(BLOCK) != bytes(BLOCK):
        raise bad_archive("something follows on its end")
    left = _MOST_PADDING
    while piece := stream.some(BLOCK):
        left -= len(piece)
        if left < 0 or any(piece):
            raise bad_archive("something follows on its end")


def _sum_is_right(block: bytes) -> bool:
    found = _OCTAL.fullmatch(block[148:156])
    return found is not None and found[1] != b"" and int(found[1], 8) == sum(block[:148]) + 256 + sum(block[156:])


def _number(field: bytes) -> int:
    """A number in octal, or GNU's binary form; none below zero."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    found = _OCTAL.fullmatch(field)
    if found is None:
        raise bad_archive("a header of it has a number that is none")
    return int(found[1] or b"0", 8)
