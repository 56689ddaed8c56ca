"""Ranges of Maven versions: intervals such as `[1.0,2.0)` or `(,1.0],[1.2,)`, or comparisons such as `>=1.0,<2.0`.

Both follow the plain order, as Maven does: 2.0-rc1 is in `[1.0,2.0)`, for allow and deny rules.

Source: POM reference, "Dependency Version Requirement Specification"; docs/adr/0003-policy.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from jhansi_runner.proxy.versions.comparisons import (
    Comparison,
    OneVersion,
    PlainRange,
    Together,
    refuse_contradiction,
    split_comparisons,
)
from jhansi_runner.proxy.versions.maven import MavenVersion, parse_maven

_EXAMPLE = ">=1.0,<2.0"
_INTERVAL = re.compile(r"\s*([\[(])([^\[\](),]*)(,?)([^\[\](),]*)([\])])\s*(,?)")


def parse_maven_range(text: str) -> PlainRange:
    """Read a range. Raises ValueError with what is wrong."""
    tidy = re.sub(r"\s+", "", text)
    if not tidy.startswith(("[", "(")):
        if "[" in tidy or "(" in tidy:
            raise ValueError(f"{text!r} mixes comparisons and intervals: write either {_EXAMPLE} or [1.0,2.0)")
        return PlainRange(tidy, (_comparisons(text),))
    alternatives = tuple(_intervals(tidy))
    if () in alternatives:
        raise ValueError("leave `versions` out to speak about every version")
    return PlainRange(tidy, alternatives)


def exact_maven(version: str) -> OneVersion:
    """Read the version of a pattern. Raises ValueError."""
    return OneVersion(f"[{version}]", _version(version))


def _comparisons(text: str) -> Together:
    if parse_maven(text.strip()):
        raise ValueError(f'{text!r} alone is only a wish in Maven: write "[{text}]" for one version, or "{_EXAMPLE}"')
    if text.lstrip().startswith(("^", "~")):
        raise ValueError(f'{text!r}: write an interval, such as "[1.0,2.0)", or comparisons, such as "{_EXAMPLE}"')
    parts = split_comparisons(text, _EXAMPLE)
    together = tuple(Comparison(operator, _version(version)) for operator, version in parts)
    refuse_contradiction(together)
    return together


def _intervals(text: str) -> Iterator[Together]:
    place, more = 0, True
    while more:
        found = _INTERVAL.match(text, place)
        if not found:
            raise ValueError(f'{text!r} is no range: write intervals such as "[1.0,2.0)" or "(,1.0],[1.2,)"')
        opening, low, comma, high, closing, after = found.groups()
        yield _interval(opening, low, comma, high, closing)
        place, more = found.end(), bool(after)
    if place < len(text):
        raise ValueError(f"{text!r}: write a comma between two intervals")


def _interval(opening: str, low: str, comma: str, high: str, closing: str) -> Together:
    if not comma:
        if (opening, closing) != ("[", "]"):
            raise ValueError(f"one version stands in square brackets: write [{low}{high}]")
        return (Comparison("==", _version(low + high)),)
    together = []
    if low:
        together.append(Comparison(">=" if opening == "[" else ">", _version(low)))
    if high:
        together.append(Comparison("<=" if closing == "]" else "<", _version(high)))
    refuse_contradiction(together)
    return tuple(together)


def _version(text: str) -> MavenVersion:
    found = parse_maven(text)
    if found is None:
        raise ValueError(f"{text!r} is no version in Maven: letters, digits and . _ - + ~ only")
    return found
