"""Ranges of an advisory as spans of versions, in the order of their registry.

What cannot be read only ever makes a span longer: a bound that is no version is none.

Source: Open Source Vulnerability format 1.7, "Evaluation".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cmp_to_key, lru_cache

from jhansi_runner.proxy.policy.osv_entry import BEGINNING, FIXED, INTRODUCED, LAST_AFFECTED, LIMIT, Range
from jhansi_runner.proxy.versions.interface import Ordered, rank
from jhansi_runner.proxy.versions.order import parse_version
from jhansi_runner.proxy.versions.semver import parse_short_golang

_ORDER = {FIXED: 0, INTRODUCED: 1, LAST_AFFECTED: 2}
"""Of events at one version: what is fixed and introduced is affected, and `last_affected` ends after the version."""
_Event = tuple[str, Ordered, str]
"""What happens, at which version, and how that is written."""
_UNLIMITED = "*"


@dataclass(frozen=True, slots=True)
class Span:
    """Versions from `start` on, None for the first one, up to `end`, None for no end; which is in it if `last`.

    `fixed` is how the advisory writes the end where that is the fix, else "".
    """

    start: Ordered | None
    end: Ordered | None
    last: bool
    fixed: str


def read(purl_type: str, text: str) -> Ordered | None:
    """Read a version of a registry, or of an advisory, which leaves the `v` of Go away and may be short."""
    if purl_type == "golang":
        return _golang(text)
    try:
        return parse_version(purl_type, text)
    except ValueError:  # a number of thousands of digits
        return None


@lru_cache(maxsize=16384)
def _golang(text: str) -> Ordered | None:
    return parse_short_golang("v" + text.removeprefix("v"))


def spans_of(purl_type: str, events: Range) -> Iterator[Span]:
    """The spans of one range, in the order of versions."""
    limit = _limit(purl_type, events)
    timeline: list[_Event] = []
    affected, begins = False, True
    for kind, text in events:
        if kind == LIMIT:
            continue
        version = None if kind == INTRODUCED and text == BEGINNING else read(purl_type, text)
        if version is not None:
            timeline.append((kind, version, text))
        affected |= kind == INTRODUCED and version is None
        begins &= kind != INTRODUCED
    affected |= begins  # nothing says where it begins
    timeline.sort(key=cmp_to_key(_compare))
    start: Ordered | None = None
    for kind, version, text in timeline:
        if kind == INTRODUCED and not affected:
            affected, start = True, version
        elif kind != INTRODUCED and affected:
            affected = False
            yield from _cut(Span(start, version, kind == LAST_AFFECTED, text if kind == FIXED else ""), limit)
    if affected:
        yield from _cut(Span(start, None, False, ""), limit)


def _compare(left: _Event, right: _Event) -> int:
    return rank(left[1], right[1]) or _ORDER[left[0]] - _ORDER[right[0]]


def _limit(purl_type: str, events: Range) -> Ordered | None:
    """The highest of the limits, None for none; a limit that cannot be read limits nothing."""
    highest: Ordered | None = None
    for kind, text in events:
        if kind == LIMIT:
            version = None if _UNLIMITED in text else read(purl_type, text)
            if version is None:
                return None
            if highest is None or rank(highest, version) < 0:
                highest = version
    return highest


def _cut(span: Span, limit: Ordered | None) -> Iterator[Span]:
    if limit is None or (span.end is not None and rank(span.end, limit) < 0):
        yield span
    elif span.start is None or rank(span.start, limit) < 0:
        yield Span(span.start, limit, False, "")
