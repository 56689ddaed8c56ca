"""What lies below folders is counted on disk, once, in steps, without a link ever being followed."""

from __future__ import annotations

import os
from pathlib import Path

from jhansi_runner.runner.limits.tree import Count, walk
from support.descriptors import descriptors

MIB = 1 << 20


def counted(*folders: Path) -> Count:
    *_, last = walk([str(folder) for folder in folders], 60)
    return last


def test_files_count_by_their_blocks_and_once_by_all_their_names(tmp_path: Path) -> None:
    before = counted(tmp_path).size
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "file").write_bytes(b"x" * MIB)
    os.link(tmp_path / "deep" / "er" / "file", tmp_path / "another")
    os.truncate(tmp_path / "another", 1 << 40)  # sparse
    found = counted(tmp_path)
    assert found.done and found.whole
    assert MIB <= found.size - before < 1.2 * MIB


def test_no_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "file").write_bytes(b"x" * MIB)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link").symlink_to("../outside")
    (tmp_path / "in" / "self").symlink_to(".")
    os.mkfifo(tmp_path / "in" / "fifo")
    assert counted(tmp_path / "in").size < MIB
    (tmp_path / "top").symlink_to("outside")
    assert (counted(tmp_path / "top").size, counted(tmp_path / "top").whole) == (0, False)


def test_a_tree_deeper_than_is_looked_at_is_not_whole(tmp_path: Path) -> None:
    os.makedirs(tmp_path / "/".join("d" * 150))
    found = counted(tmp_path)
    assert found.done and not found.whole


def test_a_large_tree_is_counted_in_steps(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / name).mkdir()
    steps = list(walk([str(tmp_path)], -1))  # every step takes too long
    assert len(steps) > 3 and [one.done for one in steps][-1]


def test_every_kind_of_file_counts_and_folders_too(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "file").touch()
    os.link(tmp_path / "deep" / "file", tmp_path / "another")
    (tmp_path / "link").symlink_to("nowhere")
    os.mkfifo(tmp_path / "fifo")
    assert counted(tmp_path).files == 5


def test_one_large_folder_is_counted_in_steps_too(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / str(number)).touch()
    assert [one.files for one in walk([str(tmp_path)], -1)][-1] == 20
    steps = walk([str(tmp_path)], -1)
    assert next(steps).files == 1
    assert str(tmp_path) in {lead for _, lead in descriptors()}
    steps.close()
    assert str(tmp_path) not in {lead for _, lead in descriptors()}
