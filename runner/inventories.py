"""What an installer left, by language: whether it is what was locked, and what the mirror verified."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from jhansi_runner.resolvers.resolver import Locked
from jhansi_runner.runner import inventory as python
from jhansi_runner.runner import inventory_golang as golang
from jhansi_runner.runner import inventory_java as java
from jhansi_runner.runner import inventory_node as node

_Differences = Callable[[str, Sequence[Locked], str], list[str]]
_COMPARED: dict[str, _Differences] = {
    "python": python.differences,
    "go": golang.differences,
    "node": node.differences,
    "java": java.differences,
}
_ALWAYS = ("java",)
"""Languages whose packages stay what they were, though code of theirs may run when they are fetched."""
_CHECKED: dict[str, Callable[[str, Sequence[Locked]], list[str]]] = {"python": python.check}


def is_compared(language: str) -> bool:
    """Whether an installation of this language can be compared with what the mirror verified, and so be shared."""
    return language in _COMPARED


def is_always_compared(language: str) -> bool:
    """Whether what is installed is compared even where code of packages may have run."""
    return language in _ALWAYS


def inventory(language: str, site: str, packages: Sequence[Locked], cache: str, *, built: bool) -> list[str]:
    """A sentence for each thing in `site` that is wrong. What code of packages built is compared by name alone."""
    checked = _CHECKED.get(language)
    problems = checked(site, packages) if checked else []
    compared = None if built and language not in _ALWAYS else _COMPARED.get(language)
    return problems + (compared(site, packages, cache) if compared else [])
