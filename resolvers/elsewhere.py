"""The seam for hosts that are not this one: a cache is filled for them, and nothing of theirs runs here.

Source: ADR 0015.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from jhansi_runner.resolvers.interface import Plan
from jhansi_runner.resolvers.resolver import Locked, Step, Tools


@dataclass(frozen=True, slots=True)
class Host:
    """A host with Linux and the GNU C library: a Python such as `3.12`, a machine such as `x86_64`."""

    python: str
    machine: str

    @property
    def name(self) -> str:
        """As it is told to people."""
        return f"Python {self.python} on linux-{self.machine}"


@dataclass(frozen=True, slots=True)
class Attempt:
    """The steps to one lock, the hosts that it serves, and the files of the stage that it is made from.

    `only` says in words which of such hosts it is for, where there are several kinds.
    """

    hosts: tuple[Host, ...]
    steps: tuple[Step, ...]
    files: tuple[str, ...]
    only: str = ""


@runtime_checkable
class Elsewhere(Protocol):
    """A resolver whose packages differ from host to host, and that can resolve for others."""

    def attempts(self, plan: Plan, tools: Tools, hosts: Sequence[Host], *, build: bool) -> Sequence[Attempt]:
        """What is to be resolved, in one order whatever `build` is. `build` lets code of packages run."""

    def locked_for(self, plan: Plan, attempt: Attempt, left: Mapping[str, str]) -> Sequence[Locked]:
        """The packages that an attempt's hosts need, from the files that it left. Raises UnfitLock."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a project's own tools do with a copy of it, at `PROJECT`, and with nothing else: so all is fetched.

    `doing` says what is done, `failed` what it means when that fails; what is not `vital` may fail. `code` tells that
    code of the project runs: then it is as if a program ran that may go to the registries.
    """

    steps: tuple[Step, ...]
    doing: str
    failed: str
    vital: bool = True
    code: bool = True


@runtime_checkable
class Rehearsing(Protocol):
    """A resolver whose tools fetch more than any lock names."""

    def rehearsal(self, plan: Plan, manifest: str, tools: Tools) -> Rehearsal | None:
        """How a project is rehearsed whose `manifest` lies in its folder, "" for none; None for nothing to do."""
