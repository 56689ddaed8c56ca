"""Durations, sizes and days are read in one spelling each, and whatever else people write is told what to write."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jhansi_runner.proxy.policy.quantities import (
    LARGEST,
    LONGEST,
    parse_day,
    parse_duration,
    parse_instant,
    parse_size,
    parse_time,
)
from jhansi_runner.proxy.policy.sizes import size_text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1 minute", 60),
        ("90 minutes", 5_400),
        ("36 hours", 129_600),
        ("1 day", 86_400),
        ("3 days", 259_200),
        ("3days", 259_200),
        ("2 weeks", 1_209_600),
        ("3650 days", LONGEST),
    ],
)
def test_durations(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"), [("1 second", 1), ("90 seconds", 90), ("2minutes", 120), ("1 day", 86_400)]
)
def test_times(text: str, seconds: int) -> None:
    assert parse_time(text) == seconds


@pytest.mark.parametrize("text", ["30", "1 week", "0 seconds", "1.5 hours", "4000 days", "-1 hour"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]+(write a number and seconds|leave the key out)[^\n]+$"):
        parse_time(text)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("3", "write a number and minutes, hours, days or weeks, such as 3 days"),
        ("3 d", "is no duration"),
        ("3 months", "is no duration"),
        ("three days", "is no duration"),
        ("-3 days", "is no duration"),
        ("1.5 days", "is no duration"),
        ("3 DAYS", "is no duration"),
        ("٣ days", "is no duration"),
        ("3 days 2 hours", "is no duration"),
        ("0 days", "leave the key out"),
        ("3651 days", "longer than ten years"),
        ("999999999 weeks", "longer than ten years"),
        ("9999999999 weeks", "is no duration"),
    ],
)
def test_what_is_no_duration(text: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]+$") as caught:
        parse_duration(text)
    assert wrong in str(caught.value)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("100 B", 100),
        ("1 kB", 1_000),
        ("1 KB", 1_000),
        ("1 KiB", 1_024),
        ("500 MB", 500_000_000),
        ("2 GiB", 2 << 30),
        ("2GiB", 2 << 30),
        ("1.5 GiB", 3 << 29),
        ("0.001 kB", 1),
        ("1024 TiB", LARGEST),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("100", "write a number and KiB, MiB, GiB, kB, MB or GB, such as 2 GiB"),
        ("2 Gb", "is no size"),
        ("2 G", "is no size"),
        ("two GiB", "is no size"),
        ("-2 GiB", "is no size"),
        ("1e3 MB", "is no size"),
        ("0 GiB", "lets nothing in"),
        ("0.001 B", "lets nothing in"),
        ("1025 TiB", "larger than any file"),
    ],
)
def test_what_is_no_size(text: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]+$") as caught:
        parse_size(text)
    assert wrong in str(caught.value)


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 bytes"), (1023, "1023 bytes"), (3 << 29, "1.5 GiB"), (1 << 20, "1 MiB")]
)
def test_sizes_are_written_as_people_read_them(size: int, text: str) -> None:
    assert size_text(size) == text


@pytest.mark.parametrize("size", [-1, 1 << 63, 10**400, 10**5000, -(10**5000)], ids=int.bit_length)
def test_a_size_that_nothing_has_is_told_as_such(size: int) -> None:
    assert size_text(size) == "an impossible number of bytes"


def test_days() -> None:
    assert parse_day("2027-01-31") == date(2027, 1, 31)
    assert parse_day("2028-02-29") == date(2028, 2, 29)


@pytest.mark.parametrize(
    "text",
    ["2027-02-29", "2027-1-31", "31.01.2027", "20270131", "tomorrow", "1970-01-01", "9999-12-31", "2027-W01-1", ""],
)
def test_what_is_no_day(text: str) -> None:
    with pytest.raises(ValueError, match="is no day: write year, month and day, such as 2027-01-31"):
        parse_day(text)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-20T10:00Z",
        "2026-11-20T10:00:00Z",
        "2026-11-20 11:00+01:00",
        "2026-11-20T10:00:00.000z",
        "2026-11-20t10:00Z",
    ],
)
def test_one_instant_in_its_spellings(text: str) -> None:
    assert parse_instant(text) == 1_795_168_800


def test_a_day_is_its_first_instant() -> None:
    assert parse_instant("2026-11-20") == 1_795_132_800


@pytest.mark.parametrize("text", ["2026-11-20T10:00", "2026-11-20T25:00Z", "10:00Z", "now", "2026-11-20T10Z"])
def test_what_is_no_instant(text: str) -> None:
    with pytest.raises(ValueError, match="is no instant"):
        parse_instant(text)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused_in_one_line(text: str) -> None:
    for parse in (parse_duration, parse_size, parse_day, parse_instant):
        try:
            parse(text)
        except ValueError as error:
            told = str(error)
        else:
            told = repr(text)
        assert repr(text) in told
