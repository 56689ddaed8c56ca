"""Errors that end a command of ours, each a sentence with what, where and what next, and its exit code.

A program that fails is not an error: it is an outcome. Light: a warm `exec` imports this module.
"""

from __future__ import annotations

TIMED_OUT, FAILED, REFUSED, NOTHING_TO_RUN = 124, 125, 126, 127

NOT_STARTED, NO_DOORWAY, KILLED = "it could not be started: ", "no doorway: ", "it was killed by signal "
NO_HANDLE = "it could not be killed in time: "
"""How our own words about bubblewrap begin, where it said none."""
SIGSYS = 31
"""What a system-call filter kills with, on every machine that we have one for."""


class RunnerError(Exception):
    """We could not do what was asked. `code` is the exit code, `lines` explain further."""

    def __init__(self, message: str, *, code: int = FAILED, lines: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.lines = lines
