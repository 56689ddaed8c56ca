"""The newest days of the ledger are kept, and nothing that is not ours is touched."""

from __future__ import annotations

import os
from pathlib import Path

from jhansi_runner.proxy.ledger import ALLOW, Entry, Ledger
from jhansi_runner.proxy.retention import BYTES, DAYS, excess

DAY = 86400
MIDNIGHT = 1_000_000_000 - 1_000_000_000 % DAY
TODAY = "2026-01-31.jsonl"


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_days_go_when_there_are_too_many() -> None:
    days = [f"2025-{1 + number // 28:02}-{1 + number % 28:02}.jsonl" for number in range(DAYS + 1)]
    assert excess(dict.fromkeys(days, 1), TODAY) == [days[0]]
    assert excess({**dict.fromkeys(days, 1), TODAY: 1}, TODAY) == [days[1], days[0]]
    assert excess(dict.fromkeys(days[1:], 1), TODAY) == []


def test_whole_days_go_when_there_is_too_much() -> None:
    sizes = {"2026-01-28.jsonl": 1, "2026-01-29.jsonl": BYTES // 2, "2026-01-30.jsonl": BYTES // 2, TODAY: 1}
    assert excess(sizes, TODAY) == ["2026-01-29.jsonl", "2026-01-28.jsonl"]


def test_the_day_at_hand_stays_whatever_its_size() -> None:
    assert excess({TODAY: 2 * BYTES, "2026-01-30.jsonl": 1}, TODAY) == ["2026-01-30.jsonl"]


def test_a_clock_that_was_wrong_once_removes_nothing() -> None:
    days = dict.fromkeys([f"2026-01-{number:02}.jsonl" for number in range(1, 31)], 1)
    assert excess(days, "2199-12-31.jsonl") == []
    assert excess({**days, "2199-12-31.jsonl": 1}, TODAY) == []


def test_what_is_no_day_is_let_be(tmp_path: Path) -> None:
    for name in ("2001-01-01.jsonl.bak", "notes", "1999-01-01.json"):
        (tmp_path / name).write_text("x")
    (tmp_path / "0001-01-01.jsonl").mkdir()  # it cannot be unlinked, and nobody is kept from recording
    old = [tmp_path / f"2000-{1 + number // 28:02}-{1 + number % 28:02}.jsonl" for number in range(DAYS)]
    for path in old:
        path.write_text("{}\n")
    os.utime(old[0], (2**31, 2**31))
    before = _names(tmp_path)
    times = [MIDNIGHT, MIDNIGHT + DAY]
    for now in times:  # one more day each, by two processes
        ledger = Ledger(str(tmp_path), lambda now=now: now)  # type: ignore[misc]
        ledger.record(Entry("mirror", ALLOW, "GET", "/"))
        ledger.close()
    assert before - _names(tmp_path) == {old[0].name, old[1].name}
    assert _names(tmp_path) - before == {"2001-09-09.jsonl", "2001-09-10.jsonl"}
