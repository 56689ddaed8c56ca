"""Semantic versions, as npm and as Go write and order them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

Identifier = tuple[int, int, str]
Release = tuple[int, int, int]

LARGEST = 2**53 - 1
"""The largest number that npm takes in a version."""
_LONGEST = 256
_NUMBER = "(0|[1-9][0-9]*)"
_WORD = "(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
TAIL = rf"(?:-({_WORD}(?:\.{_WORD})*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
"""What may follow the three numbers; its group is the pre-release."""
_FULL = re.compile(rf"v?{_NUMBER}\.{_NUMBER}\.{_NUMBER}{TAIL}")
_SHORT = re.compile(rf"v{_NUMBER}(?:\.{_NUMBER})?()()")


@dataclass(frozen=True, slots=True)
class SemVer:
    """One version. Equal means spelled alike; the order knows nothing of build metadata (`1.0.0+a`, `1.0.0+b`).

    `order` is what the order compares: the three numbers, whether it is a release, the pre-release's identifiers.

    Source: Semantic Versioning 2.0.0, section 11.
    """

    text: str
    order: tuple[Release, bool, tuple[Identifier, ...]] = field(compare=False, repr=False)

    def __lt__(self, other: SemVer) -> bool:
        return self.order < other.order

    @property
    def release(self) -> Release:
        """Major, minor and patch."""
        return self.order[0]

    @property
    def is_prerelease(self) -> bool:
        """Whether something follows the three numbers, as in `1.0.0-rc.1`."""
        return not self.order[1]


def semver(release: Release, prerelease: str = "", text: str = "") -> SemVer:
    """Build a version of its parts; `prerelease` is such as `rc.1`, "" for a release."""
    words = tuple((0, int(word), "") if word.isdecimal() else (1, 0, word) for word in prerelease.split(".") if word)
    if not text:
        text = ".".join(map(str, release)) + (f"-{prerelease}" if prerelease else "")
    return SemVer(text, (release, not words, words))


def parse_npm(text: str) -> SemVer | None:
    """Read a version as npm does when it is strict; None if it is none. Source: node-semver, `SemVer`."""
    version = _parse(_FULL, text)
    return version if version and max(version.release) <= LARGEST else None


def parse_golang(text: str) -> SemVer | None:
    """Read the version of a module, such as `v1.2.3`; None if it is none, as `v1` or a branch.

    Source: Go modules reference, "Versions"; golang.org/x/mod/semver.
    """
    return _parse(_FULL, text) if text.startswith("v") else None


def parse_short_golang(text: str) -> SemVer | None:
    """Read a version of Go which may be short: `v1` and `v1.2` stand for `v1.0.0` and `v1.2.0`."""
    return parse_golang(text) or _parse(_SHORT, text)


def _parse(grammar: re.Pattern[str], text: str) -> SemVer | None:
    found = grammar.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        return None
    major, minor, patch, prerelease = found.groups()
    return semver((int(major), int(minor or 0), int(patch or 0)), prerelease or "", text)
