"""A journal of runs for tests: written as runs write it, without running anything."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jhansi_runner.runner.evidence.chain import Report, verify
from jhansi_runner.runner.evidence.reading import snapshot
from jhansi_runner.runner.journal import BEGIN, END, Journal


def begin(
    journal: Journal, run: str, *, workspace: str = "/work", program: str = "main.py", alive: bool = False
) -> int:
    """The first line of a run."""
    fields = [
        ("run", [run]),
        ("sandbox", ["box"]),
        ("workspace", [workspace]),
        ("kind", ["file"]),
        ("program", [program]),
        ("arguments", ["2"]),
        ("began", ["1795845373.196"]),
        ("policy", ["ab" * 32]),
        ("host", ["vm"]),
    ]
    return journal.append(BEGIN, fields, alive=alive)


def end(journal: Journal, run: str, code: int = 0, more: Sequence[tuple[str, Sequence[str]]] = ()) -> int:
    """The last line of a run."""
    return journal.append(END, [("run", [run]), ("code", [str(code)]), ("ms", ["12"]), ("language", ["python"]), *more])


def write_runs(folder: Path, count: int) -> None:
    """A journal of so many runs, named r0, r1 and so on."""
    journal = Journal(str(folder))
    for number in range(count):
        begin(journal, f"r{number}")
        end(journal, f"r{number}")
    journal.close()


def check(folder: Path) -> Report:
    """What `runs verify` finds."""
    return verify(*snapshot(str(folder)))


def kinds(folder: Path) -> list[tuple[str, int]]:
    """Kind and line of every problem."""
    return [(problem.kind, problem.line) for problem in check(folder).problems]
