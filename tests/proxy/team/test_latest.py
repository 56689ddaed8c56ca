"""The page reads the end of the ledger, and says when that is not all."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from jhansi_runner.proxy.history import entries, summary
from jhansi_runner.proxy.ledger import ALLOW, DENY, FAULT, WITHHELD, Entry, Ledger
from jhansi_runner.proxy.team.latest import refused

NOW = 1_800_000_000.0
DAY = 86400.0


def _write(folder: Path, days_ago: float, *found: Entry) -> None:
    ledger = Ledger(str(folder), lambda: NOW - days_ago * DAY)
    for entry in found:
        ledger.record(entry)
    ledger.close()


def _denied(name: str) -> Entry:
    return Entry(
        "mirror", DENY, "GET", f"/npm/{name}", purl=f"pkg:npm/{name}@1.0.0", code="JR-DENY-RULE", client="10.0.0.1"
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    _write(tmp_path, 8.0, _denied("ancient"))
    _write(tmp_path, 6.9, _denied("old"))
    _write(tmp_path, 2.0, *[Entry("mirror", ALLOW, "GET", f"/npm/x{number}") for number in range(100)])
    _write(tmp_path, 2.0, Entry("mirror", ALLOW, "GET", "/npm/held", code=WITHHELD))
    _write(tmp_path, 2.0, Entry("mirror", DENY, "GET", '/npm/"verdict":"allow"', code="JR-X"))
    _write(tmp_path, 0.5, _denied("new"), _denied("old"))
    return tmp_path


def test_it_tells_what_reading_all_of_it_tells(folder: Path) -> None:
    found = refused(str(folder), NOW)
    assert list(found.lines) == summary(entries(str(folder), NOW - 7 * DAY, NOW))
    assert {line.what for line in found.lines} == {
        "pkg:npm/old@1.0.0", "pkg:npm/new@1.0.0", "/npm/held", '/npm/"verdict":"allow"',
    }  # fmt: skip
    assert not found.cut


def test_faults_stand_apart_and_do_not_push_refusals_out(folder: Path) -> None:
    faults = [Entry("mirror", FAULT, "GET", f"/npm/f{number}", code="JR-UPSTREAM") for number in range(60)]
    _write(folder, 0.1, *faults)
    found = refused(str(folder), NOW)
    assert {line.verdict for line in found.lines} == {DENY, ALLOW}
    assert {line.what for line in found.failed} == {entry.url for entry in faults}


def test_what_was_withheld_and_refused_in_the_same_words_is_told_once(folder: Path) -> None:
    held = Entry("mirror", ALLOW, "GET", "/pypi/simple/bad/", purl="pkg:pypi/bad", code=WITHHELD, reason="it is denied")
    _write(folder, 0.2, held)
    assert [line.code for line in refused(str(folder), NOW).lines if "bad" in line.what] == [WITHHELD]
    _write(folder, 0.1, replace(held, verdict=DENY, url="/pypi/files/bad-1.0.tar.gz", code="JR-DENY-RULE"))
    assert [line.code for line in refused(str(folder), NOW).lines if "bad" in line.what] == ["JR-DENY-RULE"]


def test_a_long_ledger_is_read_from_its_end(folder: Path) -> None:
    by_size = refused(str(folder), NOW, most_bytes=600)
    assert ({"new", "old"}, by_size.cut) == (
        {line.what[8:11] for line in by_size.lines if line.what[:3] == "pkg"},
        True,
    )
    assert next(line for line in by_size.lines if "old" in line.what).count == 1
    by_lines = refused(str(folder), NOW, most_lines=2)
    assert ([line.count for line in by_lines.lines], by_lines.cut) == ([1, 1], True)


def test_torn_lines_are_passed_over(folder: Path) -> None:
    day = time.strftime("%Y-%m-%d", time.gmtime(NOW - 0.5 * DAY))
    with (folder / f"{day}.jsonl").open("ab") as file:
        file.write(b'\xff\n\n[]\n{"plane":"mir')
    assert len(refused(str(folder), NOW).lines) == 4


def test_where_nothing_was_recorded_nothing_was_refused(tmp_path: Path) -> None:
    assert refused(str(tmp_path / "none"), NOW) == type(refused(str(tmp_path), NOW))([], [], cut=False)
