"""What is said when a command that works for a program, such as an installer or a compiler, did not end by itself."""

from __future__ import annotations

from jhansi_runner.runner.errors import RunnerError
from jhansi_runner.runner.inside import Ended
from jhansi_runner.runner.limits.words import exceeded, raised


def require_own_end(
    ended: Ended, who: str, seconds: float, *, left: str = "nothing half-done was kept", where: str = "", hint: str = ""
) -> None:
    """Whatever its exit code is, a command that had so many seconds has to have ended by itself. Raises RunnerError.

    `left` says what there is without it; `where` is what had it run, as `file:line`, `hint` what to do if it is slow.
    """
    if ended.stopped_by:
        raise RunnerError(f"stopped; {left}", code=128 + ended.stopped_by)
    place = f"{where}: " if where else ""
    if ended.timed_out:
        message = f"{place}{who} did not end within {seconds / 60:.0f} minutes; {left}"
        raise RunnerError(message, lines=(hint,) if hint else ())
    if ended.hold.ended_by:
        raise RunnerError(f"{place}{exceeded(ended.hold, who)}", lines=(raised(ended.hold, by_option=False),))
