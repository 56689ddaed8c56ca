"""Archives that were made to do harm are refused whole, with the entry's name, and nothing of them stays."""

from __future__ import annotations

import contextlib
import gzip
import os
import stat
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest

from jhansi_runner.runner.sandboxes.archive import unpack
from jhansi_runner.runner.sandboxes.errors import SandboxError
from support.archives import descriptor, overlapping, tar, tar_entry, zipped
from support.descriptors import descriptors
from support.sandbox_homes import assert_clean, new_home, told

pytestmark = pytest.mark.attack

MOST = 4 << 20
GOOD = tar_entry("good", b"good")
NAMES = (
    "/etc/passwd", "../up", "a/../../up", "a/..", "..", "a//b", "a/./b", "c\\d", "..\\up", "C:x", "c:/x", "x" * 256,
    "d/" * 64 + "x", "//x", ".//etc/x",
)  # fmt: skip


def refused(tmp_path: Path, data: bytes, status: int = 400, name: str = "bad_archive") -> str:
    home = new_home(tmp_path)
    before = descriptors()
    with descriptor(data) as file, pytest.raises(SandboxError) as error:
        unpack(str(home), file, most=MOST)
    assert told(error.value) == (status, name), error.value
    assert os.listdir(home / "work") == []
    assert_clean(home)
    assert descriptors() <= before
    assert str(error.value).isprintable()
    assert error.value.hint
    return str(error.value)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["zip", "tar", "gnu"])
def test_a_path_that_leads_elsewhere(tmp_path: Path, name: str, kind: str) -> None:
    if kind == "zip":
        data = zipped([("good", b"x"), (name, b"x")])
    else:
        how = tarfile.PAX_FORMAT if kind == "tar" else tarfile.GNU_FORMAT
        data = tar([GOOD, tar_entry(name, b"x")], how=how)
    said = refused(tmp_path, data)
    assert repr(name.removeprefix("./"))[1:20].rstrip("'") in said


def test_a_name_that_would_be_obeyed_by_a_terminal_is_shown_safely(tmp_path: Path) -> None:
    assert "\\x1b[2J" in refused(tmp_path, zipped([("../\x1b[2J\r\n", b"x")]))


def test_a_name_with_nul_or_that_is_not_utf8(tmp_path: Path) -> None:
    data = zipped([("aXb", b"x")])
    refused(tmp_path / "1", data.replace(b"aXb", b"a\0b"))
    flagged = bytearray(zipped([("é", b"x")]))
    refused(tmp_path / "2", bytes(flagged).replace("é".encode(), b"\xff\xfe"))
    refused(tmp_path / "3", tar([GOOD, tar_entry("\udcff", b"x")], how=tarfile.GNU_FORMAT))
    refused(tmp_path / "4", pax(b"path", b"a\0b"))


@pytest.mark.parametrize("kind", [b"1", b"2", b"3", b"4", b"6", b"S", b"V", b"M", b"D", b"N", b"Z", b"X"])
def test_an_entry_that_is_no_file_or_folder(tmp_path: Path, kind: bytes) -> None:
    said = refused(tmp_path, tar([GOOD, tar_entry("evil", b"", tarfile.LNKTYPE, type=kind, linkname="/etc/passwd")]))
    assert "evil" in said or kind == b"X"


@pytest.mark.parametrize("leads", ["/etc/passwd", "../../outside/secret", "good"])
def test_links_of_every_kind_are_refused_wherever_they_lead(tmp_path: Path, leads: str) -> None:
    for number, kind in enumerate((tarfile.SYMTYPE, tarfile.LNKTYPE)):
        said = refused(tmp_path / str(number), tar([GOOD, tar_entry("link", kind=kind, linkname=leads)]))
        assert "link" in said
    data = zipped([("link", leads.encode())], mode=stat.S_IFLNK | 0o777)
    assert "'link' is a link" in refused(tmp_path / "zip", data)


def test_a_link_and_then_a_file_through_it(tmp_path: Path) -> None:
    link = tar_entry("a", kind=tarfile.SYMTYPE, linkname="../../outside")
    refused(tmp_path, tar([link, tar_entry("a/secret", b"evil")]))


@pytest.mark.parametrize("mode", [stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK, stat.S_IFDIR])
def test_a_zip_entry_of_another_kind(tmp_path: Path, mode: int) -> None:
    refused(tmp_path, zipped([("x", b"")], mode=mode | 0o644))


@pytest.mark.parametrize(
    "names",
    [("a", "a"), ("a", "a/"), ("a/", "a"), ("a", "a/b"), ("a/b", "a"), ("a/", "a/"), ("./a", "a"), ("a", "a/b/")],
)
def test_the_same_path_twice(tmp_path: Path, names: tuple[str, str]) -> None:
    kinds = [tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE for name in names]
    refused(tmp_path / "tar", tar([tar_entry(name, kind=kind) for name, kind in zip(names, kinds, strict=True)]))
    with pytest.warns(UserWarning, match="Duplicate") if names[0] == names[1] else contextlib.nullcontext():
        data = zipped([(name, b"") for name in names], mode=0o644)
    refused(tmp_path / "zip", data)


def test_setuid_bits_do_not_come_along(tmp_path: Path) -> None:
    home = new_home(tmp_path)
    with descriptor(tar([tar_entry("x", b"x", mode=0o6777), tar_entry("d", kind=b"5", mode=0o7777)])) as file:
        unpack(str(home), file, most=MOST)
    assert [stat.S_IMODE((home / "work" / name).stat().st_mode) for name in ("x", "d")] == [0o755, 0o755]


def pax(key: bytes, value: bytes, kind: bytes = b"x") -> bytes:
    """A tar archive with one pax header of our making."""
    length = len(key) + len(value) + 3
    length += len(str(length + len(str(length))))
    record = str(length).encode() + b" " + key + b"=" + value + b"\n"
    return tar([tar_entry("header", record, kind=kind), GOOD], how=tarfile.USTAR_FORMAT)


def test_a_header_that_gives_a_name_or_a_size_is_read(tmp_path: Path) -> None:
    home = new_home(tmp_path)
    for header in (pax(b"path", b"named"), pax(b"size", b"4"), pax(b"comment", b"x", b"g")):
        with descriptor(header) as file:
            unpack(str(home), file, most=MOST)
    assert sorted(os.listdir(home / "work")) == ["good", "named"]


@pytest.mark.parametrize(
    "data",
    [pax(b"path", b"../up"), pax(b"size", b"-1"), pax(b"size", b"1e3"), pax(b"size", b"x"),
     pax(b"GNU.sparse.major", b"1"), pax(b"GNU.sparse.name", b"../up"), pax(b"path", b"up", b"g"),
     pax(b"size", b"4", b"g"), pax(b"comment", bytes(70_000)),
     tar([tar_entry("l", b"a", kind=b"L"), tar_entry("l", b"b", kind=b"L"), GOOD], how=tarfile.USTAR_FORMAT),
     tar([tar_entry("h", b"10 path=e\n", kind=b"x"), tar_entry("l", b"b", kind=b"L"), GOOD], how=tarfile.USTAR_FORMAT),
     tar([tar_entry("h", b"12 path=e\n", kind=b"x"), GOOD], how=tarfile.USTAR_FORMAT),
     tar([tar_entry("h", b"10 path=e\n10 path=f\n", kind=b"x"), GOOD], how=tarfile.USTAR_FORMAT),
     tar([tar_entry("h", b"10 path=e\n", kind=b"x")], how=tarfile.USTAR_FORMAT),
     tar([tar_entry("l", bytes(1 << 17), kind=b"L"), GOOD], how=tarfile.USTAR_FORMAT),
     tar([tar_entry("d", b"x", kind=b"5")])],
    ids=lambda data: str(data[512:540]),
)  # fmt: skip
def test_headers_that_say_more_than_one_thing_or_too_much(tmp_path: Path, data: bytes) -> None:
    refused(tmp_path, data)


def test_a_size_that_is_a_lie(tmp_path: Path) -> None:
    entry = tar([GOOD])
    header = bytearray(entry[:512])
    for number, size in enumerate((b"77777777777\0", b"\x80" + b"\xff" * 11, b"\xff" * 12, b"00000100000\0")):
        header[124:136] = size
        header[148:156] = b" " * 8
        header[148:156] = f"{sum(header):06o}\0 ".encode()
        for data in (bytes(header) + entry[512:], gzip.compress(bytes(header) + entry[512:])):
            home = new_home(tmp_path / f"{number}-{len(data)}")
            with descriptor(data) as file, pytest.raises(SandboxError):
                unpack(str(home), file, most=MOST)
            assert_clean(home)


def changed(data: bytes, begin: bytes, at: int, value: bytes) -> bytes:
    """A zip with other bytes at a place behind the first mark."""
    place = data.index(begin) + at
    return data[:place] + value + data[place + len(value) :]


LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
ZIP = zipped([("a", b"some content " * 9), ("b", b"more")])
STORED = zipped([("a", b"content")], zipfile.ZIP_STORED)


@pytest.mark.parametrize(
    ("begin", "at", "value"),
    [(LOCAL, 30, b"z"), (LOCAL, 8, b"\0\0"), (LOCAL, 14, b"\0\0\0\1"), (LOCAL, 18, b"\1\0\0\0"),
     (LOCAL, 22, b"\1\0\0\0"),
     (LOCAL, 6, b"\x01"), (LOCAL, 6, b"\x08"), (LOCAL, 0, b"PK\x03\x05"), (CENTRAL, 46, b"z"), (CENTRAL, 8, b"\x01"),
     (CENTRAL, 8, b"\x40"), (CENTRAL, 10, b"\x0c"), (CENTRAL, 16, b"\0\0\0\0"), (CENTRAL, 20, b"\1\0\0\0"),
     (CENTRAL, 24, b"\1\0\0\0"), (CENTRAL, 24, b"\xff\xff\xff\xff"), (CENTRAL, 42, b"\1\0\0\0"),
     (CENTRAL, 42, b"\xff\xff\xff\x7f"), (CENTRAL, 28, b"\xff\xff"), (END, 8, b"\1\0\1\0"), (END, 8, b"\3\0\3\0"),
     (END, 8, b"\1\0"), (END, 12, b"\1\0\0\0"), (END, 16, b"\1\0\0\0"), (END, 4, b"\1\0"), (END, 20, b"\1\0")],
)  # fmt: skip
def test_a_zip_that_says_two_things(tmp_path: Path, begin: bytes, at: int, value: bytes) -> None:
    refused(tmp_path, changed(ZIP, begin, at, value))


def test_the_zip_that_the_others_are_made_of_is_good(tmp_path: Path) -> None:
    home = new_home(tmp_path)
    for number, data in enumerate((ZIP, STORED)):
        with descriptor(data) as file:
            assert unpack(str(home), file, str(number), most=MOST)


def test_content_that_is_not_what_its_sum_says(tmp_path: Path) -> None:
    refused(tmp_path / "1", STORED.replace(b"content", b"CONTENT"))
    small = changed(changed(ZIP, LOCAL, 22, b"\2\0\0\0"), CENTRAL, 24, b"\2\0\0\0")
    assert "another size" in refused(tmp_path / "2", small)


def test_a_zip_with_two_ends_or_one_in_its_comment(tmp_path: Path) -> None:
    refused(tmp_path / "1", ZIP[:-2] + struct.pack("<H", 22) + ZIP[-22:])
    refused(tmp_path / "2", b"MZ" + ZIP)


def test_entries_that_lie_over_each_other(tmp_path: Path) -> None:
    assert "lies over another" in refused(tmp_path, overlapping())


def test_bombs_are_stopped_by_counting(tmp_path: Path) -> None:
    zeros = bytes(64 << 20)
    refused(tmp_path / "zip", zipped([("a", zeros)]), 413, "too_large")
    lie = zipped([("a", zeros)])
    lie = changed(changed(lie, LOCAL, 22, b"\2\0\0\0"), CENTRAL, 24, b"\2\0\0\0")
    refused(tmp_path / "lie", lie)
    endless = gzip.compress(tar([tar_entry("a", zeros)])[: 32 << 20], 1)
    refused(tmp_path / "tar", endless, 413, "too_large")
    headers = gzip.compress(tar([tar_entry("h", bytes(60_000), kind=b"g")] * 2 + [GOOD], how=tarfile.USTAR_FORMAT))
    refused(tmp_path / "headers", headers)
    padded = gzip.compress(tar([GOOD]) + zeros, 1)
    refused(tmp_path / "zeros", padded)


def test_streams_without_end_and_without_content(tmp_path: Path) -> None:
    refused(tmp_path, gzip.compress(tar([GOOD])[:512]) + gzip.compress(b"") * 30_000)
