"""Comparisons in the plain order of versions, where nothing is special about pre-releases."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product

from jhansi_runner.proxy.versions.interface import Ordered, rank

_COMPARISON = re.compile(r"(<=|>=|==|!=|<|>|=|)\s*(.*)", re.DOTALL)
# One comparison each, where there is a way: an index of thousands of versions is compared while a client waits.
_HOLDS: dict[str, Callable[[Ordered, Ordered], bool]] = {
    "<": lambda version, bound: version < bound,
    "<=": lambda version, bound: not bound < version,
    "==": lambda version, bound: rank(version, bound) == 0,
    "!=": lambda version, bound: rank(version, bound) != 0,
    ">=": lambda version, bound: not version < bound,
    ">": lambda version, bound: bound < version,
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison; `operator` is one of `<`, `<=`, `==`, `!=`, `>=` and `>`."""

    operator: str
    bound: Ordered

    def holds(self, version: Ordered) -> bool:
        """Compare in the plain order."""
        return _HOLDS[self.operator](version, self.bound)


Together = tuple[Comparison, ...]
"""Comparisons that must hold at once."""


@dataclass(frozen=True, slots=True)
class PlainRange:
    """A range that is read in the plain order only: one of `alternatives` has to hold."""

    text: str
    alternatives: tuple[Together, ...]

    def contains(self, version: Ordered) -> bool:
        """As `VersionRange.contains`."""
        return one_holds(self.alternatives, version)

    def touches(self, version: Ordered) -> bool:
        """As `VersionRange.touches`."""
        return one_holds(self.alternatives, version)


@dataclass(frozen=True, slots=True)
class OneVersion:
    """The one version that a pattern names, as `pkg:npm/left-pad@1.3.0` does.

    An allow rule means this very spelling, a deny rule whatever the order takes for the same: Maven Central can hold
    1.0 and 1.0.0 as different files.
    """

    text: str
    version: Ordered

    def contains(self, version: Ordered) -> bool:
        """As `VersionRange.contains`."""
        return version == self.version

    def touches(self, version: Ordered) -> bool:
        """As `VersionRange.touches`."""
        return rank(version, self.version) == 0


def one_holds(alternatives: Iterable[Together], version: Ordered) -> bool:
    """Tell whether one of the alternatives holds in the plain order."""
    return any(all(one.holds(version) for one in together) for together in alternatives)


def split_comparisons(text: str, example: str) -> list[tuple[str, str]]:
    """Split `>=1.0, <2.0` into operators and versions. Raises ValueError, which shows the `example`."""
    if "||" in text:
        raise ValueError(f"{text!r}: write two rules instead of ||")
    found = []
    for part in filter(None, map(str.strip, text.split(","))):
        matched = _COMPARISON.match(part)
        operator, version = matched.groups() if matched else ("", part)
        if len(version.split()) > 1:
            raise ValueError(f'{text!r}: write a comma between comparisons, as in "{example}"')
        if not operator:
            raise ValueError(f'{part!r} is no comparison: write "=={part}" for one version, or such as "{example}"')
        found.append(("==" if operator == "=" else operator, version))
    if not found:
        raise ValueError(f'the range is empty: write comparisons such as "{example}"')
    return found


def refuse_contradiction(together: Sequence[Comparison]) -> None:
    """Raise ValueError if no version can meet all: a deny rule for `>2,<1` would deny nothing, unnoticed."""
    lower = [one for one in together if one.operator in (">", ">=", "==")]
    upper = [one for one in together if one.operator in ("<", "<=", "==")]
    for low, high in product(lower, upper):
        between = rank(low.bound, high.bound)
        if between > 0 or (between == 0 and not all(one.holds(low.bound) for one in (low, high, *_holes(together)))):
            raise ValueError("no version is in this range, since all its comparisons must hold at once")


def _holes(together: Sequence[Comparison]) -> list[Comparison]:
    return [one for one in together if one.operator == "!="]
