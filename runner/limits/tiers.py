"""Which means this host offers to hold a program to its limits: facts first, then what follows from them.

A control group is the strong one: the kernel counts, whatever a program does. Without one, limits of processes and a
look now and then have to do. `offer` decides and is pure; `host_groups.py` reads the facts. Light: a warm `exec` that
was given a limit imports this module.

Source: cgroups(7); Documentation/admin-guide/cgroup-v2.rst, "Delegation" and "No Internal Process Constraint";
getrlimit(2); ADR 13.
"""

from __future__ import annotations

from jhansi_runner.runner.limits.model import CPUS, MEMORY, PROCESSES
from jhansi_runner.runner.limits.weak import CGROUP, weak_tier

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jhansi_runner.runner.limits.model import Limits

UNIFIED, LEGACY, MANAGER, NONE = "cgroup2", "cgroup1", "systemd", ""
"""Ways to a group of our own: a folder of either version that we can write, or the user's systemd, which has one."""
CONTROLLER = {MEMORY: "memory", PROCESSES: "pids", CPUS: "cpu"}
"""The controller that a limit needs to be held by a control group; the others are never held by one."""

WANTED = frozenset(("memory", "pids"))
"""Controllers without which a control group is no use."""
OTHERS = "jhansi-others"
"""The group below a delegated one that takes the processes which were in it: such a group may have none itself."""
_UNIT = "start it in a unit with Delegate=yes, such as: systemd-run --user --scope -p Delegate=yes jhansi-runner ..."
_SAME = (
    "start it in a unit with the same limits and Delegate=yes, such as:"
    " systemd-run --user --scope -p MemoryMax=... -p Delegate=yes jhansi-runner ..."
)
_GIVEN = (
    "as root: delegate its control group to its user: Delegate=yes for a service; a cgroup namespace of its own,"
    " mounted writable, for a container; for a job, as the batch system says"
)
_DELEGATE = "as root: systemctl edit user@.service, with [Service] Delegate=cpu memory pids; then log in again"
_ABOVE = "let the cpu controller reach that group: +cpu in cgroup.subtree_control of each one above it"
_CPU = {MANAGER: _DELEGATE, LEGACY: "as root: give you a folder of the cpu controller, as of memory and pids"}


class Level:
    """A folder of the unified hierarchy: whether we may make groups in it, and the controllers that they would get.

    `delegated` tells that nobody else manages what is below it, `bounded` that it limits memory, processes or CPUs.
    """

    __slots__ = ("bounded", "controllers", "delegated", "folder", "writable")

    def __init__(
        self, folder: str, controllers: Sequence[str], writable: bool, *, delegated: bool = False, bounded: bool = False
    ) -> None:
        self.folder, self.controllers, self.writable = folder, frozenset(controllers), writable
        self.delegated, self.bounded = delegated, bounded


class Facts:
    """What a host shows of its control groups.

    `uid` is ours, `kernel` major and minor. `above` are the folders above our own group in the unified hierarchy, the
    nearest first; `own` is our own group, with the controllers that it could pass on; None where that hierarchy is
    missing or has no controllers.
    `legacy` are the folders of version 1, by controller, in which we may make groups; `counts_swap` tells whether they
    count what is swapped, where something is. `manager` is the socket of the
    user's systemd, "" without one, and `managed` the folder that was given to the user with it, None without.
    """

    __slots__ = ("above", "counts_swap", "kernel", "legacy", "managed", "manager", "own", "uid")

    def __init__(
        self,
        uid: int,
        kernel: tuple[int, int],
        *,
        own: Level | None = None,
        above: Sequence[Level] = (),
        legacy: Mapping[str, str] | None = None,
        counts_swap: bool = True,
        manager: str = "",
        managed: Level | None = None,
    ) -> None:
        self.uid, self.kernel, self.own, self.above = uid, kernel, own, tuple(above)
        self.legacy, self.manager, self.managed = dict(legacy or {}), manager, managed
        self.counts_swap = counts_swap


class Offer:
    """What a host offers: the `way` to a control group, `place`, the folder to make it in, and its `controllers`.

    `folders` are those of version 1, by controller, `manager` is the socket of the user's systemd. `why` tells what is
    missing, and `remedy` what would give it; both are "" where nothing is.
    """

    __slots__ = ("_facts", "controllers", "folders", "manager", "place", "remedy", "way", "why")

    def __init__(
        self, facts: Facts, way: str, place: str, controllers: Sequence[str] | frozenset[str], why: str, remedy: str
    ) -> None:
        self._facts, self.way, self.place, self.controllers = facts, way, place, frozenset(controllers)
        self.why, self.remedy, self.folders = why, remedy, facts.legacy
        self.manager = facts.manager

    def lacking(self, limits: Limits) -> tuple[str, ...]:
        """The limits that a control group could hold, and here none would."""
        return tuple(each for each in CONTROLLER if limits.get(each) is not None and self.tier(each) != CGROUP)

    def tier(self, limit: str) -> str:
        """Who would hold a program to a limit."""
        if CONTROLLER.get(limit) in self.controllers:
            return CGROUP
        return weak_tier(limit, self._facts.uid, self._facts.kernel)


def offer(facts: Facts) -> Offer:
    """The best way to a control group: what was delegated to us where we are, else the user's systemd, else none.

    A group elsewhere would not have the limits that are passed on the way there, and a batch system would not find it
    when it ends its job: so we stay where there are such, and wherever no login of the user's began us.
    """
    found = _best(facts)
    if found.way and "cpu" not in found.controllers:
        found.why = "the cpu controller is not enabled for you"
        found.remedy = _CPU.get(found.way, _ABOVE if facts.uid == 0 else _UNIT)
    return found


def _best(facts: Facts) -> Offer:
    own, above = facts.own, facts.above
    if own is not None and own.folder.endswith(f"/{OTHERS}") and above and _is_good(above[0]):  # moved there by us
        return Offer(facts, UNIFIED, above[0].folder, above[0].controllers, "", "")
    if own is not None and own.delegated and _is_good(own):
        return Offer(facts, UNIFIED, own.folder, own.controllers, "", "")
    if facts.legacy.keys() >= WANTED and facts.counts_swap:
        return Offer(facts, LEGACY, facts.legacy["memory"], frozenset(facts.legacy), "", "")
    if own is None:
        return Offer(facts, NONE, "", (), *_missing(facts))
    if not _is_of_a_login(own.folder):
        return Offer(facts, NONE, "", (), "a program is not moved out of the job or service that this is", _GIVEN)
    return _best_of_a_login(facts, own)


def _best_of_a_login(facts: Facts, own: Level) -> Offer:
    ways = [(UNIFIED, level) for level in facts.above if _is_good(level)]
    if facts.manager and facts.managed is not None and _is_good(facts.managed):
        ways.insert(0, (MANAGER, facts.managed))
    for way, level in ways:
        if not any(each.bounded for each in _passed((own, *facts.above), level.folder)):
            return Offer(facts, way, level.folder, level.controllers, "", "")
    if (ways or own.bounded) and _is_good(own):
        return Offer(facts, UNIFIED, own.folder, own.controllers, "", "")
    if ways or own.bounded:
        why = "our own control group, or one above it, has limits, which another would not have"
        return Offer(facts, NONE, "", (), why, _SAME)
    return Offer(facts, NONE, "", (), *_missing(facts))


def _passed(levels: Sequence[Level], place: str) -> list[Level]:
    """Those of our own group and the ones above it whose limits a process no longer has when it is moved to `place`."""
    return [each for each in levels if not f"{place}/".startswith(f"{each.folder}/")]


def _is_of_a_login(folder: str) -> bool:
    """Whether a group belongs to a user who logged in, or to their systemd; jobs, services and containers do not.

    Source: systemd.special(7), user@.service(5), pam_systemd(8).
    """
    return any(
        (name.startswith("user@") and name.endswith(".service"))
        or (name.startswith("session-") and name.endswith(".scope"))
        for name in folder.split("/")
    )


def _is_good(level: Level) -> bool:
    return level.writable and level.controllers >= WANTED


def _missing(facts: Facts) -> tuple[str, str]:
    if facts.own is None and facts.legacy.keys() >= WANTED:
        return (
            "the control groups of version 1 do not count here what is swapped",
            "boot it with swapaccount=1, or with systemd.unified_cgroup_hierarchy=1",
        )
    if facts.own is None:
        return (
            "no unified control groups (version 2) with memory and pids are to be seen on this host",
            "boot it with systemd.unified_cgroup_hierarchy=1; in a container, mount cgroup2 on /sys/fs/cgroup",
        )
    if facts.manager:
        return (
            "the user's systemd may not use the memory and pids controllers",
            _DELEGATE,
        )
    if facts.uid == 0:
        return "no folder of /sys/fs/cgroup can be written, or the controllers are not enabled there", _UNIT
    return (
        "no control group is delegated to you, and no systemd of yours runs",
        "as root: loginctl enable-linger USER, then set XDG_RUNTIME_DIR=/run/user/UID;"
        " or start the job in a unit with Delegate=yes",
    )
