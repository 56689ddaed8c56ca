"""What comes and goes while processes are read is read all the same, or it is told that it was not."""

from __future__ import annotations

from collections.abc import Generator

from jhansi_runner.runner.limits.proc import Processes
from jhansi_runner.runner.limits.sample import sampled


class Listed(Processes):
    """Processes that are there, one list after the other; the last one stays."""

    def __init__(self, *lists: str) -> None:
        self.pids, self._lists = [], [each.split() for each in lists]

    def find(self) -> None:
        self.pids = self._lists[0]
        self._lists = self._lists[1:] or self._lists


def read(
    processes: Listed, gone: str, most: int = 1000, urgent: str = "", seconds: float = 1e9
) -> tuple[list[list[str]], bool, list[str]]:
    asked = []

    def one(pid: str) -> Generator[None, None, str | None]:
        asked.append(pid)
        yield
        return None if pid in gone.split() else pid

    steps = sampled(processes, one, weigh=int, most=most, urgency=lambda pid: -(urgent != pid), seconds=seconds)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return *end.value, asked


def test_all_are_read_once_where_none_goes() -> None:
    assert read(Listed("2 3 4"), "") == ([["2", "3", "4"]], True, ["4", "3", "2"])


def test_the_next_one_is_read_where_one_has_gone() -> None:
    found = read(Listed("2 5", "2 6", "2 7"), "5 6")
    assert found == ([["2"], ["2"], ["2", "7"]], True, ["5", "2", "6", "7"])


def test_new_ones_are_read_though_none_has_gone() -> None:
    found = read(Listed("2 3", "2 3 4", "2 4 5"), "")
    assert found == ([["2", "3"], ["2", "3", "4"], ["2", "4", "5"]], True, ["3", "2", "4", "5"])


def test_no_more_are_read_when_it_is_enough() -> None:
    assert read(Listed("2 3 4"), "", most=6) == ([["3", "4"]], True, ["4", "3"])


def test_what_is_urgent_is_read_first_and_then_the_youngest() -> None:
    assert read(Listed("2 3 4 5"), "", urgent="3") == ([["2", "3", "4", "5"]], True, ["3", "5", "4", "2"])


def test_it_is_told_that_time_was_too_short() -> None:
    assert read(Listed("2 3 4"), "", seconds=-1) == ([["4"]], False, ["4"])


def test_it_is_told_that_one_always_goes() -> None:
    rounds, settled, asked = read(Listed(*(f"2 {pid}" for pid in range(5, 50))), " ".join(map(str, range(5, 50))))
    assert not settled and rounds[-1] == ["2"] and len(asked) == 9


def test_nobody_is_there() -> None:
    assert read(Listed(""), "") == ([[]], True, [])
