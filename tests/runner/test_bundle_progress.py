"""How far a bundle is, is told now and then, and ever more rarely."""

from __future__ import annotations

import pytest

from jhansi_runner.runner.bundle_progress import Moving


def test_elsewhere_than_on_a_terminal_it_is_a_line_now_and_then(capfd: pytest.CaptureFixture[str]) -> None:
    now = 0.0
    with Moving("exporting", lambda: now) as moving:
        for _ in range(200):
            now += 1.0
            moving.add(1 << 20)
    said = capfd.readouterr().err.splitlines()
    assert said == [
        f"jhansi-runner: exporting: {seconds} MiB read and compared, {seconds} s" for seconds in (15, 45, 105)
    ]


def test_what_is_quick_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    with Moving("exporting", lambda: 0.0) as moving:
        for _ in range(1000):
            moving.add(1 << 20)
    assert capfd.readouterr().err == ""
