"""A release waits by the registry's date, else by when this cache first saw it; without a date it waits for ever."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.policy.ages import stamp, too_young
from jhansi_runner.proxy.policy.model import MinimumAge
from jhansi_runner.proxy.policy.release import Release
from support.policies import instant

DAY = 86_400
LIMIT = MinimumAge(3 * DAY, "3 days", 12)
NOW = instant("2026-11-21T10:00Z")
PACKAGE = Coordinate("npm", "", "left-pad", "1.3.0")
DATES = st.none() | st.floats(-10 * DAY, 10 * DAY).map(lambda apart: NOW + apart) | st.sampled_from([0.0, -1.0])


def judged(published: float | None = None, seen: float | None = None, now: float = NOW) -> tuple[str, float | None]:
    found = too_young(LIMIT, Release(PACKAGE, published=published, seen=seen), now)
    return found or ("", None)


@pytest.mark.parametrize("clock", ["published", "seen"])
def test_on_both_sides_of_the_cutoff(clock: str) -> None:
    def is_young(since: float) -> bool:
        return judged(**{clock: since})[0] != ""

    assert is_young(NOW - 3 * DAY + 1)
    assert not is_young(NOW - 3 * DAY)
    assert not is_young(NOW - 3 * DAY - 1)
    assert is_young(NOW)
    assert not is_young(NOW - 3_000 * DAY)


@pytest.mark.parametrize(
    ("published", "seen", "reason", "until"),
    [
        (
            instant("2026-11-20T10:00Z"),
            None,
            "it was published 2026-11-20T10:00Z, 1 day ago, and minimum_age for npm is 3 days; "
            "allowed from 2026-11-23T10:00Z",
            instant("2026-11-23T10:00Z"),
        ),
        (
            None,
            instant("2026-11-21T07:30:20Z"),
            "this cache first saw it 2026-11-21T07:30Z, 2 hours ago, and minimum_age for npm is 3 days; "
            "allowed from 2026-11-24T07:31Z",
            instant("2026-11-24T07:30:20Z"),
        ),
        (
            instant("2026-11-22T10:00Z"),
            instant("2026-11-21T09:59:30Z"),
            "its date of publication, 2026-11-22T10:00Z, is in the future and does not count; this cache first saw it "
            "2026-11-21T09:59Z, less than a minute ago, and minimum_age for npm is 3 days; "
            "allowed from 2026-11-24T10:00Z",
            instant("2026-11-24T09:59:30Z"),
        ),
        (
            0.0,
            None,
            "its date of publication is none that counts; its age is not known, and minimum_age for npm is 3 days",
            None,
        ),
        (None, None, "its age is not known, and minimum_age for npm is 3 days", None),
    ],
)
def test_the_reason_names_the_date_the_clock_and_the_end(
    published: float | None, seen: float | None, reason: str, until: float | None
) -> None:
    assert judged(published, seen) == (reason, until)


def test_the_registrys_date_comes_before_the_caches() -> None:
    assert judged(published=NOW - 9 * DAY, seen=NOW) == ("", None)
    assert "it was published" in judged(published=NOW - DAY, seen=NOW - 9 * DAY)[0]


@pytest.mark.parametrize("published", [NOW + 1, NOW + 9_000 * DAY, 1e300, float("inf"), float("nan"), 0.0, -5.0])
def test_a_date_that_cannot_be_counts_as_none(published: float) -> None:
    assert judged(published=published)[1] is None
    assert "age is not known" in judged(published=published)[0]
    assert judged(published=published, seen=NOW - 9 * DAY) == ("", None)


def test_a_clock_that_was_set_back_makes_nothing_older() -> None:
    assert "age is not known" in judged(seen=NOW + DAY)[0]


@given(DATES, DATES, st.floats(0, 10 * DAY))
def test_what_may_enter_once_may_enter_later(published: float | None, seen: float | None, later: float) -> None:
    usable = published is None or published <= NOW
    if not judged(published, seen)[0] and usable:
        assert not judged(published, seen, NOW + later)[0]


@given(DATES, DATES)
def test_a_release_may_enter_at_the_instant_that_was_told_and_not_before(
    published: float | None, seen: float | None
) -> None:
    reason, until = judged(published, seen)
    if reason and until is not None and (published is None or published <= NOW):
        assert until > NOW
        assert not judged(published, seen, until + 1e-3)[0]
        assert judged(published, seen, until - 1)[0]


@given(st.floats(1, 2e9))
def test_the_minute_that_is_told_as_the_end_is_never_too_early(moment: float) -> None:
    assert instant(stamp(moment)) <= moment <= instant(stamp(moment, up=True))


def test_a_moment_beyond_the_calendar_has_words_too() -> None:
    assert stamp(1e300) == stamp(float("inf")) == "a date beyond the calendar"
