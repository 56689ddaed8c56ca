"""What is wrong with a policy file, and where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake, or one thing worth a look. `line` and `column` are 1-based."""

    source: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.source}:{self.line}:{self.column}: {self.message}"

    @property
    def warning(self) -> str:
        """The same as something that is worth a look, and no mistake."""
        return f"{self.source}:{self.line}:{self.column}: warning: {self.message}"


class PolicyError(Exception):
    """Policy files that cannot be put in force. `problems` holds every mistake, in the order of the files."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
