"""The entries of a zip archive: all that it says of them is read and compared before anything is unpacked.

Read by ourselves: a zip says everything twice, in its directory and at each entry, and readers differ in which they
believe. Where the two differ, entries overlap, or bytes belong to nothing at the end, the whole is refused.

Source: APPNOTE.TXT 6.3.10; D. Fifield, "A better zip bomb", 2019.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from jhansi_runner.runner.sandboxes.archive_names import (
    LINKS,
    MOST_ENTRIES,
    Member,
    bad_archive,
    bad_entry,
    member_path,
    too_big,
    too_many,
)
from jhansi_runner.runner.sandboxes.archive_streams import Inflate, Unpacker, pieces, unpacked

_END = struct.Struct("<4s4H2LH")
_LOCATOR = struct.Struct("<4sLQL")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_FIELD = struct.Struct("<2H")
_MOST_DIRECTORY = 24 << 20
_FULL_16, _FULL = 0xFFFF, 0xFFFFFFFF
_ENCRYPTED, _DESCRIBED, _STRONG, _UTF8, _MASKED = 1, 8, 64, 2048, 8192
_STORED, _DEFLATED = 0, 8
_LONG_SIZES = 1
_KIND, _IS_FILE, _IS_FOLDER, _IS_LINK = 0o170000, 0o100000, 0o040000, 0o120000


@dataclass(frozen=True, slots=True)
class _Entry:
    """What the directory says of an entry."""

    raw: bytes
    member: Member
    flags: int
    method: int
    crc: int
    packed: int
    offset: int


@dataclass(frozen=True, slots=True)
class _Directory:
    """Where the directory is, and how many entries it has."""

    count: int
    start: int
    size: int


def is_zip(begin: bytes) -> bool:
    """Whether it begins as a zip with entries, or as an empty one."""
    return begin.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def members(descriptor: int, most: int) -> Iterator[tuple[Member, Iterator[bytes]]]:
    """The entries, each with its content, whose last piece comes when all of it is right. Raises SandboxError."""
    directory = _directory(descriptor)
    entries = _entries(descriptor, directory)
    if sum(each.member.size for each in entries) > most:
        raise too_big(most)
    reached = 0
    starts = []
    for each in sorted(entries, key=lambda entry: entry.offset):
        if each.offset < reached:
            raise bad_entry(each.raw, "lies over another one")
        start = _local(descriptor, each)
        reached = start + each.packed
        if reached > directory.start:
            raise bad_entry(each.raw, "lies over the archive's directory")
        starts.append((each, start))
    for each, start in starts:
        yield each.member, _content(descriptor, each, start)


def _directory(descriptor: int) -> _Directory:
    size = os.fstat(descriptor).st_size
    tail_size = min(size, _END.size + _FULL_16)
    tail = os.pread(descriptor, tail_size, size - tail_size)
    ends = []
    at = tail.rfind(b"PK\x05\x06")
    while at >= 0:
        if at + _END.size <= len(tail):
            end = _END.unpack_from(tail, at)
            if at + _END.size + end[7] == len(tail):
                ends.append((size - tail_size + at, end))
        at = tail.rfind(b"PK\x05\x06", 0, at)
    if len(ends) != 1:
        raise bad_archive("it has two ends" if ends else "it is cut short, or something follows on its end")
    place, (_, disk, first, here, count, length, start, _) = ends[0]
    if (disk, first) not in ((0, 0), (_FULL_16, _FULL_16)) or here != count:
        raise bad_archive("it is a part of several")
    told = (count, length, start)
    if place >= _LOCATOR.size:
        locator = os.pread(descriptor, _LOCATOR.size, place - _LOCATOR.size)
        if locator.startswith(b"PK\x06\x07"):
            place, told = _long_end(descriptor, place, locator, told)
    count, length, start = told
    if count > MOST_ENTRIES or length > _MOST_DIRECTORY:
        raise too_many()
    if start + length != place:
        raise bad_archive("its directory is not where it says")
    return _Directory(count, start, length)


def _long_end(
    descriptor: int, place: int, locator: bytes, told: tuple[int, int, int]
) -> tuple[int, tuple[int, int, int]]:
    """What the end says in its long form, which has to agree with the short one."""
    _, _, offset, _ = _LOCATOR.unpack(locator)
    if offset != place - _LOCATOR.size - _END_64.size:
        raise bad_archive("its directory is not where it says")
    end = os.pread(descriptor, _END_64.size, offset)
    if len(end) < _END_64.size or not end.startswith(b"PK\x06\x06"):
        raise bad_archive("its directory is not where it says")
    _, length, _, _, disk, first, here, *long = _END_64.unpack(end)
    if (disk, first) != (0, 0) or here != long[0] or length != _END_64.size - 12:
        raise bad_archive("it is a part of several")
    for short, whole, full in zip(told, long, (_FULL_16, _FULL, _FULL), strict=True):
        if short not in (whole, full):
            raise bad_archive("it says two things of its directory")
    return offset, (long[0], long[1], long[2])


def _entries(descriptor: int, directory: _Directory) -> list[_Entry]:
    data = os.pread(descriptor, directory.size, directory.start)
    found = []
    at = 0
    for _ in range(directory.count):
        if at + _CENTRAL.size > len(data):
            raise bad_archive("its directory is cut short")
        mark, _, _, flags, method, _, _, crc, packed, size, name, extra, comment, _, _, attributes, offset = (
            _CENTRAL.unpack_from(data, at)
        )
        at += _CENTRAL.size
        raw = data[at : at + name]
        fields = data[at + name : at + name + extra]
        at += name + extra + comment
        if mark != b"PK\x01\x02" or at > len(data):
            raise bad_archive("its directory is damaged")
        size, packed, offset = _long(raw, fields, (size, packed, offset))
        if flags & (_ENCRYPTED | _STRONG | _MASKED):
            raise bad_entry(raw, "is encrypted", "pack it without a password")
        if method not in (_STORED, _DEFLATED):
            raise bad_entry(raw, "is packed in a way that is not read here", "pack it with zip -Z deflate")
        member = _member(raw, flags, attributes >> 16, size)
        if (method == _STORED and size != packed) or (member.folder and size):
            raise bad_entry(raw, "says two things of its size")
        found.append(_Entry(raw, member, flags, method, crc, packed, offset))
    if at != len(data):
        raise bad_archive("its directory has more in it than it says")
    return found


def _member(raw: bytes, flags: int, mode: int, size: int) -> Member:
    folder = raw.endswith(b"/")
    kind = mode & _KIND
    if kind == _IS_LINK:
        raise bad_entry(raw, "is a link", LINKS)
    if kind not in (0, _IS_FOLDER if folder else _IS_FILE):
        raise bad_entry(raw, "is no file or folder", "pack files and folders only")
    name = raw
    if not flags & _UTF8:  # old packers mean code page 437, those of today write UTF-8 without saying so
        try:
            raw.decode()
        except UnicodeDecodeError:
            name = raw.decode("cp437").encode()
    return Member(member_path(name, folder=folder), folder, executable=bool(mode & 0o111), size=size)


def _long(raw: bytes, fields: bytes, told: tuple[int, ...]) -> tuple[int, ...]:
    """Sizes, and the offset, of which those that do not fit are in a field of their own."""
    if _FULL not in told:
        return told
    at = 0
    while at + _FIELD.size <= len(fields):
        kind, length = _FIELD.unpack_from(fields, at)
        at += _FIELD.size
        if kind == _LONG_SIZES:
            value = fields[at : at + length]
            wanted = sum(each == _FULL for each in told)
            if len(value) != length or len(value) < 8 * wanted:
                break
            numbers = iter(struct.unpack_from(f"<{wanted}Q", value))
            return tuple(next(numbers) if each == _FULL else each for each in told)
        at += length
    raise bad_entry(raw, "says nothing of its size")


def _local(descriptor: int, entry: _Entry) -> int:
    """Where the content of an entry begins; what is said there has to agree with the directory."""
    head = os.pread(descriptor, _LOCAL.size, entry.offset)
    if len(head) < _LOCAL.size or not head.startswith(b"PK\x03\x04"):
        raise bad_entry(entry.raw, "is not where the archive's directory says")
    _, _, flags, method, _, _, crc, packed, size, name, extra = _LOCAL.unpack(head)
    rest = os.pread(descriptor, name + extra, entry.offset + _LOCAL.size)
    mask = _ENCRYPTED | _DESCRIBED | _STRONG | _UTF8 | _MASKED
    same = len(rest) == name + extra and rest[:name] == entry.raw and method == entry.method
    same = same and (flags ^ entry.flags) & mask == 0
    if same and flags & _DESCRIBED:
        whole = (entry.crc, entry.packed, entry.member.size)
        same = all(each in (0, _FULL, true) for each, true in zip((crc, packed, size), whole, strict=True))
    elif same:
        size, packed = _long(entry.raw, rest[name:], (size, packed))
        same = (crc, packed, size) == (entry.crc, entry.packed, entry.member.size)
    if not same:
        raise bad_entry(entry.raw, "is another one in the archive's directory")
    return entry.offset + _LOCAL.size + len(rest)


def _deflate() -> Unpacker:
    return Inflate(-zlib.MAX_WBITS)


def _content(descriptor: int, entry: _Entry, start: int) -> Iterator[bytes]:
    packed = pieces(descriptor, start, start + entry.packed)
    crc, left = 0, entry.member.size
    for piece in packed if entry.method == _STORED else unpacked(packed, _deflate, single=True):
        left -= len(piece)
        if left < 0:
            break
        crc = zlib.crc32(piece, crc)
        yield piece
    if left or crc != entry.crc:
        raise bad_entry(entry.raw, "is damaged, or another size than it says")
