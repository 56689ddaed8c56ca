"""Durations, sizes and days as people write them in a policy."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

from jhansi_runner.proxy.policy.sizes import read_size

_SECONDS = {"minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}
_CLOCK = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}
_DURATION = re.compile(r"([0-9]{1,9}) ?([a-z]+?)s?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?([Zz]|[+-][0-9:]{4,5})"
)

LONGEST = 3_650 * _SECONDS["day"]
"""Seconds; a longer age is a typing mistake."""
LARGEST = 1 << 50
"""Bytes; likewise."""


def parse_duration(text: str) -> int:
    """Read a duration such as `3 days` as seconds. Raises ValueError."""
    match = _DURATION.fullmatch(text)
    if not match or match[2] not in _SECONDS:
        raise ValueError(f"{text!r} is no duration: write a number and minutes, hours, days or weeks, such as 3 days")
    seconds = int(match[1]) * _SECONDS[match[2]]
    if seconds == 0:
        raise ValueError(f"{text!r} is no time at all: leave the key out instead")
    if seconds > LONGEST:
        raise ValueError(f"{text!r} is longer than ten years: is that meant?")
    return seconds


def parse_time(text: str) -> int:
    """Read how long something may take, such as `90 seconds`, as seconds. Raises ValueError."""
    match = _DURATION.fullmatch(text)
    if not match or match[2] not in _CLOCK:
        raise ValueError(f"{text!r} is no time: write a number and seconds, minutes, hours or days, such as 1 hour")
    seconds = int(match[1]) * _CLOCK[match[2]]
    if not 0 < seconds <= LONGEST:
        raise ValueError(f"{text!r} is no time that a program can be given: leave the key out for no limit")
    return seconds


def parse_size(text: str) -> int:
    """Read a size such as `2 GiB` or `500 MB` as bytes. Raises ValueError."""
    size = read_size(text)
    if size == 0:
        raise ValueError(f"{text!r} lets nothing in: leave the key out, or write default: deny")
    if size > LARGEST:
        raise ValueError(f"{text!r} is larger than any file: is that meant?")
    return size


def parse_day(text: str) -> date:
    """Read a day such as `2027-01-31`. Raises ValueError."""
    try:
        if not _DAY.fullmatch(text):
            raise ValueError
        day = date.fromisoformat(text)
        if not 1970 < day.year < 9999:
            raise ValueError
    except ValueError:
        raise ValueError(f"{text!r} is no day: write year, month and day, such as 2027-01-31") from None
    return day


def parse_instant(text: str) -> float:
    """Read a day, its midnight in UTC, or an instant with its zone, as seconds since the epoch. Raises ValueError."""
    if _DAY.fullmatch(text):
        day = parse_day(text)
        return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
    try:
        if not _INSTANT.fullmatch(text):
            raise ValueError
        return datetime.fromisoformat(text.upper()).timestamp()
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is no instant: write it like 2026-11-20T10:00Z, or 2026-11-20") from None
