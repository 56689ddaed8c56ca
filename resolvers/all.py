"""Every language there is: ours, and those that other packages bring by the entry-point group."""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points

from jhansi_runner.resolvers.golang.resolver import GoResolver
from jhansi_runner.resolvers.java.resolver import JavaResolver
from jhansi_runner.resolvers.node.resolver import NodeResolver
from jhansi_runner.resolvers.python.resolver import PythonResolver
from jhansi_runner.resolvers.resolver import Resolver

GROUP = "jhansi_runner.resolvers"


class BrokenResolver(Exception):
    """A package brings a language that cannot be loaded."""


@cache
def resolvers() -> dict[str, Resolver]:
    """The resolvers by language. One of another package comes from our own environment, and replaces none of ours.

    Raises BrokenResolver. Source: ADR 0011.
    """
    ours: tuple[Resolver, ...] = (PythonResolver(), NodeResolver(), GoResolver(), JavaResolver())
    found = {one.language: one for one in ours}
    for point in sorted(entry_points(group=GROUP), key=lambda each: each.name):
        try:
            brought: Resolver = point.load()()
            found.setdefault(brought.language, brought)
        except Exception as error:
            raise BrokenResolver(
                f"the language {point.name}, which {point.value} brings, cannot be loaded: {error!r}; "
                f"mend {point.dist.name if point.dist else 'that package'}, or uninstall it"
            ) from error
    return found
