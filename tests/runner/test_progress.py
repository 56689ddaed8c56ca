"""Where there is no terminal, an installation that takes long says now and then what it is about."""

from __future__ import annotations

import pytest

from jhansi_runner.runner.console import Progress


class Clock:
    """A clock that stands still until told otherwise."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_it_says_nothing_while_it_is_quick_and_a_line_now_and_then_when_it_is_not(
    capfd: pytest.CaptureFixture[str],
) -> None:
    clock, coming = Clock(), [0]
    progress = Progress(lambda: coming[0], clock)
    progress.begin()
    for _ in range(14):
        clock.now += 1
        progress.tick()
    assert capfd.readouterr().err == ""
    progress.add("pkg:pypi/torch@2.1\x1b[2J", 2_500_000)
    coming[0] = 700_000_000
    clock.now += 2
    progress.tick()
    progress.tick()
    assert capfd.readouterr().err == (
        "jhansi-runner: still at it: 16 s, 1 file, 2.5 MB; 700.0 MB more are on their way; "
        "last pkg:pypi/torch@2.1\\x1b[2J\n"
    )


def test_it_says_when_nothing_is_being_fetched(capfd: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    progress = Progress(lambda: 0, clock)
    progress.begin()
    clock.now += 40
    progress.tick()
    assert "nothing is being fetched" in capfd.readouterr().err


def test_where_nothing_is_fetched_it_soon_says_what_is_done_instead(capfd: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    progress = Progress(clock=clock, doing="compiling the program")
    for _ in range(20):
        clock.now += 1
        progress.tick()
    said = capfd.readouterr().err.splitlines()
    assert said == ["jhansi-runner: compiling the program: 3 s", "jhansi-runner: compiling the program: 18 s"]


def test_it_says_so_ever_more_rarely(capfd: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    progress = Progress(lambda: 0, clock)
    progress.begin()
    for _ in range(600):
        clock.now += 1
        progress.tick()
    said = [line.split()[4] for line in capfd.readouterr().err.splitlines()]
    assert said == ["15", "45", "105", "225", "465"]
    progress.begin()
    clock.now += 15
    progress.tick()
    assert "still at it: 15 s" in capfd.readouterr().err
