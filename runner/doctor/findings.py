"""What the doctor finds: one value for each thing that it looked at, with what it means and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

YOU, ADMINISTRATOR = "you", "administrator"
"""Who can do what mends it."""


class State(StrEnum):
    """How it stands: well, could be better, stops or weakens runs, or nothing can be said."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"
    UNTRIED = "could-not-try"


@dataclass(frozen=True, slots=True)
class Topic:
    """What a code is about: the group that it is shown in, what is looked at, and what it means when that is wrong."""

    group: str
    looks_at: str
    meaning: str


HOST, SANDBOX, ISOLATION, TOOLS, STATE = "host", "sandbox", "isolation", "tools", "state"
GROUPS = (HOST, SANDBOX, ISOLATION, TOOLS, STATE)


@dataclass(frozen=True, slots=True)
class Finding:
    """`code` is stable, `summary` one sentence of what was found. `remedy` are lines, commands among them indented.

    `who` can do that: "you", "administrator", or "" for nobody in particular. `meaning` is what it means where that is
    not what its topic says, "" where it is.
    """

    code: str
    state: State
    summary: str
    remedy: tuple[str, ...] = ()
    who: str = ""
    meaning: str = ""


def well(code: str, summary: str) -> Finding:
    """All is well."""
    return Finding(code, State.OK, summary)


def untried(code: str, summary: str) -> Finding:
    """Nothing can be said."""
    return Finding(code, State.UNTRIED, summary)


def warning(code: str, summary: str, remedy: Sequence[str] = (), who: str = YOU, meaning: str = "") -> Finding:
    """It could be better."""
    return Finding(code, State.WARNING, summary, tuple(remedy), who if remedy else "", meaning)


def fault(code: str, summary: str, remedy: Sequence[str] = (), who: str = YOU) -> Finding:
    """It stops or weakens runs."""
    return Finding(code, State.FAULT, summary, tuple(remedy), who if remedy else "")


def worst(findings: Sequence[Finding]) -> State:
    """The worst state among them; what could not be tried is no worse than what is well."""
    states = {finding.state for finding in findings}
    return next((state for state in (State.FAULT, State.WARNING) if state in states), State.OK)
