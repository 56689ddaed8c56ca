"""Every language there is: ours, and those that other packages bring by the entry-point group."""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points

from jhansi_runner.resolvers.node.resolver import NodeResolver
from jhansi_runner.resolvers.python.resolver import PythonResolver
from jhansi_runner.resolvers.resolver import Resolver

GROUP = "jhansi_runner.resolvers"


@cache
def resolvers() -> dict[str, Resolver]:
    """The resolvers by language. One of another package comes from our own environment, and replaces none of ours.

    Source: ADR 0011.
    """
    found: dict[str, Resolver] = {}
    for one in (PythonResolver(), NodeResolver()):
        found[one.language] = one
    for point in sorted(entry_points(group=GROUP), key=lambda each: each.name):
        brought: Resolver = point.load()()
        found.setdefault(brought.language, brought)
    return found
