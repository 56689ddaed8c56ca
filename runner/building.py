"""Making a program before it is started, where its language compiles: not on the program's time, and never in silence.

Light: a warm `exec` imports this module.
"""

from __future__ import annotations

from jhansi_runner.runner.console import Progress
from jhansi_runner.runner.inside import run_inside

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from jhansi_runner.runner.inside import Ended
    from jhansi_runner.runner.job import Job
    from jhansi_runner.runner.record import Record

_SECONDS = 3600.0
"""As long as a step of an install: what compiles may be a package's own, and a compiler can be kept busy for ever."""


def build(
    job: Job, arguments: Sequence[str], command: Sequence[str], folders: Sequence[str], record: Record | None
) -> Ended | None:
    """Run the command that makes a program, in a cell like the program's own with no way out; None when it is made.

    `folders` are those that it can write to. What it says is the user's to read, as what a program says on stderr.
    Raises RunnerError.
    """
    from jhansi_runner.runner.required_end import require_own_end

    progress = Progress(doing="compiling the program")
    ended = run_inside(
        job,
        arguments,
        command,
        limits=job.limits,
        folders=folders,
        sinks=(-1, -1) if job.options.json else (2, 2),
        keep=(None, record.err if record is not None else None),
        timeout=_SECONDS,
        tick=progress.tick,
    )
    progress.clear()
    require_own_end(ended, "the compiler", _SECONDS, left="the program was not started")
    return ended if ended.code != 0 else None
