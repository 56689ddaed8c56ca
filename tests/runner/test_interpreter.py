"""Which interpreter `--python` finds; and where there is none, what the user is told of those that there are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jhansi_runner.runner.errors import FAILED, RunnerError
from jhansi_runner.runner.interpreter import Interpreter, find, own
from support.ordinary import PYTHON

OURS = own()
SHORT = OURS.version.rpartition(".")[0]


def fake(folder: Path, name: str, version: str) -> Path:
    """An interpreter that answers as Python does; what stands in its own name is all that it is."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    answer = f"{version} cpython-399 linux-x86_64 {path} {folder}/lib {folder}/lib/site"
    path.write_text(f"#!/bin/sh\nprintf '%s\\n' {answer}\n")
    path.chmod(0o755)
    return path


def found(asked: str, *folders: Path | str, workspace: str = "/nowhere") -> Interpreter:
    env = {"PATH": ":".join(map(str, folders))}
    return find(asked, env, lambda path: os.path.realpath(path).startswith(workspace + "/"), ())


def refusal(asked: str, *folders: Path | str, workspace: str = "/nowhere") -> tuple[str, tuple[str, ...]]:
    """What is said when there is none: the message, and the lines below it."""
    with pytest.raises(RunnerError) as caught:
        found(asked, *folders, workspace=workspace)
    assert caught.value.code == FAILED
    return str(caught.value), caught.value.lines


def test_a_version_is_found_on_path_by_its_short_or_full_number(tmp_path: Path) -> None:
    path = fake(tmp_path / "bin", "python3.97", "3.97.4")
    for asked in ("3.97", "3.97.4", "python3.97", "python3.97.4"):
        assert found(asked, "relative", tmp_path / "none", tmp_path / "bin").path == str(path), asked


def test_the_major_number_alone_is_the_python3_of_path(tmp_path: Path) -> None:
    path = fake(tmp_path / "bin", "python3", "3.97.4")
    assert found("3", tmp_path / "bin").path == str(path)


def test_our_own_is_found_though_it_is_not_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jhansi_runner.runner.interpreter.search_path", lambda _: [str(tmp_path)])
    for asked in (SHORT, OURS.version, f"python{SHORT}"):
        assert found(asked) == OURS, asked
    assert "there is no such" in refusal("3.99")[0]


@pytest.mark.parametrize("asked", ["9", "3.99", "3.97.5", "2.7", "python3.99", "pypy3.11", "nonsense", "3.97; id"])
def test_where_there_is_none_those_that_are_there_are_listed_and_where_was_looked(tmp_path: Path, asked: str) -> None:
    folder = tmp_path / "bin"
    path = fake(folder, "python3.97", "3.97.4")
    (folder / "python3").symlink_to(path)
    fake(folder, "python3.98-config", "3.98.0")
    fake(folder, "python3.96", "nothing that a Python says")
    fake(folder, "python3.95", "3.95.0").chmod(0o600)
    message, lines = refusal(asked, folder)
    assert f"--python {asked}: " in message
    assert f"found {OURS.version}: {OURS.path}" in lines
    assert [line for line in lines if str(folder) in line and "found" in line] == [f"found 3.97.4: {path}"]
    (looked,) = (line for line in lines if line.startswith("looked in "))
    assert looked.removeprefix("looked in ").split(", ") == [str(folder), "/usr/local/bin", "/usr/bin"]
    assert "give one of these versions" in lines[-1]


def test_one_that_does_not_answer_is_named_with_the_reason(tmp_path: Path) -> None:
    path = fake(tmp_path, "python3.99", "3.2.0")
    _, lines = refusal("3.99", tmp_path)
    assert lines[0] == f"{path} is Python 3.2.0: 3.9 or later is needed"


def test_of_many_a_few_are_listed(tmp_path: Path) -> None:
    for number in range(60, 90):
        fake(tmp_path, f"python3.{number}", f"3.{number}.0")
    lines = refusal("3.99", tmp_path)[1]
    assert len([line for line in lines if line.startswith("found ")]) == 12


def test_those_in_the_workspace_are_neither_run_nor_listed(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    for name in ("python3.98", "python3.99"):
        path = fake(tmp_path / "work", name, "3.99.1")
        path.write_text(path.read_text() + f"touch {mark}\n")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python3.98").symlink_to(path)
    _, lines = refusal("3.99", tmp_path / "work", tmp_path / "bin", workspace=str(tmp_path / "work"))
    assert lines[0] == f"{path} is in a workspace, where a program may have put it"
    assert not [line for line in lines if line.startswith("found ") and str(tmp_path) in line]
    assert not mark.exists()


def test_a_path_is_taken_as_it_is(tmp_path: Path) -> None:
    assert found(PYTHON).path == os.path.realpath(PYTHON)
    assert "No such file" in refusal(str(tmp_path / "none"))[0]
