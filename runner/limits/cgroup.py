"""A control group of a run's own: made, filled before the program begins, asked afterwards, removed.

Groups are named after the runner that made them, so that those of runners that were killed can be told and swept.
Light: a warm `exec` that was given a limit imports this module.

Source: cgroups(7); Documentation/admin-guide/cgroup-v2.rst; Documentation/admin-guide/cgroup-v1/{memory,pids}.rst.
"""

from __future__ import annotations

import errno
import os
import time

from jhansi_runner.runner.limits.host_groups import has_swap
from jhansi_runner.runner.limits.model import CPUS, MEMORY, PROCESSES
from jhansi_runner.runner.limits.rlimits import OUR_OWN
from jhansi_runner.runner.limits.tiers import LEGACY, MANAGER, OTHERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jhansi_runner.runner.limits.model import Limits
    from jhansi_runner.runner.limits.tiers import Offer

_PREFIX = "jhansi-"
_PERIOD = 100_000
_LEAST_QUOTA = 1000
_ROUNDS = 50
_LOOK_SECONDS = 0.25
_SETTLE_SECONDS = 0.02


class Group:
    """A group that holds processes to limits: one folder, or with version 1 one for each controller.

    `delay` is in seconds, until the next look.
    """

    __slots__ = ("_folders", "delay")

    def __init__(self, folders: Mapping[str, str]) -> None:
        self._folders = dict(folders)
        self.delay = _LOOK_SECONDS

    def add(self, process: int) -> None:
        """Move a process in, with all its threads; what it starts is in as well. Raises OSError."""
        for folder in set(self._folders.values()):
            _write(f"{folder}/cgroup.procs", str(process))

    def met(self) -> list[str]:
        """The limits that were met: memory when a process was killed for it, processes when one was refused."""
        found = []
        memory, pids = self._folders["memory"], self._folders["pids"]
        if _count(f"{memory}/memory.events", "oom_kill") or _count(f"{memory}/memory.oom_control", "oom_kill"):
            found.append(MEMORY)
        if _count(f"{pids}/pids.events", "max"):
            found.append(PROCESSES)
        return found

    def look(self) -> str:
        """`memory` when a process was killed for it, else "": version 1 leaves the others alive."""
        return MEMORY if MEMORY in self.met() else ""

    def close(self) -> None:
        """Remove it, and those that killed runners left beside it. Processes that are just ending are waited for."""
        for folder in set(self._folders.values()):
            for _ in range(_ROUNDS):
                if _gone(folder):
                    break
                time.sleep(0.002)
            _sweep(os.path.dirname(folder))


def filled(offer: Offer, limits: Limits, name: str, process: int) -> Group:
    """Make a group with a process in it. Raises OSError, and then nothing is left of it."""
    place = offer.place
    if offer.way == MANAGER:
        from jhansi_runner.runner.limits.ferry import carry

        place = carry(offer.manager, process, OTHERS, place)
    group = _settled(offer, limits, name, place)
    try:
        group.add(process)
    except OSError:
        group.close()
        raise
    return group


def _settled(offer: Offer, limits: Limits, name: str, place: str) -> Group:
    """A group in a folder that may be new: while systemd settles which controllers it has, they come and go."""
    for _ in range(_ROUNDS):
        try:
            return make(offer, limits, name, place)
        except OSError as error:
            if error.errno != errno.ENODEV:
                raise
            time.sleep(_SETTLE_SECONDS)
    return make(offer, limits, name, place)


def make(offer: Offer, limits: Limits, name: str, place: str) -> Group:
    """Make a group with limits in a folder, with nobody in it. Raises OSError, and then nothing is left of it."""
    name = f"{_PREFIX}{os.getpid()}-{name}"
    if offer.way == LEGACY:
        return _made({each: f"{folder}/{name}" for each, folder in offer.folders.items()}, legacy(limits))
    _enable(place, offer.controllers & {"memory", "pids", "cpu"})
    folder = f"{place}/{name}"
    return _made(dict.fromkeys(offer.controllers, folder), unified(limits, swaps=has_swap()))


def _made(folders: dict[str, str], settings: list[tuple[str, str, str, bool]]) -> Group:
    made: list[str] = []
    try:
        for folder in set(folders.values()):
            os.mkdir(folder, 0o755)
            made.append(folder)
        for controller, file, value, is_needed in settings:
            if controller not in folders:
                continue
            try:
                _write(f"{folders[controller]}/{file}", value)
            except OSError as error:
                if is_needed or not isinstance(error, FileNotFoundError):
                    raise
    except OSError:
        for folder in made:
            _gone(folder)
        raise
    return Group(folders)


def unified(limits: Limits, *, swaps: bool) -> list[tuple[str, str, str, bool]]:
    """Controller, file, value, and whether there is no group without it. `swaps` tells whether this host does."""
    memory, processes, cpus = limits.amount(MEMORY), limits.amount(PROCESSES), limits.value(CPUS)
    found = [("memory", "memory.oom.group", "1", False)]
    if memory is not None:
        found += [("memory", "memory.max", str(memory), True), ("memory", "memory.swap.max", "0", swaps)]
    if processes is not None:
        found.append(("pids", "pids.max", str(processes + OUR_OWN), True))
    if cpus is not None:
        found.append(("cpu", "cpu.max", f"{_quota(cpus)} {_PERIOD}", True))
    return found


def legacy(limits: Limits) -> list[tuple[str, str, str, bool]]:
    """The same for version 1."""
    memory, processes, cpus = limits.amount(MEMORY), limits.amount(PROCESSES), limits.value(CPUS)
    found = []
    if memory is not None:
        found += [
            ("memory", "memory.limit_in_bytes", str(memory), True),
            ("memory", "memory.memsw.limit_in_bytes", str(memory), False),
        ]
    if processes is not None:
        found.append(("pids", "pids.max", str(processes + OUR_OWN), True))
    if cpus is not None:
        found += [
            ("cpu", "cpu.cfs_period_us", str(_PERIOD), True),
            ("cpu", "cpu.cfs_quota_us", str(_quota(cpus)), True),
        ]
    return found


def _quota(cpus: float) -> int:
    return max(_LEAST_QUOTA, int(cpus * _PERIOD))


def _enable(place: str, controllers: Iterable[str]) -> None:
    """Let groups in a folder have controllers. Processes in it, which that forbids, move to a group below."""
    with open(f"{place}/cgroup.subtree_control", "rb") as file:
        enabled = file.read().decode("ascii").split()
    missing = " ".join(f"+{each}" for each in sorted(controllers) if each not in enabled)
    if not missing:
        return
    for _ in range(_ROUNDS):
        try:
            _write(f"{place}/cgroup.subtree_control", missing)
            return
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
        os.makedirs(f"{place}/{OTHERS}", exist_ok=True)
        with open(f"{place}/cgroup.procs", "rb") as file:
            processes = file.read().split()
        for process in processes:
            try:
                _write(f"{place}/{OTHERS}/cgroup.procs", process.decode("ascii"))
            except ProcessLookupError:
                continue
    raise OSError(errno.EBUSY, "processes keep coming into our own control group", place)


def _write(path: str, text: str) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(file, text.encode("ascii"))
    finally:
        os.close(file)


def _count(path: str, key: str) -> int:
    """What a file of `key number` lines says; 0 when it is not there."""
    try:
        with open(path, "rb") as file:
            lines = file.read().decode("ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.split()[0] == key), 0)


def _gone(folder: str) -> bool:
    try:
        os.rmdir(folder)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _sweep(place: str) -> None:
    """Remove the groups of runners that are gone; one in which a process still is cannot be removed."""
    try:
        names = os.listdir(place)
    except OSError:
        return
    for name in names:
        maker = name.removeprefix(_PREFIX).split("-")[0]
        if name.startswith(_PREFIX) and maker.isdigit() and not os.path.exists(f"/proc/{maker}"):
            _gone(f"{place}/{name}")
