"""A registry and a mirror in front of it, for claims that hold for each registry."""

from __future__ import annotations

from collections.abc import Callable

from support.cases import CASES, Case
from support.mirror import Got, Mirror

DATED = [case for case in CASES if case.dated]
"""Those registries that assert a date."""
Start = Callable[..., "Pair"]


class Pair:
    """A registry with three versions of `demo`, and a mirror in front of it."""

    def __init__(self, case: Case, mirror: Mirror, content: dict[str, bytes]) -> None:
        self.case, self.mirror, self.content = case, mirror, content

    def listing(self, **more: str) -> Got:
        """Ask for the listing of `demo`."""
        return self.mirror.get(self.case.listing, **{"Accept": self.case.accept, **more})

    def file(self, version: str, method: str = "GET", **more: str) -> Got:
        """Ask for the file of a version."""
        return self.mirror.get(self.case.file(version), method, **more)
