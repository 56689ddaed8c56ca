"""What package managers say they did not find: package and range, from the words that they print.

An index tells a client which versions there are, and only the client knows which one it wanted. The words may come from
hostile code too: they are compared with what was really asked for, and prove nothing by themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jhansi_runner.proxy.coordinate import Coordinate, npm, pypi

_MOST, _MOST_TEXT = 200, 1 << 17
_NODE = r"(?P<name>(?:@[A-Za-z0-9._-]{1,214}/)?[A-Za-z0-9._-]{1,214})"
_PYTHON = r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?)(?:\[[^\]\n]{0,200}\])?"
_RANGE = r"(?P<range>[^\n\"']{0,200}?)"
_PEP_440 = r"(?P<range>(?:(?:[<>=!~]=?=?) ?[A-Za-z0-9.*+_-]{1,60},? ?)*)"


@dataclass(frozen=True, slots=True)
class Unmet:
    """A package that was wanted. `specifier` is a range or version in its registry's notation, "" for any.

    `sure` tells that the client said that nothing fits; else it only said that something needs it.
    """

    package: Coordinate
    specifier: str
    sure: bool


# Source: the sources of npm 9 to 11, pnpm 10, Yarn 1 and 4; of pip 23 to 25; of uv 0.5 to 0.13.
_SAID = tuple(
    (mark, re.compile(text), kind, sure)
    for mark, text, kind, sure in (
        ("No matching version found", rf"found for {_NODE}@{_RANGE}(?: while fetching|\.?$)", npm, True),
        ("due to policy violations", rf"Could not download {_NODE}@{_RANGE} due to", npm, True),
        ("could not be found", rf"requested resource '{_NODE}@{_RANGE}' could", npm, True),
        ("find any versions for", rf"find any versions for \"{_NODE}\" that matches \"{_RANGE}\"", npm, True),
        ("No valid versions found", rf"found for \"{_NODE}\"(?P<range>)", npm, True),
        ("Couldn't find package", rf"find package \"{_NODE}@{_RANGE}\"", npm, True),
        ("No candidates found", rf"(?:^| ){_NODE}@npm:{_RANGE}: No candidates", npm, True),
        ("No matching distribution", rf"distribution found for {_PYTHON}{_PEP_440}", pypi, True),
        ("there ", rf"there (?:is no version|are no versions) of {_PYTHON}{_PEP_440}", pypi, True),
        (" wheels", rf"(?:^| ){_PYTHON}{_PEP_440} has no (?:[a-z]+ ){{0,2}}wheels", pypi, True),
        ("was not found in the", rf"(?:^| ){_PYTHON}(?P<range>) was not found in the (?:package|cache)", pypi, True),
        (" depend", rf" depends? on {_PYTHON}{_PEP_440}", pypi, False),
        (" require", rf" requires? {_PYTHON}{_PEP_440}", pypi, False),
    )
)
_LONGEST = 2_000
"""Characters of a line that is read: the time that patterns take must not grow with what hostile code prints."""


def unmet(words: str) -> Sequence[Unmet]:
    """What is said to be wanted and not there, each once, the sure ones first."""
    found = dict.fromkeys(_found(words[-_MOST_TEXT:]))
    return tuple(sorted(found, key=lambda one: not one.sure))[:_MOST]


def _found(words: str) -> Iterator[Unmet]:
    for line in re.sub(r"\x1b\[[0-9;]{0,20}m", "", words).splitlines():
        if len(line) > _LONGEST:
            continue
        for mark, pattern, kind, sure in _SAID:
            for match in pattern.finditer(line) if mark in line else ():
                specifier = match["range"].strip().rstrip(",").strip()
                anything = specifier in ("*", "latest") or "://" in specifier
                yield Unmet(kind(match["name"]), "" if anything else specifier, sure)
