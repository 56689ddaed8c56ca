"""When bubblewrap cannot do its work: the cause, and what mends it. There is never a run without the sandbox."""

from __future__ import annotations

import os

from jhansi_runner.runner.errors import RunnerError
from jhansi_runner.runner.host_diagnosis import diagnose
from jhansi_runner.runner.host_remedies import as_typed


def explain(bwrap: str | None, words: str, *, shown: bool = False) -> RunnerError:
    """The error for a sandbox that could not be made; `words` are what was said on stderr.

    `shown` tells that the user has seen them there already: then they are not said again below.
    """
    problem = diagnose(words, bwrap)
    lines = [] if shown else words.strip().splitlines()[-3:]
    said = tuple(line for line in lines if line and line.removeprefix("bwrap: ") not in problem.cause)
    return RunnerError(
        f"no sandbox, so nothing was run: {problem.cause}", lines=(as_typed(problem.remedy, os.getuid()), *said)
    )
