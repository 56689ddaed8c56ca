"""A list of what is missing is written whole, over a file and over nothing else."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from jhansi_runner.runner.errors import RunnerError
from jhansi_runner.runner.warm.list_file import write


def test_it_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    for text in ("pkg:pypi/six\n", "pkg:pypi/click\n"):
        write(str(tmp_path / "list.txt"), text)
        assert (tmp_path / "list.txt").read_text() == text
    assert os.listdir(tmp_path) == ["list.txt"]


def test_it_takes_the_place_of_nothing_else(tmp_path: Path) -> None:
    pipe, folder = tmp_path / "pipe", tmp_path / "folder"
    os.mkfifo(pipe)
    folder.mkdir()
    for path in (pipe, folder, Path(os.devnull)):
        with pytest.raises(RunnerError, match="is no file, name another one"):
            write(str(path), "x")
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)
    assert sorted(os.listdir(tmp_path)) == ["folder", "pipe"]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(RunnerError, match=r"list\.txt: No such file"):
        write(str(tmp_path / "none/list.txt"), "x")
