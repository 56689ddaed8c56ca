"""Whatever is changed in the journal afterwards is found, and named."""

from __future__ import annotations

from pathlib import Path

import pytest

from jhansi_runner.runner.evidence.lines import parse
from jhansi_runner.runner.journal import FAULT, Journal, written
from support.journals import begin, check, end, kinds, write_runs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_runs(tmp_path, 5)
    return tmp_path


def lines(folder: Path) -> list[bytes]:
    return (folder / "journal").read_bytes().splitlines(keepends=True)


def put(folder: Path, changed: list[bytes]) -> None:
    (folder / "journal").write_bytes(b"".join(changed))


def go_on(folder: Path) -> None:
    """Another run, after whatever happened."""
    journal = Journal(str(folder))
    begin(journal, "later")
    end(journal, "later")
    journal.close()


def test_what_nobody_touched_is_as_it_was_written(folder: Path) -> None:
    report = check(folder)
    assert (report.problems, report.records, report.number) == ((), 10, 10)
    head = (folder / "head").read_text().split()
    assert head == ["10", report.digest, str((folder / "journal").stat().st_size)]


def test_nothing_at_all_is_no_problem(tmp_path: Path) -> None:
    assert check(tmp_path).problems == ()


@pytest.mark.parametrize("at", range(10))
def test_a_changed_byte_is_found_in_its_line(folder: Path, at: int) -> None:
    changed = lines(folder)
    changed[at] = changed[at].replace(b"run=r", b"run=x")
    put(folder, changed)
    assert kinds(folder) == [("changed", at + 1)]


@pytest.mark.parametrize("at", range(10))
@pytest.mark.parametrize("offset", [0, 1, 3, 40])
def test_a_changed_byte_anywhere_in_the_front_is_found(folder: Path, at: int, offset: int) -> None:
    changed = lines(folder)
    line = bytearray(changed[at])
    line[offset] = ord("7") if line[offset] != ord("7") else ord("8")
    changed[at] = bytes(line)
    put(folder, changed)
    assert ("changed", at + 1) in kinds(folder)


@pytest.mark.parametrize("at", range(9))
def test_a_line_deleted_in_front_or_in_the_middle_is_missed(folder: Path, at: int) -> None:
    put(folder, [line for number, line in enumerate(lines(folder)) if number != at])
    problems = check(folder).problems
    assert [problem.kind for problem in problems] == ["missing"]
    assert problems[0].sentence.startswith(f"record {at + 1} is missing")


@pytest.mark.parametrize("left", [0, 1, 7, 9])
def test_lines_deleted_at_the_end_are_missed(folder: Path, left: int) -> None:
    put(folder, lines(folder)[:left])
    (problem,) = check(folder).problems
    assert problem.kind == "missing"
    assert "10" in problem.sentence
    assert problem.sentence.endswith("missing at the end")


@pytest.mark.parametrize("at", [0, 3, 8])
def test_two_that_changed_places_are_found(folder: Path, at: int) -> None:
    changed = lines(folder)
    changed[at], changed[at + 1] = changed[at + 1], changed[at]
    put(folder, changed)
    assert {kind for kind, _ in kinds(folder)} == {"moved"}
    assert {("moved", at + 1), ("moved", at + 2)} <= set(kinds(folder))


def test_a_line_that_is_there_twice_is_found(folder: Path) -> None:
    changed = lines(folder)
    put(folder, [*changed[:4], changed[3], *changed[4:]])
    assert ("moved", 5) in kinds(folder)


def test_a_cut_line_is_torn(folder: Path) -> None:
    data = (folder / "journal").read_bytes()
    (folder / "journal").write_bytes(data[:-10])
    assert ("torn", 10) in kinds(folder)


def test_a_forged_line_that_fits_nothing_is_found(folder: Path) -> None:
    put(folder, [*lines(folder), written(11, "ab" * 32, "end", [("run", ["r9"])]) + b"\n"])
    assert ("changed", 11) in kinds(folder)


def test_a_forged_line_that_fits_is_not_in_the_head(folder: Path) -> None:
    digest = check(folder).digest
    put(folder, [*lines(folder), written(11, digest, "end", [("run", ["r9"])]) + b"\n"])
    assert kinds(folder) == [("unconfirmed", 11)]
    go_on(folder)
    assert kinds(folder) == [("unconfirmed", 12)], "a later run must not hide it"


@pytest.mark.parametrize("junk", [b"\n", b"junk\n", b"\0\0\0\n", b"11\t\n", b"\xff\xfe\n"])
def test_what_is_no_record_is_found_wherever_it_stands(folder: Path, junk: bytes) -> None:
    for at in (0, 5, 10):
        write = lines(folder)
        put(folder, [*write[:at], junk, *write[at:]])
        assert ("changed", at + 1) in kinds(folder)
        put(folder, write)


@pytest.mark.parametrize("head", [None, b"", b"junk", b"9 abc", b"\xff", b"x y z"])
def test_a_head_that_is_gone_or_damaged_is_told(folder: Path, head: bytes | None) -> None:
    if head is None:
        (folder / "head").unlink()
    else:
        (folder / "head").write_bytes(head)
    assert kinds(folder) == [("unconfirmed", 10)]
    go_on(folder)
    assert kinds(folder) == [("unconfirmed", 11)]
    assert check(folder).number == 13


def test_an_older_head_and_journal_put_back_together_are_told_by_what_was_noted(folder: Path) -> None:
    """What the chain cannot find alone: its last number and hash are printed, to be noted elsewhere."""
    noted = check(folder)
    other = folder / "other"
    write_runs(other, 3)
    found = check(other)
    assert not found.problems
    assert (found.number, found.digest) != (noted.number, noted.digest)


def test_lines_that_went_missing_at_the_end_stay_missing_when_runs_go_on(folder: Path) -> None:
    put(folder, lines(folder)[:6])
    go_on(folder)
    problems = check(folder).problems
    assert [problem.kind for problem in problems] == ["missing", "unconfirmed"]
    assert problems[0].sentence.startswith("records 7 to 10 are missing")


def test_a_journal_that_went_missing_as_a_whole_is_missed_when_runs_go_on(folder: Path) -> None:
    (folder / "journal").unlink()
    go_on(folder)
    assert check(folder).problems[0].sentence.startswith("records 1 to 10 are missing")


def test_a_torn_line_is_told_and_does_not_stop_later_runs(folder: Path) -> None:
    with (folder / "journal").open("ab") as file:
        file.write(b"11\tabc")
    assert kinds(folder) == [("torn", 11)]
    go_on(folder)
    go_on(folder)
    assert kinds(folder) == [("torn", 11)]
    assert check(folder).number == 15


def test_a_line_that_was_changed_before_a_later_run_is_still_found(folder: Path) -> None:
    changed = lines(folder)
    changed[9] = changed[9].replace(b"code=0", b"code=1")
    put(folder, changed)
    go_on(folder)
    assert kinds(folder) == [("changed", 10)]


def test_what_is_written_is_read_whatever_it_holds() -> None:
    strange = "a%20b\tc\nd e=f\udcff%"
    line = parse(written(7, "-", FAULT, [("one", [strange, "", "x"]), ("none", []), ("two", [strange])]))
    assert line is not None
    assert (line.number, line.before, line.kind) == (7, "-", FAULT)
    assert line.fields == (("one", (strange, "", "x")), ("two", (strange,)))


def test_half_a_character_stops_no_record() -> None:
    line = parse(written(1, "-", "end", [("error", ["\ud800"])]))
    assert line is not None
    assert line.text("error") == "\\ud800"
