"""What a program adds where it may write is held against what was there, by bytes and by number."""

from __future__ import annotations

import itertools
import os
import time
from pathlib import Path

import pytest

from jhansi_runner.runner.errors import RunnerError
from jhansi_runner.runner.limits import disk
from jhansi_runner.runner.limits.disk import Disk, Use
from jhansi_runner.runner.limits.proc import Processes

MIB = 1 << 20


def nobody() -> Processes:
    return Processes(1 << 22)


def filled(monkeypatch: pytest.MonkeyPatch, files: int, *, counts: bool = True) -> None:
    """File systems hold so many files from now on."""
    monkeypatch.setattr(disk, "used", lambda _: Use(0, files if counts else 0, counts=counts))


def test_what_was_there_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "before").write_bytes(b"x" * 3 * MIB)
    watch = Disk(nobody(), [str(tmp_path)], 2 * MIB, None)
    assert watch.look() == ""
    (tmp_path / "after").write_bytes(b"x" * MIB)
    assert watch.look() == ""
    (tmp_path / "more").write_bytes(b"x" * 2 * MIB)
    assert watch.look() == "disk"
    (tmp_path / "before").unlink()
    assert watch.look() == ""
    watch.close()


@pytest.mark.parametrize(("size", "files"), [(MIB, None), (100 * MIB, 9), (None, 9), (100 * MIB, 10_000_000)])
def test_the_next_look_comes_before_the_disk_is_full(size: int | None, files: int | None, tmp_path: Path) -> None:
    watch = Disk(nobody(), [str(tmp_path)], size, files)
    assert watch.delay <= (0.02 if files == 9 else 0.1)
    watch.look()
    assert 0.05 <= watch.delay <= 60


def test_files_and_folders_are_counted_whatever_is_in_them(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / str(number)).touch()
    watch = Disk(nobody(), [str(tmp_path)], 1 << 40, 10)
    for number in range(20, 29):
        (tmp_path / str(number)).touch()
    (tmp_path / "folder").mkdir()
    assert watch.look() == ""
    (tmp_path / "link").symlink_to("nowhere")
    assert watch.look() == "files"
    (tmp_path / "0").unlink()
    assert watch.look() == ""


def test_what_is_too_much_already_is_told_before_all_was_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(monkeypatch, 1000)
    watch = Disk(nobody(), [str(tmp_path)], None, 10)
    for number in range(50):
        (tmp_path / str(number)).touch()
    monkeypatch.setattr(disk, "_STEP_SECONDS", -1)  # every step takes too long
    said = [watch.look() for _ in range(11)]
    watch.close()
    assert said == [""] * 10 + ["files"]


def test_a_look_hurries_while_the_file_system_fills_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(monkeypatch, 1000)
    monkeypatch.setattr(disk, "_STEP_SECONDS", -1)
    for number in range(50):
        (tmp_path / str(number)).touch()
    watch = Disk(nobody(), [str(tmp_path)], None, 100)
    monkeypatch.setattr(time, "monotonic", itertools.count().__next__)  # a question takes a second
    watch.look()
    calm = watch.delay
    filled(monkeypatch, 1101)
    watch.look()
    assert calm == 10 * watch.delay
    for number in range(50, 151):
        (tmp_path / str(number)).touch()
    assert "files" in [watch.look() for _ in range(170)]  # it begins anew, once
    watch.close()


def test_of_a_tree_too_large_to_count_beforehand_the_file_system_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(monkeypatch, 1000)
    monkeypatch.setattr(disk, "_FIRST_SECONDS", -1)
    for number in range(50):
        (tmp_path / str(number)).touch()
    watch = Disk(nobody(), [str(tmp_path)], 1, 10)
    assert watch.look() == ""  # what was not counted before is not taken for new
    filled(monkeypatch, 1010)
    assert watch.look() == ""
    filled(monkeypatch, 1011)
    assert watch.look() == "files"


def test_what_is_hidden_counts_by_the_file_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(monkeypatch, 1000)
    watch = Disk(nobody(), [str(tmp_path)], None, 200)
    os.makedirs(tmp_path / "/".join("d" * 150))
    filled(monkeypatch, 1200)
    assert watch.look() == ""
    filled(monkeypatch, 1201)
    assert watch.look() == "files"


def test_where_the_file_system_does_not_count_nothing_may_be_hidden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(monkeypatch, 0, counts=False)
    watch = Disk(nobody(), [str(tmp_path)], None, 200)
    (tmp_path / "file").touch()
    assert watch.look() == ""
    os.makedirs(tmp_path / "/".join("d" * 150))
    assert (watch.look(), watch.look()) == ("", "files")
    with pytest.raises(RunnerError, match="the file system does not count"):  # and not all can be seen beforehand
        Disk(nobody(), [str(tmp_path)], None, 200)
    assert Disk(nobody(), [str(tmp_path)], 1 << 40, None).look() == ""
