"""What an installer left, by language: whether it is what was locked, and what the mirror verified."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from jhansi_runner.resolvers.resolver import Locked
from jhansi_runner.runner import inventory as python

_Differences = Callable[[str, Sequence[Locked], str], list[str]]
_COMPARED: dict[str, _Differences] = {"python": python.differences}
_CHECKED: dict[str, Callable[[str, Sequence[Locked]], list[str]]] = {"python": python.check}


def is_compared(language: str) -> bool:
    """Whether an installation of this language can be compared with what the mirror verified, and so be shared."""
    return language in _COMPARED


def inventory(language: str, site: str, packages: Sequence[Locked], cache: str, *, built: bool) -> list[str]:
    """A sentence for each thing in `site` that is wrong. What code of packages built is compared by name alone."""
    checked = _CHECKED.get(language)
    problems = checked(site, packages) if checked else []
    compared = None if built else _COMPARED.get(language)
    return problems + (compared(site, packages, cache) if compared else [])
