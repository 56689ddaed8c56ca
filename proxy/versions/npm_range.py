"""Ranges of npm, such as `^1.2.3`, `1.x`, `>=1 <2 || 3.*` or `1.0.0 - 1.4`.

Each is read twice. Narrowly, as npm does: a pre-release is in the range only if a comparison names a pre-release of
the same three numbers. Widely, for deny rules: a pre-release is a version like any other, and `<2` is whatever comes
before 2.0.0, so also 2.0.0-rc.1. What stands for every version without saying so (`1.x ||`, `>=*`) is refused.

Source: node-semver, README "Ranges" and `classes/range.js`; docs/adr/0003-policy.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from jhansi_runner.proxy.versions.comparisons import Comparison, OneVersion, Together, one_holds, refuse_contradiction
from jhansi_runner.proxy.versions.semver import LARGEST, TAIL, Release, SemVer, parse_npm, semver

_EXAMPLE = '"^1.2.3", "1.x" or ">=1.2.0 <2.0.0 || 3.x"'
_NUMBER = "(0|[1-9][0-9]{0,15}|[xX*])"
_PARTIAL = rf"v?{_NUMBER}(?:\.{_NUMBER}(?:\.{_NUMBER}{TAIL})?)?"
_PART = re.compile(rf"(<=|>=|<|>|=|\^|~>?|)\s*{_PARTIAL}(?:\s+|$)")
_HYPHEN = re.compile(rf"{_PARTIAL}\s+-\s+{_PARTIAL}")
_FIRST = Comparison(">=", semver((0, 0, 0), "0"))


@dataclass(frozen=True, slots=True)
class Partial:
    """A version of which the last numbers may be left open: `1.2`, `1.2.x` and `1.2.*` are all `(1, 2)`."""

    numbers: tuple[int, ...]
    prerelease: str

    @property
    def whole(self) -> bool:
        """Whether it is one version."""
        return len(self.numbers) == 3

    def version(self, prerelease: str = "") -> SemVer:
        """The version with zeros for what is open; `prerelease` counts where something is open."""
        return semver(_release(self.numbers), self.prerelease if self.whole else prerelease)

    def following(self, place: int) -> Release:
        """The next version that is one up in the number at this place."""
        return _release((*self.numbers[:place], self.numbers[place] + 1))


@dataclass(frozen=True, slots=True)
class Narrow:
    """Comparisons that must hold at once, and the versions whose pre-releases they name."""

    together: Together
    named: tuple[Release, ...]

    def holds(self, version: SemVer) -> bool:
        """Tell whether npm puts the version into the range."""
        return (not version.is_prerelease or version.release in self.named) and one_holds([self.together], version)


@dataclass(frozen=True, slots=True)
class NpmRange:
    """A range by its alternatives, in both readings."""

    text: str
    narrow: tuple[Narrow, ...]
    wide: tuple[Together, ...]

    def contains(self, version: SemVer) -> bool:
        """As `VersionRange.contains`."""
        return any(one.holds(version) for one in self.narrow)

    def touches(self, version: SemVer) -> bool:
        """As `VersionRange.touches`."""
        return one_holds(self.wide, version)


def parse_npm_range(text: str) -> NpmRange:
    """Read a range. Raises ValueError with what is wrong."""
    alternatives = [" ".join(one.split()) for one in text.split("||")]
    if not any(alternatives):
        raise ValueError(f"the range is empty: write such as {_EXAMPLE}")
    if not all(alternatives):
        raise ValueError(f"{text!r}: nothing beside || would mean every version")
    read = [list(_parts(one)) for one in alternatives]
    wide = tuple(tuple(one for part in parts for one in _compare(*part, wide=True)) for parts in read)
    for together in wide:
        refuse_contradiction((_FIRST, *together))
    return NpmRange(" || ".join(alternatives), tuple(map(_narrow, read)), wide)


def exact_npm(version: str) -> OneVersion:
    """Read the version of a pattern. Raises ValueError."""
    parsed = None if version.startswith("v") else parse_npm(version)
    if parsed is None:
        raise ValueError(f"{version!r} is no version of npm: write such as 1.2.3")
    return OneVersion(version, parsed)


def _parts(text: str) -> Iterator[tuple[str, Partial]]:
    hyphen = _HYPHEN.fullmatch(text)
    if hyphen:
        yield ">=", _partial(text, hyphen.groups()[:4])
        yield "<=", _partial(text, hyphen.groups()[4:])
        return
    place = 0
    while place < len(text):
        found = _PART.match(text, place)
        if not found:
            raise ValueError(f"{text!r} is no range of npm: {_hint(text)}")
        operator, *rest = found.groups()
        yield operator, _partial(text, rest)
        place = found.end()


def _hint(text: str) -> str:
    if "," in text:
        return "write a space, not a comma, between comparisons that must both hold"
    if "!=" in text:
        return 'there is no !=: write such as "<1.5.0 || >1.5.0"'
    if "==" in text:
        return "write a single ="
    return f"write such as {_EXAMPLE}"


def _partial(text: str, written: Sequence[str | None]) -> Partial:
    given = [one for one in written[:3] if one]
    numbers = [int(one) for one in takewhile(str.isdecimal, given)]
    prerelease = written[3] or ""
    if not numbers:
        raise ValueError(f"{text!r}: leave `versions` out to speak about every version")
    if any(map(str.isdecimal, given[len(numbers) :])) or (prerelease and len(numbers) < 3):
        raise ValueError(f"{text!r}: nothing can follow x or *")
    if max(numbers) > LARGEST:
        raise ValueError(f"{text!r}: a number is too large")
    return Partial(tuple(numbers), prerelease)


def _narrow(parts: list[tuple[str, Partial]]) -> Narrow:
    together = tuple(one for part in parts for one in _compare(*part, wide=False))
    return Narrow(together, tuple(_release(partial.numbers) for _, partial in parts if partial.prerelease))


def _compare(operator: str, partial: Partial, *, wide: bool) -> list[Comparison]:
    """Say one part in plain comparisons. Widely, what is left open begins with its first pre-release."""
    first = "0" if wide else ""
    low, last = Comparison(">=", partial.version(first)), len(partial.numbers) - 1
    match operator:
        case "^":
            return [
                low,
                _before(partial, next((place for place, number in enumerate(partial.numbers) if number), last)),
            ]
        case "~" | "~>":
            return [low, _before(partial, min(last, 1))]
        case _ if partial.whole:
            return [Comparison("==" if operator in ("", "=") else operator, partial.version())]
        case "<":
            return [Comparison("<", partial.version("" if wide else "0"))]
        case "<=":
            return [_before(partial, last)]
        case ">":
            return [Comparison(">=", semver(partial.following(last), first))]
        case ">=":
            return [low]
    return [low, _before(partial, last)]


def _before(partial: Partial, place: int) -> Comparison:
    """Before the first pre-release of the next version."""
    return Comparison("<", semver(partial.following(place), "0"))


def _release(numbers: tuple[int, ...]) -> Release:
    major, minor, patch = (*numbers, 0, 0, 0)[:3]
    return major, minor, patch
