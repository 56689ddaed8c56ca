"""A program that cannot be held to its limits does not begin; one that is gone needs no holding."""

from __future__ import annotations

import os
import resource
import subprocess
import time
from collections.abc import Iterator

import pytest

from jhansi_runner.proxy.cell.process import Cell
from jhansi_runner.runner.errors import RunnerError
from jhansi_runner.runner.limits import cgroup, rlimits, tiers
from jhansi_runner.runner.limits.hold import Hold
from jhansi_runner.runner.limits.model import MEMORY, PROCESSES, Limit, Limits

LIMITS = Limits({MEMORY: Limit(1 << 30), PROCESSES: Limit(10)})
OFFER = tiers.offer(tiers.Facts(1, (6, 1), legacy={"memory": "/m", "pids": "/p", "cpu": "/c"}))


class Waiting(Cell):
    """A cell whose first process is this one, and nothing else."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.init, self.handle = process.pid, os.pidfd_open(process.pid)


@pytest.fixture
def cell() -> Iterator[Waiting]:
    process = subprocess.Popen(["/bin/sleep", "60"])
    waiting = Waiting(process)
    yield waiting
    process.kill()
    process.wait()
    os.close(waiting.handle)


@pytest.fixture
def gone() -> Iterator[Waiting]:
    process = subprocess.Popen(["/bin/true"])
    waiting = Waiting(process)
    process.wait()
    yield waiting
    os.close(waiting.handle)


def refuse(*_: object, **__: object) -> None:
    raise PermissionError(1, "Operation not permitted")


@pytest.mark.parametrize("required", [False, True])
def test_a_cell_that_is_gone_is_left_to_say_why(required: bool, gone: Waiting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiers, "offer", lambda _: OFFER)
    monkeypatch.setattr(cgroup, "filled", refuse)
    hold = Hold(Limits({MEMORY: Limit(1 << 30, "--memory")}, required=required), "name", {})
    hold.apply(gone)
    assert hold.delay is None and hold.note == ""


def test_limits_that_are_required_and_cannot_be_set_are_an_error(
    cell: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiers, "offer", lambda _: OFFER)
    monkeypatch.setattr(cgroup, "filled", refuse)
    with pytest.raises(RunnerError, match="no control group could be made: Operation not permitted"):
        Hold(Limits({MEMORY: Limit(1 << 30, "--memory")}, required=True), "name", {}).apply(cell)


def test_limits_that_cannot_be_set_are_an_error(cell: Waiting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rlimits, "apply", refuse)
    with pytest.raises(RunnerError, match="cannot be held to its limits: Operation not permitted"):
        Hold(LIMITS, "name", {}).apply(cell)


def test_nothing_is_looked_after_where_nothing_is_limited(cell: Waiting) -> None:
    before = resource.getrlimit(resource.RLIMIT_CORE)
    hold = Hold(Limits({}), "name", {})
    hold.apply(cell)
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


def test_each_looks_when_it_wants_to(cell: Waiting, monkeypatch: pytest.MonkeyPatch) -> None:
    hold = Hold(Limits({}), "name", {})
    often, seldom = Clock(1.0), Clock(4.0)
    monkeypatch.setattr(hold, "_looks", [often, seldom])
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    monkeypatch.setattr(rlimits, "apply", lambda *_, **__: None)
    hold.apply(cell)
    for now in range(1, 13):  # noqa: B007  # the clock reads it
        hold.look()
    assert (often.looked, seldom.looked, hold.delay) == (12, 3, 1.0)
