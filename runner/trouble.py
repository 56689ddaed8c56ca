"""When bubblewrap cannot do its work: the cause, and what mends it. There is never a run without the sandbox."""

from __future__ import annotations

from jhansi_runner.runner.errors import RunnerError
from jhansi_runner.runner.host_diagnosis import diagnose


def explain(bwrap: str | None, words: str) -> RunnerError:
    """The error for a sandbox that could not be made; `words` are what was said on stderr."""
    problem = diagnose(words, bwrap)
    said = tuple(line for line in words.strip().splitlines()[-3:] if line)
    return RunnerError(f"no sandbox, so nothing was run: {problem.cause}", lines=(problem.remedy, *said))
