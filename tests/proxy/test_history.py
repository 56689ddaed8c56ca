"""The ledger read back: every refusal is counted once, under what, why and for whom it happened."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from jhansi_runner.proxy.history import entries, summary
from jhansi_runner.proxy.ledger import ALLOW, DENY, FAULT, OBSERVED, WITHHELD, Entry, Ledger

DAY = 86400.0
NOON = 1_800_000_000.0 - 1_800_000_000.0 % DAY + DAY / 2


class Clock:
    """A time that tests set."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


def _denied(purl: str = "pkg:npm/demo@1.0.0", rule: str = "policy.yaml:5", **more: str) -> Entry:
    return Entry("mirror", DENY, "GET", "/npm/demo", purl=purl, code="JR-DENY-RULE", rule=rule, status=403, **more)  # type: ignore[arg-type]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(tmp_path: Path, clock: Clock) -> Ledger:
    return Ledger(str(tmp_path), clock)


def test_the_same_refusal_is_one_line_with_its_count_and_everybody_it_met(
    ledger: Ledger, clock: Clock, tmp_path: Path
) -> None:
    for number, who in enumerate(["a", "b", "a", "c"]):
        clock.now = NOON + number
        ledger.record(_denied(sandbox=who, reason=f"no {number}"))
    (line,) = summary(entries(str(tmp_path), NOON, NOON + DAY))
    assert (line.count, line.who, line.reason) == (4, ("c", "a", "b"), "no 3")
    assert (line.first, line.last) == (NOON, NOON + 3)


def test_what_comes_late_and_says_less_takes_nothing_away() -> None:
    (line,) = summary(replace(_denied(reason=why), time=NOON + at) for why, at in (("it steals", 5), ("", 1), ("", 7)))
    assert (line.reason, line.first, line.last, line.count) == ("it steals", NOON + 1, NOON + 7, 3)


def test_other_packages_rules_and_verdicts_are_other_lines_the_latest_first(
    ledger: Ledger, clock: Clock, tmp_path: Path
) -> None:
    ledger.record(_denied())
    clock.now += 1
    ledger.record(_denied(rule="policy.yaml:9"))
    clock.now += 1
    ledger.record(_denied(purl="pkg:npm/other@1.0.0"))
    clock.now += 1
    ledger.record(Entry("gate", DENY, "CONNECT", "elsewhere.test:443", code="JR-GATE-HOST", client="10.0.0.5"))
    lines = summary(entries(str(tmp_path), NOON, NOON + DAY))
    assert [line.what for line in lines] == [
        "elsewhere.test:443", "pkg:npm/other@1.0.0", "pkg:npm/demo@1.0.0", "pkg:npm/demo@1.0.0",
    ]  # fmt: skip
    assert lines[0].who == ("10.0.0.5",)


def test_what_was_let_in_is_told_only_when_asked_for(ledger: Ledger, tmp_path: Path) -> None:
    ledger.record(Entry("mirror", ALLOW, "GET", "/npm/demo", purl="pkg:npm/demo@1.0.0", status=200))
    ledger.record(Entry("mirror", ALLOW, "GET", "/npm/demo", purl="pkg:npm/demo", code=WITHHELD, status=200))
    ledger.record(Entry("mirror", OBSERVED, "GET", "/npm/demo", purl="pkg:npm/demo@2.0.0", code="JR-DENY-AGE"))
    ledger.record(Entry("mirror", FAULT, "GET", "/npm/demo", purl="pkg:npm/demo@3.0.0", code="JR-UPSTREAM"))
    found = list(entries(str(tmp_path), NOON, NOON + DAY))
    assert {line.verdict for line in summary(found)} == {ALLOW, OBSERVED, FAULT}
    assert len(summary(found)) == 3
    assert len(summary(found, everything=True)) == 4


def test_days_and_times_bound_what_is_read(ledger: Ledger, clock: Clock, tmp_path: Path) -> None:
    for number in range(-3, 4):
        clock.now = NOON + number * DAY
        ledger.record(_denied(purl=f"pkg:npm/demo@{number + 3}.0.0"))
    found = [entry.purl[-5] for entry in entries(str(tmp_path), NOON - DAY, NOON + DAY)]
    assert found == ["2", "3", "4"]
    assert [entry.purl[-5] for entry in entries(str(tmp_path), NOON - DAY + 1, NOON + DAY - 1)] == ["3"]


def test_what_was_recorded_a_moment_ago_is_there(ledger: Ledger, clock: Clock, tmp_path: Path) -> None:
    """The time of an entry is rounded, so that it may lie a little after the reading."""
    clock.now = time.time() + 60
    ledger.record(_denied())
    assert len(list(entries(str(tmp_path), time.time() - DAY))) == 1


@pytest.mark.parametrize(
    "line",
    [
        "", "{", "[]", "null", "7", '"x"', "{}", '{"plane": 7, "verdict": "deny", "method": "", "url": ""}',
        '{"plane": "gate", "verdict": "deny", "method": "", "url": "", "time": "x"}',
        '{"plane": "gate", "verdict": ["deny"], "method": "", "url": ""}', "[" * 100_000, "\x00\xff",
    ],
)  # fmt: skip
def test_a_line_that_is_not_ours_is_passed_over(ledger: Ledger, tmp_path: Path, line: str) -> None:
    ledger.record(_denied())
    with next(tmp_path.glob("*.jsonl")).open("a", encoding="latin-1") as file:
        file.write(line + "\n")
    ledger.record(_denied())
    assert sum(one.count for one in summary(entries(str(tmp_path), NOON, NOON + DAY))) == 2


def test_an_entry_of_a_later_release_is_read_as_far_as_it_is_known(ledger: Ledger, tmp_path: Path) -> None:
    ledger.record(_denied())
    file = next(tmp_path.glob("*.jsonl"))
    row = json.loads(file.read_text())
    file.write_text(json.dumps({**row, "planet": "mars"}) + "\n")
    assert len(list(entries(str(tmp_path), NOON, NOON + DAY))) == 1


def test_no_ledger_is_an_empty_one(tmp_path: Path) -> None:
    assert list(entries(str(tmp_path / "nothing"), NOON, NOON + DAY)) == []


def test_an_entry_may_stand_for_several_requests(ledger: Ledger, tmp_path: Path) -> None:
    ledger.record(_denied())
    ledger.record(_denied(times=41))  # type: ignore[arg-type]
    (line,) = summary(entries(str(tmp_path), NOON, NOON + DAY))
    assert line.count == 42
