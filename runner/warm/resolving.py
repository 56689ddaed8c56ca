"""What is open until its own tool has resolved it, or has been run: manifests, source trees, names without a version.

Source: ADR 0015.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from jhansi_runner.runner.warm.targets import Target
from jhansi_runner.runner.warm.wants import Exact, Open


@dataclass(frozen=True, slots=True)
class Resolved:
    """What came of it: releases that are still to be fetched, sentences for people, and whether tools were run.

    What tools fetched while they ran is in the cache already.
    """

    exacts: tuple[Exact, ...] = ()
    notes: tuple[str, ...] = ()
    ran: bool = False


class Resolve(Protocol):
    """Resolves `wants`, or what the manifests and sources of the folder `path` ask for where there are none."""

    def __call__(self, path: str, wants: Sequence[Open], targets: Sequence[Target], policy: str) -> Resolved:
        """`policy` is a file, "" for the user's own. Raises RunnerError."""
