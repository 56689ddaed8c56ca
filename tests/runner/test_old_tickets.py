"""Tickets are kept in a bounded number, the newest ones."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jhansi_runner.runner import old_tickets
from jhansi_runner.runner.old_tickets import prune
from support.user import User


def made(folder: Path, count: int) -> None:
    for number in range(count):
        (folder / f"t{number}").touch()
        os.utime(folder / f"t{number}", ns=(number, number))


def test_of_too_many_the_newer_ones_are_kept(tmp_path: Path) -> None:
    made(tmp_path, 11)
    prune(str(tmp_path), 10)
    assert sorted(os.listdir(tmp_path)) == ["t10", "t6", "t7", "t8", "t9"]


def test_as_many_as_may_be_stay(tmp_path: Path) -> None:
    made(tmp_path, 10)
    prune(str(tmp_path), 10)
    assert len(os.listdir(tmp_path)) == 10


def test_a_folder_that_is_not_there_is_no_fault(tmp_path: Path) -> None:
    prune(str(tmp_path / "none"), 0)


@pytest.mark.parametrize("more", [0, 1])
def test_a_run_that_makes_a_ticket_takes_the_old_ones_away(new_user: User, more: int) -> None:
    folder = new_user.folder(new_user.state / "state/tickets")
    for number in range(old_tickets.MOST - 1 + more):
        new_user.write(folder / f"t{number}", "")
    assert new_user.python("print(1)").stdout == "1\n"
    left = len(os.listdir(folder))
    assert left == (old_tickets.MOST // 2 if more else old_tickets.MOST)
    assert new_user.exec("main.py").stdout == "1\n"
    assert len(os.listdir(folder)) == left, "the one just made was kept"
