"""A folder of advisories is read in full or refused, whatever lies in it, and every change of it shows."""

from __future__ import annotations

import inspect
import json
import os
import random
import struct
import sys
import zipfile
import zlib
from pathlib import Path

import pytest

from jhansi_runner.proxy.policy import osv_folder
from jhansi_runner.proxy.policy.osv_folder import FolderUnreadable, files, records, signature
from support.osv import osv, write_archive, write_record


def read(folder: Path) -> dict[str, bytes | str]:
    return {name: data for file in files(str(folder)) for name, data in records(str(folder), file)}


def ids(folder: Path) -> list[str]:
    return [json.loads(data)["id"] for data in read(folder).values()]


def test_records_are_found_in_files_and_archives_in_any_subfolder(tmp_path: Path) -> None:
    write_record(tmp_path, "A.json", osv("A"))
    write_record(tmp_path, "npm/deep/er/B.JSON", osv("B"))
    write_archive(tmp_path / "npm/all.zip", {"C.json": osv("C"), "sub/D.json": osv("D"), "readme.txt": b"no"})
    write_archive(tmp_path / "stored.ZIP", {"E.json": osv("E")}, zipfile.ZIP_STORED)
    (tmp_path / "notes.txt").write_text("no")
    assert sorted(read(tmp_path)) == [
        "A.json",
        "npm/all.zip:C.json",
        "npm/all.zip:sub/D.json",
        "npm/deep/er/B.JSON",
        "stored.ZIP:E.json",
    ]


def test_names_that_begin_with_a_dot_do_not_count(tmp_path: Path) -> None:
    write_record(tmp_path, ".git/A.json", osv("A"))
    write_record(tmp_path, ".B.json.tmp.json", osv("B"))
    write_archive(tmp_path / "x.zip", {"__MACOSX/._C.json": b"\0", ".d/D.json": osv("D"), "E.json": osv("E")})
    assert ids(tmp_path) == ["E"]


def test_links_are_followed_and_never_in_circles(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    write_record(elsewhere, "A.json", osv("A"))
    folder = tmp_path / "folder"
    write_record(folder, "sub/B.json", osv("B"))
    (folder / "more").symlink_to(elsewhere)
    (folder / "sub/up").symlink_to(folder)
    (folder / "C.json").symlink_to(write_record(tmp_path, "hidden/C", osv("C")))
    assert sorted(ids(folder)) == ["A", "B", "C"]
    assert sorted(ids(folder / "sub/up")) == ["A", "B", "C"]


@pytest.mark.parametrize("name", ["A.json", "npm", "x.zip"])
def test_a_link_that_leads_nowhere_is_no_empty_folder(tmp_path: Path, name: str) -> None:
    write_record(tmp_path, "B.json", osv("B"))
    (tmp_path / name).symlink_to(tmp_path / "gone")
    with pytest.raises(FolderUnreadable, match=rf"^{name}: No such file"):
        signature(str(tmp_path))


def test_a_folder_that_is_not_there_or_is_a_file_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FolderUnreadable, match=r"^No such file or directory$"):
        signature(str(tmp_path / "gone"))
    with pytest.raises(FolderUnreadable, match=r"^Not a directory$"):
        signature(str(write_record(tmp_path, "A.json", osv("A"))))


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "A.json")
    with pytest.raises(FolderUnreadable, match=r"^A\.json: it is no file$"):
        signature(str(tmp_path))


def test_very_deep_folders_are_read(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*"d" * 300)
    write_record(deep, "A.json", osv("A"))
    depth = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 100)
    try:
        assert len(list(files(str(tmp_path)))) == 1
    finally:
        sys.setrecursionlimit(depth)


def test_every_change_changes_the_signature(tmp_path: Path) -> None:
    path = write_record(tmp_path, "npm/A.json", osv("A"))
    seen = [signature(str(tmp_path))]
    assert signature(str(tmp_path)) == seen[0]

    def changed() -> bool:
        seen.append(signature(str(tmp_path)))
        return seen[-1] not in seen[:-1]

    before = path.stat()
    path.write_bytes(path.read_bytes().replace(b"1.7.0", b"1.7.1"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))  # as unpacking does
    assert path.stat().st_size == before.st_size
    assert changed()
    path.rename(tmp_path / "npm/B.json")
    assert changed()
    write_archive(tmp_path / "x.zip", {"C.json": osv("C")})
    assert changed()
    (tmp_path / "x.zip").unlink()
    (tmp_path / "npm/B.json").unlink()
    assert changed()


def test_a_record_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(osv_folder, "RECORD_BYTES", 1 << 20)
    large = b'{"id": "A"}' + b" " * (1 << 20)
    (tmp_path / "A.json").write_bytes(large)
    write_archive(tmp_path / "x.zip", {"B.json": large, "C.json": osv("C")})
    assert [data if isinstance(data, str) else "" for data in read(tmp_path).values()] == [
        "is larger than 1 MiB",
        "is larger than 1 MiB",
        "",
    ]


@pytest.mark.parametrize("name", ["all.tar.gz", "all.json.gz", "all.JSONL", "all.7z"])
def test_what_may_hold_records_and_is_not_read_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"x")
    write_archive(tmp_path / "x.zip", {"nested.zip": b"PK", name: b"x"})
    told = read(tmp_path)
    assert sorted(told) == sorted([name, "x.zip:nested.zip", f"x.zip:{name}"])
    assert {str(data) for data in told.values()} == {"is not read: records are .json files, and .zip archives of them"}


def test_names_in_an_archive_lead_nowhere(tmp_path: Path) -> None:
    hostile = ["../../A.json", "/etc/B.json", "..\\C.json", "x\x1b[2J.json", "a/" * 200 + "D.json"]
    write_archive(tmp_path / "osv/x.zip", {name: osv("X") for name in hostile})
    assert len(read(tmp_path / "osv")) == len(hostile)
    assert all(name.isprintable() for name in read(tmp_path / "osv"))
    assert sorted(os.listdir(tmp_path)) == ["osv"]


def test_an_archive_that_would_unpack_to_very_much_is_refused_before_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(osv_folder, "_SMALL_BYTES", 1 << 20)
    write_archive(tmp_path / "x.zip", {f"{number}.json": b" " * (1 << 20) for number in range(4)})
    with pytest.raises(FolderUnreadable, match=r"^x\.zip: it would unpack to more than 200 times its size$"):
        read(tmp_path)
    write_archive(tmp_path / "x.zip", {"0.json": b" " * (1 << 20)})
    assert len(read(tmp_path)) == 1


def test_an_archive_that_lies_about_sizes_is_damaged(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "x.zip", {"A.json": b" " * 100_000})
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<L", 100_000), struct.pack("<L", 10)))
    with pytest.raises(FolderUnreadable, match=r"^x\.zip: "):
        read(tmp_path)


def test_an_archive_that_is_cut_short_or_damaged_is_refused(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "x.zip", {f"{number}.json": osv(f"X-{number}") for number in range(9)})
    whole = path.read_bytes()
    for data in (b"", b"PK", whole[: len(whole) // 2], whole[:-1]):
        path.write_bytes(data)
        with pytest.raises(FolderUnreadable, match=r"^x\.zip: "):
            read(tmp_path)
    middle = whole.index(b"X-") if b"X-" in whole else 60
    path.write_bytes(whole[:middle] + bytes([whole[middle] ^ 0xFF]) + whole[middle + 1 :])
    with pytest.raises(FolderUnreadable, match=r"^x\.zip: "):
        read(tmp_path)


def test_an_encrypted_member_makes_the_archive_unreadable(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "x.zip", {"A.json": osv("A")})
    data = bytearray(path.read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + place] |= 1
    path.write_bytes(data)
    with pytest.raises(FolderUnreadable, match=r"^x\.zip: .*encrypted"):
        read(tmp_path)


def test_whatever_is_changed_in_an_archive_it_is_read_or_refused(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "x.zip", {f"{number}.json": osv(f"X-{number}") for number in range(3)})
    whole = path.read_bytes()
    chance = random.Random(3)  # noqa: S311
    refused = 0
    for _ in range(500):
        data = bytearray(whole)
        for _ in range(chance.randrange(1, 4)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        path.write_bytes(data)
        try:
            read(tmp_path)
        except FolderUnreadable:
            refused += 1
    assert refused > 100


def test_a_file_that_goes_while_it_is_read_is_passed_over(tmp_path: Path) -> None:
    write_record(tmp_path, "A.json", osv("A"))
    gone = write_record(tmp_path, "B.json", osv("B"))
    listed = list(files(str(tmp_path)))
    gone.unlink()
    assert [name for file in listed for name, _ in records(str(tmp_path), file)] == ["A.json"]


def test_an_error_of_the_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_record(tmp_path, "A.json", osv("A"))

    def broken(*_: object) -> bytes:
        raise zlib.error("invalid stored block lengths")

    write_archive(tmp_path / "x.zip", {"B.json": osv("B")})
    monkeypatch.setattr(zipfile.ZipExtFile, "read", broken)
    with pytest.raises(FolderUnreadable, match=r"^x\.zip: invalid stored block lengths$"):
        read(tmp_path)
