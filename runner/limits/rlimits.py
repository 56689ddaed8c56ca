"""Limits of processes, set from outside on the first process of a sandbox before its program begins.

Light: a warm `exec` imports this module.

Source: getrlimit(2), prlimit(2); fs/coredump.c, where a limit of 1 byte also stops a dump into a program of the host.
"""

from __future__ import annotations

import os
import resource

from jhansi_runner.runner.limits.model import CPUS, DISK, PROCESSES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from jhansi_runner.runner.limits.model import Limits

_OPEN_FILES = 16_384
_CORE_BYTES = 1
OUR_OWN = 1
"""Processes of bubblewrap's in the sandbox, which do not count as the program's."""


def wanted(limits: Limits, *, by_namespace: bool, open_files: int) -> list[tuple[int, int]]:
    """Which limits to set: resource, and value for soft and hard alike.

    `by_namespace` tells that RLIMIT_NPROC counts per sandbox here; `open_files` is the hard limit that we have.
    """
    found = [(resource.RLIMIT_CORE, _CORE_BYTES)]
    if open_files == resource.RLIM_INFINITY or open_files > _OPEN_FILES:
        found.append((resource.RLIMIT_NOFILE, _OPEN_FILES))
    processes, disk = limits.amount(PROCESSES), limits.amount(DISK)
    if processes is not None and by_namespace:
        found.append((resource.RLIMIT_NPROC, processes + OUR_OWN))
    if disk is not None:
        found.append((resource.RLIMIT_FSIZE, disk))
    return found


def apply(limits: Limits, process: int, *, by_namespace: bool) -> None:
    """Set them on a process; those that it starts inherit them. Raises OSError."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    for which, value in wanted(limits, by_namespace=by_namespace, open_files=files):
        soft, hard = resource.prlimit(process, which)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        keeps = which == resource.RLIMIT_NOFILE and 0 <= soft < value  # a low soft limit is what old programs count on
        resource.prlimit(process, which, (soft if keeps else value, value))
    cpus = limits.value(CPUS)
    if cpus is not None:
        os.sched_setaffinity(process, chosen(os.sched_getaffinity(process), cpus, process))


def chosen(available: set[int], cpus: float, number: int) -> list[int]:
    """As many of the available CPUs, rounded up; which ones depends on `number`, so that not all take the same."""
    ordered = sorted(available)
    count = min(len(ordered), max(1, int(-(-cpus // 1))))
    return [ordered[(number + each) % len(ordered)] for each in range(count)]
