"""An index is built once by whoever comes first, and a process that dies while it builds leaves nothing behind."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jhansi_runner.proxy.policy import osv_build
from jhansi_runner.proxy.policy.osv_build import build, built
from jhansi_runner.proxy.policy.osv_folder import FolderUnreadable
from jhansi_runner.proxy.policy.osv_index import Index, name_of
from support.osv import osv, package, write_archive, write_record


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "osv"
    write_record(found, "A.json", osv("MAL-1", package("foo")))
    write_archive(found / "all.zip", {"B.json": osv("GHSA-1", package("foo", "introduced 0"))})
    return found


@pytest.fixture
def place(tmp_path: Path) -> Path:
    found = tmp_path / "place"
    found.mkdir()
    return found


class Said:
    """What is said, and a clock that runs a second each time it is read."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.now = 0.0

    def clock(self) -> float:
        self.now += 1.0
        return self.now


def index_of(place: Path, signature: str) -> Index:
    return Index(str(place / name_of(signature)))


def ids(place: Path, signature: str, path: str = "foo") -> list[str]:
    return sorted(one.advisory.id for one in index_of(place, signature).about("pypi", path))


def test_files_and_archives_are_in_one_index(folder: Path, place: Path) -> None:
    assert ids(place, built(str(folder), str(place))) == ["GHSA-1", "MAL-1"]
    assert sorted(os.listdir(place)) == sorted([name_of(built(str(folder), str(place))), "lock"])


def test_an_index_that_is_there_is_not_built_again(folder: Path, place: Path) -> None:
    said = Said()
    first = build(str(folder), str(place), said.clock, said.lines.append)
    assert said.now > 0
    made, said.now = (place / name_of(first)).stat(), 0.0
    assert build(str(folder), str(place), said.clock, said.lines.append) == first
    assert ((place / name_of(first)).stat(), said.now) == (made, 0.0)
    write_record(folder, "C.json", osv("C", package("foo")))
    second = build(str(folder), str(place), said.clock, said.lines.append)
    assert (ids(place, first), ids(place, second)) == (["GHSA-1", "MAL-1"], ["C", "GHSA-1", "MAL-1"])


def test_progress_is_said_where_it_takes_long(folder: Path, place: Path) -> None:
    for number in range(20):
        write_record(folder, f"{number}.json", osv(f"X-{number}", package("foo")))
    said = Said()
    build(str(folder), str(place), said.clock, said.lines.append)
    assert said.lines[:2] == [
        f"reading the advisories in {folder}: 4 so far",
        f"reading the advisories in {folder}: 8 so far",
    ]


def test_records_in_trouble_are_kept_as_far_as_they_go_and_told(folder: Path, place: Path) -> None:
    (folder / "bad.json").write_text("{")
    write_record(folder, "odd.json", osv("X-1", package("bar", versions=["1"]), {"package": 7}))
    said = Said()
    found = build(str(folder), str(place), said.clock, said.lines.append)
    assert said.lines[-1] == (
        f"2 advisories in {folder} cannot be read in full: `jhansi-runner policy check` names them"
    )
    assert index_of(place, found).troubles() == [
        ("bad.json", "is no JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ("odd.json", "X-1 affects a package that is no object"),
    ]
    assert ids(place, found, "bar") == ["X-1"]


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("x.zip", b"PK", "x.zip: File is not a zip file"),
        ("x.json", None, "x.json: it is no file"),
        ("", b"", "it holds no advisory"),
        ("x.json", b"{", "it holds 1 files and no advisory that can be read"),
        ("x.tar", b"", "it holds 1 files and no advisory that can be read"),
    ],
)
def test_a_folder_that_cannot_be_read_in_full_has_no_index(
    tmp_path: Path, place: Path, name: str, data: bytes | None, why: str
) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    if data is None:
        os.mkfifo(folder / name)
    elif name:
        (folder / name).write_bytes(data)
    with pytest.raises(FolderUnreadable) as raised:
        built(str(folder), str(place))
    assert str(raised.value) == why
    assert os.listdir(place) == ["lock"]


def test_a_place_that_cannot_be_written_to_is_told(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(FolderUnreadable, match=r"its index cannot be written below .*gone"):
        built(str(folder), str(tmp_path / "gone"))


def test_what_takes_more_memory_than_there_is_is_told(
    folder: Path, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def exhausted(*_: object) -> str:
        raise MemoryError

    monkeypatch.setattr(osv_build, "build", exhausted)
    for module, name in ((os, "umask"), (os, "nice"), (signal, "signal")):
        monkeypatch.setattr(module, name, lambda *_: None)
    monkeypatch.setattr(resource, "setrlimit", lambda *_: None)
    monkeypatch.setattr(sys, "argv", ["", str(folder), str(place)])
    osv_build.main()
    assert "MiB of memory to read" in json.loads(capsys.readouterr().out)["unreadable"]


COMMAND = [sys.executable, "-P", "-s", "-m", "jhansi_runner.proxy.policy.osv_build"]


def begin(folder: Path, place: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([*COMMAND, str(folder), str(place)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def many(folder: Path) -> None:
    records = {f"{number}.json": osv(f"X-{number}", package(f"p-{number}")) for number in range(5_000)}
    write_archive(folder / "many.zip", records)


def test_two_processes_at_once_build_one_index(folder: Path, place: Path) -> None:
    many(folder)
    processes = [begin(folder, place) for _ in range(3)]
    told = [json.loads(process.communicate(timeout=60)[0]) for process in processes]
    assert len({one["signature"] for one in told}) == 1
    assert {one["unreadable"] for one in told} == {""}
    assert sorted(os.listdir(place)) == sorted([name_of(told[0]["signature"]), "lock"])
    assert ids(place, told[0]["signature"], "p-4999") == ["X-4999"]


def test_a_process_that_is_killed_while_it_builds_leaves_nothing_that_is_read(folder: Path, place: Path) -> None:
    many(folder)
    process = begin(folder, place)
    deadline = time.monotonic() + 30
    while not any(name.endswith(".new") and (place / name).stat().st_size for name in os.listdir(place)):
        assert process.poll() is None
        assert time.monotonic() < deadline
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not [name for name in os.listdir(place) if name.endswith(".db")]
    found = built(str(folder), str(place))
    assert ids(place, found, "p-4999") == ["X-4999"]
    assert sorted(os.listdir(place)) == sorted([name_of(found), "lock"])


def test_a_process_that_dies_is_no_answer(folder: Path, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(FolderUnreadable, match="reading it ended with code 1"):
        built(str(folder), str(place))


def test_indexes_that_nobody_looks_at_are_removed(folder: Path, place: Path) -> None:
    first = built(str(folder), str(place))
    write_record(folder, "C.json", osv("C", package("foo")))
    second = built(str(folder), str(place))
    assert ids(place, first)
    long_ago = time.time() - 90_000
    os.utime(place / name_of(first), (long_ago, long_ago))
    write_record(folder, "D.json", osv("D", package("foo")))
    third = built(str(folder), str(place))
    assert sorted(os.listdir(place)) == sorted([name_of(second), name_of(third), "lock"])
