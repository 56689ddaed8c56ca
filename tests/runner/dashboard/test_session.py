"""Sessions end, are bounded, and hold no token; guesses are slowed down."""

from __future__ import annotations

import pytest

from jhansi_runner.runner.dashboard.session import SECONDS, Sessions, Throttle


class Clock:
    """A time that tests move."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_session_lasts_half_a_day(clock: Clock) -> None:
    sessions = Sessions(clock)
    cookie = sessions.open(b"digest")
    clock.now += SECONDS - 1
    assert sessions.token(cookie) == b"digest"
    clock.now += 1
    assert sessions.token(cookie) is None


def test_a_session_that_was_closed_is_over_and_others_are_not() -> None:
    sessions = Sessions()
    cookie, other = sessions.open(b"digest"), sessions.open(b"digest")
    sessions.close(cookie)
    assert sessions.token(cookie) is None and sessions.token(other) == b"digest"


@pytest.mark.parametrize("guess", ["", "x", "\udcff", "a" * 100_000])
def test_what_was_never_a_cookie_is_nobody(guess: str) -> None:
    sessions = Sessions()
    sessions.open(b"digest")
    assert sessions.token(guess) is None


def test_one_token_cannot_push_out_another() -> None:
    sessions = Sessions()
    other, own = sessions.open(b"other"), [sessions.open(b"own") for _ in range(30)]
    assert sessions.token(other) == b"other"
    assert [sessions.token(cookie) is not None for cookie in own] == [False] * 10 + [True] * 20


def test_all_sessions_together_are_bounded() -> None:
    sessions = Sessions()
    opened = [sessions.open(b"%d" % number) for number in range(2001)]
    assert [sessions.token(opened[0]), sessions.token(opened[1])] == [None, b"1"]


def test_ten_failures_in_a_minute_are_enough(clock: Clock) -> None:
    throttle = Throttle(clock)
    for _ in range(10):
        assert throttle.wait("192.0.2.1") == 0
        throttle.failed("192.0.2.1")
    assert throttle.wait("192.0.2.1") == 60 and throttle.wait("192.0.2.2") == 0
    clock.now += 60
    assert throttle.wait("192.0.2.1") == 0
    throttle.failed("192.0.2.1")
    assert throttle.wait("192.0.2.1") == 0


def test_places_that_failed_are_bounded() -> None:
    throttle = Throttle()
    for number in range(3000):
        throttle.failed(str(number))
    assert len(throttle._failed) == 1000
