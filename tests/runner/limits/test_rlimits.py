"""Limits of processes are set from outside, on a process that has not begun, and never widen what there was."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterator

import pytest

from jhansi_runner.runner.limits.model import CPUS, DISK, PROCESSES, Limit, Limits
from jhansi_runner.runner.limits.rlimits import apply, chosen, wanted

NONE = Limits({})


@pytest.fixture
def process() -> Iterator[int]:
    sleeper = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield sleeper.pid
    sleeper.kill()
    sleeper.wait()


def test_no_program_leaves_its_memory_to_a_program_of_the_host() -> None:
    assert wanted(NONE, by_namespace=True, open_files=1024) == [(resource.RLIMIT_CORE, 1)]


@pytest.mark.parametrize("files", [1 << 20, resource.RLIM_INFINITY])
def test_nobody_may_open_more_files_than_any_program_needs(files: int) -> None:
    assert (resource.RLIMIT_NOFILE, 16384) in wanted(NONE, by_namespace=True, open_files=files)


def test_processes_are_limited_where_they_are_counted_by_namespace() -> None:
    limits = Limits({PROCESSES: Limit(10)})
    assert (resource.RLIMIT_NPROC, 11) in wanted(limits, by_namespace=True, open_files=1024)
    assert resource.RLIMIT_NPROC not in dict(wanted(limits, by_namespace=False, open_files=1024))


def test_a_process_has_them_and_keeps_what_is_stricter(process: int) -> None:
    resource.prlimit(process, resource.RLIMIT_FSIZE, (4096, 4096))
    resource.prlimit(process, resource.RLIMIT_NOFILE, (256, 1024))
    apply(Limits({DISK: Limit(1 << 20), PROCESSES: Limit(5), CPUS: Limit(1)}), process, by_namespace=False)
    assert resource.prlimit(process, resource.RLIMIT_FSIZE) == (4096, 4096)
    assert resource.prlimit(process, resource.RLIMIT_NOFILE) == (256, 1024)
    assert resource.prlimit(process, resource.RLIMIT_CORE)[1] <= 1
    assert len(os.sched_getaffinity(process)) == 1


def test_a_process_that_is_gone_cannot_be_held() -> None:
    with pytest.raises(OSError, match="No such process"):
        apply(NONE, 1 << 22, by_namespace=True)


@pytest.mark.parametrize(
    ("cpus", "number", "taken"),
    [(0.1, 0, [0]), (1, 1, [2]), (1.5, 2, [5, 7]), (2, 3, [7, 0]), (4, 1, [2, 5, 7, 0]), (99, 0, [0, 2, 5, 7])],
)
def test_cpus_are_rounded_up_and_not_all_runs_take_the_same(cpus: float, number: int, taken: list[int]) -> None:
    assert chosen({0, 2, 5, 7}, cpus, number) == taken
