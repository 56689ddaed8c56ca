"""The index says what the journal says, whatever became of the database."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from jhansi_runner.runner.evidence.index import DATABASE, Index
from jhansi_runner.runner.evidence.runs import ENDED, KILLED, RUNNING, Refusal
from jhansi_runner.runner.journal import Journal
from support.journals import begin, end, write_runs


def ids(folder: Path, limit: int = 100, workspace: str | None = None) -> list[str]:
    with Index(str(folder)) as index:
        return [run.run for run in index.latest(limit, workspace)]


def test_the_latest_come_first_and_no_more_than_asked_for(tmp_path: Path) -> None:
    write_runs(tmp_path, 5)
    assert ids(tmp_path, 3) == ["r4", "r3", "r2"]


def test_a_second_look_finds_what_came_since(tmp_path: Path) -> None:
    write_runs(tmp_path, 2)
    assert ids(tmp_path) == ["r1", "r0"]
    journal = Journal(str(tmp_path))
    begin(journal, "r2", workspace="/elsewhere\udcff x")
    assert ids(tmp_path) == ["r2", "r1", "r0"]
    end(journal, "r2", 3)
    journal.close()
    with Index(str(tmp_path)) as index:
        (found,) = index.latest(9, "/elsewhere\udcff x")
    assert (found.code, found.state, found.workspace) == (3, ENDED, "/elsewhere\udcff x")


def test_all_that_was_written_is_told(tmp_path: Path) -> None:
    journal = Journal(str(tmp_path))
    begin(journal, "a")
    more = [
        ("set", ["f" * 64]),
        ("private", ["yes"]),
        ("asked", ["e" * 64]),
        ("installed", ["pkg:pypi/six@1.16.0", "pkg:pypi/x@1"]),
        ("refused", ["JR-DENY-RULE", "pkg:pypi/y", "policy.yaml:3", "2"]),
        ("refused", ["JR-NO-PACKAGE", "https://a.test/ b", "", "1"]),
        ("refused-more", ["7"]),
        ("error", ["it did not work"]),
    ]
    end(journal, "a", 126, more)
    journal.close()
    with Index(str(tmp_path)) as index:
        found = index.run("a")
    assert found is not None
    assert (found.number, found.code, found.milliseconds, found.arguments, found.private) == (1, 126, 12, 2, True)
    assert found.installed == ("pkg:pypi/six@1.16.0", "pkg:pypi/x@1")
    assert found.refused == (
        Refusal("JR-DENY-RULE", "pkg:pypi/y", "policy.yaml:3", 2),
        Refusal("JR-NO-PACKAGE", "https://a.test/ b", "", 1),
    )
    assert (found.refused_more, found.error) == (7, "it did not work")


def test_who_still_runs_is_told_from_who_was_killed(tmp_path: Path) -> None:
    one, other = Journal(str(tmp_path)), Journal(str(tmp_path))
    begin(one, "killed", alive=True)
    begin(other, "running", alive=True)
    one.close()
    with Index(str(tmp_path)) as index:
        assert {run.run: run.state for run in index.latest(9)} == {"killed": KILLED, "running": RUNNING}
    other.close()


@pytest.mark.parametrize("damage", ["deleted", "garbage", "emptied", "old"])
def test_a_database_that_cannot_be_used_is_made_anew(tmp_path: Path, damage: str) -> None:
    write_runs(tmp_path, 3)
    assert ids(tmp_path) == ["r2", "r1", "r0"]
    path = tmp_path / DATABASE
    if damage == "old":
        with sqlite3.connect(path) as rows:
            rows.execute("PRAGMA user_version = 99")
            rows.execute("DROP TABLE runs")
    elif damage == "garbage":
        path.write_bytes(b"no database" * 1000)
    else:
        path.unlink()
        if damage == "emptied":
            path.touch()
    assert ids(tmp_path) == ["r2", "r1", "r0"]
    assert ids(tmp_path) == ["r2", "r1", "r0"]


def test_a_journal_that_was_replaced_is_read_anew(tmp_path: Path) -> None:
    write_runs(tmp_path, 3)
    assert len(ids(tmp_path)) == 3
    (tmp_path / "journal").unlink()
    (tmp_path / "head").unlink()
    journal = Journal(str(tmp_path))
    for number in range(9):
        begin(journal, f"new{number}")
    journal.close()
    assert ids(tmp_path) == [f"new{number}" for number in range(8, -1, -1)]


def test_a_folder_that_cannot_be_written_is_no_hindrance(tmp_path: Path) -> None:
    """Root may write anywhere, so the refusal is the database's."""
    write_runs(tmp_path, 3)
    (tmp_path / DATABASE).mkdir()
    assert ids(tmp_path) == ["r2", "r1", "r0"]
    assert os.path.isdir(tmp_path / DATABASE)


def test_lines_that_are_no_records_are_passed_over(tmp_path: Path) -> None:
    write_runs(tmp_path, 2)
    with (tmp_path / "journal").open("ab") as file:
        file.write(b"junk\n9\t-\tbegin\trun=odd\targuments=many\n9\t-\tend\trun=none\n8\ttorn")
    journal = Journal(str(tmp_path))
    begin(journal, "after")
    journal.close()
    assert ids(tmp_path) == ["after", "r1", "r0"]


def test_ids_that_are_like_one_are_named(tmp_path: Path) -> None:
    journal = Journal(str(tmp_path))
    for run in ("aabb0011", "aabb0022", "ccdd3344"):
        begin(journal, run)
    journal.close()
    with Index(str(tmp_path)) as index:
        assert index.run("aabb") is None
        assert index.close_to("aabb") == ["aabb0022", "aabb0011"]
        assert index.close_to("ccdd3345") == ["ccdd3344"]
        assert index.close_to("zzzzzzzz") == []
