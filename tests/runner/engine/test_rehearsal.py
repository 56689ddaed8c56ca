"""What is rehearsed while nothing waits: it goes through, and nobody can tell afterwards that it was."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from support.installation import ordinary_command
from support.ordinary import ordinary_argv
from support.user import User, ordinary_user

_REHEARSED = """
import os, signal
from jhansi_runner.runner.engine.rehearsal import rehearse
from jhansi_runner.runner.relay import Signals
def held():
    names = [name for name in os.listdir("/proc/self/fd") if os.path.lexists(f"/proc/self/fd/{name}")]
    return names, [signal.getsignal(number) for number in signal.valid_signals()], os.getcwd(), dict(os.environ)
before = held()
rehearse(os.environ)
assert held() == before, (before, held())
"""


def _files(user: User) -> dict[str, tuple[int, int, int]]:
    found = {str(path): path.lstat() for path in Path(user.root).rglob("*")}
    return {path: (one.st_ino, one.st_size, one.st_mtime_ns) for path, one in found.items()}


def _rehearse(user: User) -> subprocess.CompletedProcess[str]:
    argv = [f"{os.path.dirname(ordinary_command())}/python", "-I", "-B", "-c", _REHEARSED]
    return subprocess.run(
        ordinary_argv(argv), env=user.env, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True
    )


@pytest.mark.parametrize("policy", [True, False])
def test_all_of_it_goes_through_and_leaves_nothing(user: User, *, policy: bool) -> None:
    assert user.python("").returncode == 0
    if not policy:
        (user.state / "policy.yaml").unlink()
    before = _files(user)
    done = _rehearse(user)
    assert (done.returncode, done.stderr) == (0, "")
    assert _files(user) == before


def test_in_a_home_where_nothing_was_run_yet_nothing_is_made() -> None:
    with ordinary_user() as user:
        before = _files(user)
        assert "there is no folder" in _rehearse(user).stderr
        assert _files(user) == before
