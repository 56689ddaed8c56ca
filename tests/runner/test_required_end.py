"""A command that works for a program has to end by itself; else it is said who did not, and what comes of it."""

from __future__ import annotations

import signal

import pytest

from jhansi_runner.runner.errors import RunnerError
from jhansi_runner.runner.inside import Ended
from jhansi_runner.runner.limits.hold import Hold
from jhansi_runner.runner.limits.model import MEMORY, Limit, Limits
from jhansi_runner.runner.required_end import require_own_end


def ended(code: int = 0, *, late: bool = False, limit: str = "", stopped_by: int = 0) -> Ended:
    hold = Hold(Limits({MEMORY: Limit(1 << 30, "/p.yaml:7")}), "name", {})
    hold.ended_by = limit
    return Ended(code, late, b"", hold, stopped_by)


def test_whatever_its_exit_code_is() -> None:
    for code in (0, 1, 137):
        require_own_end(ended(code), "the compiler", 60.0)


@pytest.mark.parametrize(
    ("end", "code", "said", "lines"),
    [
        (ended(0, stopped_by=signal.SIGTERM), 143, "stopped; nothing was made", ()),
        (ended(137, stopped_by=signal.SIGINT, limit=MEMORY), 130, "stopped; nothing was made", ()),
        (ended(137, late=True), 125, "a.toml:3: the build did not end within 2 minutes; nothing was made", ("hurry",)),
        (
            ended(137, limit=MEMORY),
            125,
            "a.toml:3: killed: the build had more memory than the 1 GiB that it may have",
            ("/p.yaml:7 sets this; no option can raise it",),
        ),
    ],
)
def test_what_is_said_of_another_end(end: Ended, code: int, said: str, lines: tuple[str, ...]) -> None:
    with pytest.raises(RunnerError) as raised:
        require_own_end(end, "the build", 120.0, left="nothing was made", where="a.toml:3", hint="hurry")
    assert (str(raised.value), raised.value.code, raised.value.lines) == (said, code, lines)


def test_there_is_not_always_a_place_or_a_hint() -> None:
    with pytest.raises(RunnerError) as raised:
        require_own_end(ended(137, late=True), "an install step", 3600.0)
    assert str(raised.value) == "an install step did not end within 60 minutes; nothing half-done was kept"
    assert raised.value.lines == ()
