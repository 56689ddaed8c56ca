"""The seam between the engine, which runs, and the core, which knows: what is to be run, and what is told of it.

Source: ADR 16.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from jhansi_runner.runner.sandboxes.model import LOCAL, Program

RUN_PREFIX = "run_"
"""What the id of a run begins with; the 16 digits behind it are the journal's."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One run that is wanted. `run` and `sandbox` are ids, `work` is the folder of the sandbox's files.

    `language`, `limits` (options of `exec`, such as memory: 1GiB) and `policy` (a text that narrows, "" for none) are
    the sandbox's. `hold` gives a descriptor that keeps the sandbox busy until all its copies are closed, None while
    somebody else keeps it so; it raises OSError where the sandbox is gone.
    """

    run: str
    sandbox: str
    work: str
    program: Program
    hold: Callable[[], int | None]
    owner: str = LOCAL
    language: str = ""
    limits: Mapping[str, str] = field(default_factory=dict)
    policy: str = ""


@dataclass(frozen=True, slots=True)
class End:
    """How a run ended. `state` is DONE or CANCELLED; `outcome` is what `exec --json` prints, with `state`."""

    run: str
    state: str
    outcome: Mapping[str, object]

    @property
    def exit_code(self) -> int:
        """The exit code, as `exec` has it."""
        return int(str(self.outcome["exit_code"]))

    @property
    def timed_out(self) -> bool:
        """Whether the program was ended by its time."""
        return bool(self.outcome.get("timed_out"))

    @property
    def error(self) -> str:
        """Why nothing was run, or what went wrong beside the program; "" for nothing."""
        return str(self.outcome.get("error", ""))


class Told(Protocol):
    """Who is told of runs, in the thread of the event loop; what takes long is not done there.

    After `ended` nothing more is told of a run, its sandbox is free, and its last event can be read.
    """

    def started(self, run: str) -> None:
        """A run's turn has come."""

    def ended(self, end: End) -> None:
        """A run has ended, whether it was ever started or not."""
