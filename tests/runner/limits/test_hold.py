"""A program that cannot be held to its limits does not begin; one that is gone needs no holding."""

from __future__ import annotations

import resource
import time

import pytest

from jhansi_runner.proxy.cell.process import Cell
from jhansi_runner.runner.errors import RunnerError
from jhansi_runner.runner.limits import rlimits
from jhansi_runner.runner.limits.hold import Hold
from jhansi_runner.runner.limits.model import MEMORY, PROCESSES, Limit, Limits

LIMITS = Limits({MEMORY: Limit(1 << 30), PROCESSES: Limit(10)})


class Waiting(Cell):
    """A cell whose first process has this number, and nothing else."""

    def __init__(self, init: int) -> None:
        self.init = init


def test_a_cell_that_is_gone_is_left_to_say_why() -> None:
    hold = Hold(LIMITS, "name", {})
    hold.apply(Waiting(1 << 22))
    assert hold.delay is None


def test_limits_that_cannot_be_set_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(rlimits, "apply", refuse)
    with pytest.raises(RunnerError, match="cannot be held to its limits: Operation not permitted"):
        Hold(LIMITS, "name", {}).apply(Waiting(1))


def test_nothing_is_looked_after_where_nothing_is_limited() -> None:
    before = resource.getrlimit(resource.RLIMIT_CORE)
    hold = Hold(Limits({}), "name", {})
    hold.apply(Waiting(1 << 22))
    hold.close()
    assert hold.delay is None and resource.getrlimit(resource.RLIMIT_CORE) == before


class Clock:
    """Looks once in so many seconds, and counts."""

    def __init__(self, delay: float) -> None:
        self.delay, self.looked = delay, 0

    def look(self) -> str:
        self.looked += 1
        return ""

    def close(self) -> None:
        pass


def test_each_looks_when_it_wants_to(monkeypatch: pytest.MonkeyPatch) -> None:
    hold = Hold(Limits({}), "name", {})
    often, seldom = Clock(1.0), Clock(4.0)
    monkeypatch.setattr(hold, "_looks", [often, seldom])
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    monkeypatch.setattr(rlimits, "apply", lambda *_, **__: None)
    hold.apply(Waiting(1))
    for now in range(1, 13):  # noqa: B007  # the clock reads it
        hold.look()
    assert (often.looked, seldom.looked, hold.delay) == (12, 3, 1.0)
