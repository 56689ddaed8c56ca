"""A mirror that cannot begin ends; one that has served goes on trying."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

import pytest

from jhansi_runner.proxy.team import supervisor
from jhansi_runner.proxy.team.settings import Settings
from jhansi_runner.proxy.team.supervisor import SERVED, WorkerFailed, next_delay, supervise


class Enough(Exception):
    """The test has seen enough."""


class Workers:
    """Workers that end at once with these codes."""

    def __init__(self, *codes: int, served: bool = False) -> None:
        self._codes, self._served = list(codes), served
        self.said: list[str] = []

    def start(self, listener: socket.socket, numbers: str, settings: Settings) -> subprocess.Popen[bytes]:
        """Stands for a worker's start."""
        del listener, settings
        if self._served:
            Path(numbers, SERVED).touch()
        if not self._codes:
            raise Enough
        code = self._codes.pop(0)
        return subprocess.Popen(["/bin/sh", "-c", f"exit {code}" if code >= 0 else "kill -9 $$"])


def _supervise(monkeypatch: pytest.MonkeyPatch, workers: Workers) -> None:
    monkeypatch.setattr(supervisor, "_start", workers.start)
    monkeypatch.setattr(supervisor, "_SHORTEST_DELAY", 0.05)
    monkeypatch.setattr(supervisor, "_TICK", 0.02)
    with socket.socket() as listener:
        supervise(listener, 1, Settings(), workers.said.append)


def test_a_worker_that_fails_before_any_has_served_ends_the_mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WorkerFailed, match="exit code 1"):
        _supervise(monkeypatch, Workers(1, 0))


def test_one_that_is_killed_is_replaced_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Enough):
        _supervise(monkeypatch, Workers(-9))


def test_one_that_fails_later_is_tried_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    workers = Workers(1, 1, 0, served=True)
    with pytest.raises(Enough):
        _supervise(monkeypatch, workers)
    assert [line.partition(";")[0] for line in workers.said] == [
        "a worker ended with exit code 1",
        "a worker ended with exit code 1",
        "a worker ended with exit code 0",
    ]


def test_it_waits_longer_and_longer_until_one_stays() -> None:
    delays = [next_delay(0.0, 0.1)]
    while len(delays) < 8:
        delays.append(next_delay(delays[-1], 0.1))
    assert delays == [1, 2, 4, 8, 16, 30, 30, 30]
    assert next_delay(30.0, 3600.0) == 1
