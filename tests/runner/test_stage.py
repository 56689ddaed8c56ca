"""A stage is a folder of its own for an installer, and nothing of it is left when it is closed."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from jhansi_runner.runner.interpreter import Interpreter
from jhansi_runner.runner.job import Job
from jhansi_runner.runner.stage import Stage
from jhansi_runner.runner.toolchain import of_python


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    folders = SimpleNamespace(staging=str(tmp_path / "staging"))
    return Stage(cast(Job, SimpleNamespace(folders=folders)), of_python(Interpreter(sys.executable, "", "", "", ())))


def _fill(folder: Path) -> None:
    (folder / "deep/er").mkdir(parents=True)
    (folder / "deep/er/file").write_text("x")


def test_what_is_discarded_goes_and_the_rest_stays_until_the_end(stage: Stage) -> None:
    folder = Path(stage.folder)
    _fill(folder / "cache")
    _fill(folder / "site")
    stage.discard("cache")
    assert (folder / "site/deep/er/file").read_text() == "x"
    stage.close()
    assert os.listdir(folder.parent) == []


def test_a_link_in_place_of_what_is_discarded_is_not_followed(stage: Stage, tmp_path: Path) -> None:
    _fill(tmp_path / "elsewhere")
    os.symlink(tmp_path / "elsewhere", f"{stage.folder}/cache")
    stage.discard("cache")
    stage.close()
    assert (tmp_path / "elsewhere/deep/er/file").read_text() == "x"


def test_what_is_discarded_need_not_be_there_nor_can_it_fail(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.discard("cache")
    monkeypatch.setattr("os.defpath", "/nonexistent")
    _fill(Path(stage.folder) / "cache")
    stage.discard("cache")
    stage.close()
    assert not os.path.exists(stage.folder)
