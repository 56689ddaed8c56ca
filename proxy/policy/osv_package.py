"""Which versions of one package its advisories affect.

The bounds of all ranges are put in order once. A version is looked up among them, and versions between the same two
bounds have the same answer: 10,000 versions are judged while a client waits.

Source: Open Source Vulnerability format 1.7, "Evaluation".
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cmp_to_key

from jhansi_runner.proxy.policy.advice import Advisory
from jhansi_runner.proxy.policy.osv_entry import Range
from jhansi_runner.proxy.policy.osv_spans import Span, read, spans_of
from jhansi_runner.proxy.versions.interface import Ordered, rank

_NO_CELL = -1
_NONE: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Affected:
    """One advisory about one package, with its other names, and what it affects as in osv_entry.Entry."""

    advisory: Advisory
    aliases: tuple[str, ...]
    ranges: tuple[Range, ...]
    versions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """An advisory that affects a version, by all its names."""

    advisory: Advisory
    names: frozenset[str]


_Reach = tuple[int, range, Hit]
"""Which advisory affects which cells, and how that is told."""


class PackageAdvisories:
    """The advisories about one package, malware first."""

    def __init__(self, purl_type: str, found: Iterable[Affected]) -> None:
        self._type = purl_type
        known = sorted(found, key=lambda one: (not one.advisory.malware, one.advisory.id))
        spans = [(number, one, span) for number, one in enumerate(known) for span in _spans(purl_type, one)]
        self._bounds = _in_order(bound for _, _, span in spans for bound in (span.start, span.end) if bound is not None)
        self._reach = [(number, self._cells(span), _hit(one, span.fixed)) for number, one, span in spans]
        self._listing = [_hit(one, "") for one in known]
        listed: dict[object, set[int]] = {}
        for number, one in enumerate(known):
            for version in one.versions:
                listed.setdefault(_same(purl_type, version, read(purl_type, version)), set()).add(number)
        self._listed = {version: frozenset(numbers) for version, numbers in listed.items()}
        self._answers: dict[tuple[int, frozenset[int]], tuple[Hit, ...]] = {}
        self.weight = 1 + len(self._reach) + len(self._listed)
        """How much there is to remember of it."""

    def affecting(self, version: str | None) -> tuple[Hit, ...]:
        """Those that affect a version, without one those that affect every version; each once.

        A text that is no version of the registry is affected by every range.
        """
        if not self._listing:
            return ()
        if version is None:
            every = range(2 * len(self._bounds) + 1)
            return self._hits((one for one in self._reach if one[1] == every), _NONE)
        known = read(self._type, version)
        cell = _NO_CELL if known is None else self._cell(known)
        listed = self._listed.get(_same(self._type, version, known), _NONE) if self._listed else _NONE
        answer = self._answers.get((cell, listed))
        if answer is None:
            reached = (one for one in self._reach if cell == _NO_CELL or cell in one[1])
            answer = self._answers[cell, listed] = self._hits(reached, listed)
        return answer

    def _cell(self, version: Ordered) -> int:
        """Cells are numbered in the order of versions: before the first bound, at it, before the second, and so on."""
        found = bisect_left(self._bounds, version)
        at_bound = found < len(self._bounds) and not version < self._bounds[found]
        return 2 * found + at_bound

    def _cells(self, span: Span) -> range:
        start = 0 if span.start is None else self._cell(span.start)
        return range(start, 2 * len(self._bounds) + 1 if span.end is None else self._cell(span.end) + span.last)

    def _hits(self, reached: Iterable[_Reach], listed: Iterable[int]) -> tuple[Hit, ...]:
        found = {number: self._listing[number] for number in listed}
        found.update((number, hit) for number, _, hit in reached)
        hits: dict[str, Hit] = {}  # a record can have several items about a package
        for number in sorted(found):
            hits.setdefault(found[number].advisory.id, found[number])
        return tuple(hits.values())


def _hit(one: Affected, fixed: str) -> Hit:
    advisory = one.advisory
    if fixed:
        summary = "; ".join(filter(None, [advisory.summary, f"fixed in {fixed}"]))
        advisory = replace(advisory, summary=summary)
    return Hit(advisory, frozenset([advisory.id, *one.aliases]))


def _same(purl_type: str, text: str, version: Ordered | None) -> object:
    """What is one for all texts that the registry takes for one version."""
    match purl_type:
        case "pypi":
            return text if version is None else version
        case "npm" | "golang":  # build metadata tells no two versions apart
            return text.removeprefix("v").partition("+")[0]
        case _:
            return text


def _spans(purl_type: str, one: Affected) -> Iterator[Span]:
    if not one.ranges and not one.versions:
        yield Span(None, None, False, "")
    for events in one.ranges:
        yield from spans_of(purl_type, events)


def _in_order(bounds: Iterable[Ordered]) -> list[Ordered]:
    ordered: list[Ordered] = []
    for bound in sorted(set(bounds), key=cmp_to_key(rank)):
        if not ordered or rank(ordered[-1], bound):
            ordered.append(bound)
    return ordered
