"""The seam of versions and ranges: what a policy knows of them, whatever the registry."""

from __future__ import annotations

from typing import Any, Protocol


class Ordered(Protocol):
    """A version. Only versions of one registry can be compared."""

    def __lt__(self, other: Any, /) -> bool:
        """Tell whether this version comes before the other in the plain order."""


class VersionRange(Protocol):
    """Versions of one package. What is asked for are versions of the registry for which the range was read."""

    @property
    def text(self) -> str:
        """The range as people read it, such as `>=1.0,<2`."""

    def contains(self, version: Any, /) -> bool:
        """Tell whether the registry's own clients put the version into the range: how an allow rule reads it."""

    def touches(self, version: Any, /) -> bool:
        """Tell whether they or the plain order of versions put it there: how a deny rule reads it.

        PEP 440 and npm keep 2.0rc1 out of `<2.0`. A rule that denies everything before a fixed version means its
        release candidates too. Source: docs/adr/0003-policy.md.
        """


def rank(one: Ordered, other: Ordered) -> int:
    """Order two versions: -1, 0 or 1."""
    return -1 if one < other else int(other < one)
