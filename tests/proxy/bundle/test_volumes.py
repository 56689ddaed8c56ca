"""Volumes are the same bytes, and the one that is missing or cut is named."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from jhansi_runner.proxy.bundle.placing import Taken
from jhansi_runner.proxy.bundle.reading import BadBundle
from jhansi_runner.proxy.bundle.volumes import NoBundle
from support.bundles import Side

SIZE = 10_000
NAME = "carried.tar"


@pytest.fixture
def parts(source: Side, tmp_path: Path) -> list[Path]:
    return [Path(one) for one in source.export(tmp_path / NAME, most=SIZE).parts]


def test_they_are_the_one_file_in_pieces(parts: list[Path], bundle: Path) -> None:
    assert [one.name for one in parts] == [f"{NAME}.00{number}" for number in range(1, len(parts) + 1)]
    assert len(parts) >= 4
    assert {one.stat().st_size for one in parts[:-1]} == {SIZE}
    assert b"".join(one.read_bytes() for one in parts) == bundle.read_bytes()


@pytest.mark.parametrize("which", ["", ".001", ".002"])
def test_any_of_them_stands_for_all(parts: list[Path], other: Side, which: str) -> None:
    done = other.import_(parts[0].with_name(NAME + which))
    assert done.artifacts == done.header.artifacts


def test_the_one_that_is_missing_is_named(parts: list[Path], other: Side, tmp_path: Path) -> None:
    for number, part in enumerate(parts):
        away = tmp_path / "away"
        shutil.move(part, away)
        following = f"{NAME}.{number + 1:03}"
        with pytest.raises(BadBundle, match=rf"{following} is missing"):
            other.import_(tmp_path / NAME)
        shutil.move(away, part)


def test_the_one_that_is_cut_is_named(parts: list[Path], other: Side, tmp_path: Path) -> None:
    for part in parts:
        whole = part.read_bytes()
        for size in (0, 1, len(whole) // 2, len(whole) - 1):
            part.write_bytes(whole[:size])
            with pytest.raises(BadBundle, match=rf"{part.name} is cut"):
                other.import_(tmp_path / NAME)
        part.write_bytes(whole)


def test_swapped_or_doubled_they_are_refused(parts: list[Path], other: Side, tmp_path: Path) -> None:
    one, two = parts[1].read_bytes(), parts[2].read_bytes()
    parts[1].write_bytes(two)
    parts[2].write_bytes(one)
    with pytest.raises(BadBundle):
        other.import_(tmp_path / NAME)
    parts[2].write_bytes(two)
    with pytest.raises(BadBundle):
        other.import_(tmp_path / NAME)
    parts[1].write_bytes(one)
    more = parts[0].with_name(f"{NAME}.{len(parts) + 1:03}")
    more.write_bytes(b"")
    with pytest.raises(BadBundle):
        other.import_(tmp_path / NAME)
    more.unlink()
    assert other.import_(tmp_path / NAME).artifacts


def test_what_is_no_bundle(other: Side, tmp_path: Path) -> None:
    for name in ("none", "none.001", "folder", "folder/none"):
        (tmp_path / "folder").mkdir(exist_ok=True)
        with pytest.raises(NoBundle):
            other.import_(tmp_path / name)


@pytest.mark.parametrize("names", [[NAME], [f"{NAME}.001"], [f"{NAME}.001", f"{NAME}.002"]])
def test_nobody_waits_for_a_pipe_on_a_medium(other: Side, tmp_path: Path, names: list[str]) -> None:
    for name in names:
        os.mkfifo(tmp_path / name)
    with pytest.raises(NoBundle, match="no regular file"):
        other.import_(tmp_path / NAME)


def test_nothing_is_overwritten(source: Side, parts: list[Path], tmp_path: Path) -> None:
    before = {one: one.read_bytes() for one in parts}
    for name in (NAME, f"{NAME}.001", f"{NAME}.009"):
        for most in (0, SIZE):
            with pytest.raises(Taken):
                source.export(tmp_path / name, most=most)
    assert {one: one.read_bytes() for one in parts} == before
    assert sorted(tmp_path.iterdir()) == sorted(parts)
