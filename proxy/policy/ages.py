"""How old a release is: the registry's date where it asserts one, else when this cache first saw the content."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from jhansi_runner.proxy.policy.model import MinimumAge
from jhansi_runner.proxy.policy.release import Release

_DAY, _HOUR, _MINUTE = 86_400, 3_600, 60


def too_young(limit: MinimumAge, release: Release, now: float) -> tuple[str, float | None] | None:
    """Tell why a release is too young, and when it will not be; None when it is old enough.

    All times are in seconds since the epoch. A date that is missing, or lies in the future, or before the epoch as
    some mirrors send for "no date", is no date. Without any date a release is too young: doubt means no.
    """
    published = release.published
    if published is not None and 0 < published <= now:
        return None if published + limit.seconds <= now else _wait("it was published", published, limit, release, now)
    seen = release.seen
    if seen is not None and 0 < seen <= now:
        if seen + limit.seconds <= now:
            return None
        return _wait(f"{_no_date(published)}this cache first saw it", seen, limit, release, now)
    rule = f"minimum_age for {release.coordinate.type} is {limit.text}"
    return f"{_no_date(published)}its age is not known, and {rule}", None


def _wait(event: str, since: float, limit: MinimumAge, release: Release, now: float) -> tuple[str, float]:
    until = since + limit.seconds
    rule = f"minimum_age for {release.coordinate.type} is {limit.text}"
    return f"{event} {stamp(since)}, {_ago(now - since)} ago, and {rule}; allowed from {stamp(until, up=True)}", until


def stamp(moment: float, *, up: bool = False) -> str:
    """Write an instant as people read it, in UTC, to the minute: the one that has begun, or the next one (`up`)."""
    try:
        minutes = math.ceil(moment / _MINUTE) if up else math.floor(moment / _MINUTE)
        return datetime.fromtimestamp(minutes * _MINUTE, UTC).isoformat()[:16] + "Z"
    except (OverflowError, ValueError, OSError):
        return "a date beyond the calendar"


def _no_date(published: float | None) -> str:
    if published is None:
        return ""
    if published > 0:
        return f"its date of publication, {stamp(published)}, is in the future and does not count; "
    return "its date of publication is none that counts; "


def _ago(seconds: float) -> str:
    for unit, name in ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute")):
        if seconds >= unit:
            count = int(seconds // unit)
            return f"{count} {name}{'' if count == 1 else 's'}"
    return "less than a minute"
