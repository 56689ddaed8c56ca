"""Whether a program ends with its runner, when that is killed; and locks by which this is seen."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence

from jhansi_runner.runner.doctor.findings import Finding, fault, untried, well
from jhansi_runner.runner.doctor.judge import REPORT
from jhansi_runner.runner.doctor.probe_lock import held

CODE = "JH-KILLED"
_GONE_SECONDS, _BEGIN_SECONDS = 6.0, 240


def check_killed(
    inside: Sequence[str], work: str, outside: Sequence[str], apart: str, env: Mapping[str, str]
) -> Finding:
    """Kill a runner while its program runs; then a parent without a sandbox, which changes nothing for its child.

    `inside` starts the probe in the workspace `work`, `outside` starts it in the folder `apart`. Raises OSError.
    """
    if not _killed([*inside, "hold", "killed", "end-killed"], "/", env):
        return untried(CODE, "no program could be run")
    alive = not released(f"{work}/killed")
    touch(f"{work}/end-killed")
    if alive:
        return fault(CODE, "a program went on after its runner was killed", REPORT, "")
    alone = _killed([*outside, "parent", "orphan", "end-orphan"], apart, env) and held(f"{apart}/orphan")
    touch(f"{apart}/end-orphan")
    if not alone:
        return untried(CODE, "without a sandbox it ends as well")
    return well(CODE, "ended with its runner; without a sandbox it goes on")


def _killed(words: Sequence[str], folder: str, env: Mapping[str, str]) -> bool:
    """Start a command that says `held`, and kill it then; False where it never says so."""
    started = subprocess.Popen(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env, cwd=folder
    )
    assert started.stdout is not None
    with started:
        ready = select.select([started.stdout], [], [], _BEGIN_SECONDS)[0]
        begun = bool(ready) and started.stdout.readline() == b"held\n"
        started.send_signal(signal.SIGKILL)
        started.stdout.close()
    return begun


def released(path: str) -> bool:
    """Wait until nobody holds a lock; False when somebody goes on doing so. Raises OSError."""
    deadline = time.monotonic() + _GONE_SECONDS
    while held(path):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def touch(path: str) -> None:
    """Make an empty file, by which a process that waits for it ends. Raises OSError."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
