"""Durations, sizes and days as people write them in a policy."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

_SECONDS = {"minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}
_BYTES = {
    "B": 1,
    "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
    "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
}  # fmt: skip
_DURATION = re.compile(r"([0-9]{1,9}) ?([a-z]+?)s?")
_SIZE = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,3})?) ?([A-Za-z]+)")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?([Zz]|[+-][0-9:]{4,5})"
)

LONGEST = 3_650 * _SECONDS["day"]
"""Seconds; a longer age is a typing mistake."""
LARGEST = 1 << 50
"""Bytes; likewise."""
_BEYOND = 1 << 63
"""Bytes that nothing has, nor can be said in the units below."""


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


def parse_size(text: str) -> int:
    """Read a size such as `2 GiB` or `500 MB` as bytes. Raises ValueError."""
    match = _SIZE.fullmatch(text)
    if not match or match[2] not in _BYTES:
        raise ValueError(f"{text!r} is no size: write a number and KiB, MiB, GiB, kB, MB or GB, such as 2 GiB")
    whole, _, part = match[1].partition(".")
    size: int = int(whole + part) * _BYTES[match[2]] // 10 ** len(part)
    if size == 0:
        raise ValueError(f"{text!r} lets nothing in: leave the key out, or write default: deny")
    if size > LARGEST:
        raise ValueError(f"{text!r} is larger than any file: is that meant?")
    return size


def size_text(size: int) -> str:
    """Write bytes as people read them, such as `2.5 GiB`."""
    if not 0 <= size < _BEYOND:
        return "an impossible number of bytes"
    for unit in ("TiB", "GiB", "MiB", "KiB"):
        if size >= _BYTES[unit]:
            return f"{size / _BYTES[unit]:.4g} {unit}"
    return f"{size} bytes"


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
