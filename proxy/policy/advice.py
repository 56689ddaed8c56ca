"""What is asked of a collection of advisories, whatever it is read from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from jhansi_runner.proxy.coordinate import Coordinate


@dataclass(frozen=True, slots=True)
class Advisory:
    """One advisory about a version. `malware` tells that the package itself is hostile; `severity` is for people."""

    id: str
    summary: str
    malware: bool
    severity: str = ""


class AdvisoriesUnreadable(Exception):
    """The advisories that a policy asks for cannot be read in full, so nothing can be shown to be free of them."""


class Advisories(Protocol):
    """Advisories by package."""

    def about(self, coordinate: Coordinate) -> Sequence[Advisory]:
        """Those that affect this version; without a version, those that affect every one.

        Raises AdvisoriesUnreadable.
        """
