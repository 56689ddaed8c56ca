"""The folder of a stage goes with its runner: at its end, or with a later one when it was killed, whatever is in it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from jhansi_runner.runner.staging import claimed, released, sweep
from support.odd_trees import as_ordinary_user, chain
from support.ordinary import ordinary_home


@pytest.fixture
def staging() -> Iterator[str]:
    """A folder for stages, of the ordinary user's."""
    with ordinary_home("/dev/shm") as path:
        yield path


def killed_with(staging: str, mode: int, modified: float) -> None:
    """Leave what a runner leaves that is killed while a build has changed its stage like this."""
    pid = os.fork()
    if pid == 0:
        folder, _ = claimed(staging)
        descriptor = os.open(folder, os.O_RDONLY)
        chain(descriptor, 3000)
        os.mkdir(f"{folder}/closed", 0)
        os.utime(folder, (modified, modified))
        os.chmod(folder, mode)
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)


@pytest.mark.parametrize("mode", [0o000, 0o500, 0o700])
@pytest.mark.parametrize("modified", [0.0, 1e10])
def test_what_a_killed_runner_left_goes_whatever_a_build_made_of_it(staging: str, mode: int, modified: float) -> None:
    def act() -> None:
        killed_with(staging, mode, modified)
        assert len(os.listdir(staging)) == 2
        sweep(staging)

    as_ordinary_user(act)
    assert os.listdir(staging) == []


def test_a_stage_that_somebody_works_in_stays_from_its_first_moment(staging: str) -> None:
    folder, lock = claimed(staging)
    sweep(staging)
    assert os.path.isdir(folder)
    assert released(folder, lock, 10)
    assert os.listdir(staging) == []


def test_what_is_left_over_is_swept_by_the_next(staging: str) -> None:
    folder, lock = claimed(staging)
    Path(folder, "file").write_text("x")
    assert not released(folder, lock, -1)
    assert os.path.isdir(folder)
    sweep(staging, -1)
    assert os.path.isdir(folder)
    sweep(staging)
    assert os.listdir(staging) == []


def test_a_stage_is_never_taken_from_whoever_makes_it_while_others_sweep(staging: str) -> None:
    pids = []
    for _ in range(4):
        pids.append(os.fork())
        if pids[-1] == 0:
            try:
                for _ in range(100):
                    folder, lock = claimed(staging)
                    Path(folder, "file").write_text("x")
                    sweep(staging)
                    os.stat(f"{folder}/file")
                    released(folder, lock, 10)
                os._exit(0)
            except BaseException:
                os._exit(1)
    assert [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids] == [0] * 4
    sweep(staging)
    assert os.listdir(staging) == []
