"""Which means this host offers to hold a program to its limits: facts first, then what follows from them.

A control group is the strong one: the kernel counts, whatever a program does. Without one, limits of processes and a
look now and then have to do. `read_facts` reads, `offer` decides and is pure; `doctor` asks both. Light: a warm `exec`
that was given a limit imports this module.

Source: cgroups(7); Documentation/admin-guide/cgroup-v2.rst, "Delegation" and "No Internal Process Constraint";
getrlimit(2); ADR 13.
"""

from __future__ import annotations

import os

from jhansi_runner.runner.limits.model import CPUS, MEMORY, PROCESSES
from jhansi_runner.runner.limits.weak import CGROUP, kernel, weak_tier

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jhansi_runner.runner.limits.model import Limits

UNIFIED, LEGACY, MANAGER, NONE = "cgroup2", "cgroup1", "systemd", ""
"""Ways to a group of our own: a folder of either version that we can write, or the user's systemd, which has one."""
CONTROLLER = {MEMORY: "memory", PROCESSES: "pids", CPUS: "cpu"}
"""The controller that a limit needs to be held by a control group; the others are never held by one."""

_WANTED = frozenset(("memory", "pids"))
"""Controllers without which a control group is no use."""
OTHERS = "jhansi-others"
"""The group below a delegated one that takes the processes which were in it: such a group may have none itself."""
_UNIT = "start it in a unit with Delegate=yes, such as: systemd-run --user --scope -p Delegate=yes jhansi-runner ..."
_DELEGATE = "as root: systemctl edit user@.service, with [Service] Delegate=cpu memory pids; then log in again"
_ABOVE = "let the cpu controller reach that group: +cpu in cgroup.subtree_control of each one above it"
_CPU = {MANAGER: _DELEGATE, LEGACY: "as root: give you a folder of the cpu controller, as of memory and pids"}


class Level:
    """A folder of the unified hierarchy: whether we may make groups in it, and the controllers that they would get.

    `delegated` tells that nobody else manages what is below it, `bounded` that it limits memory or CPUs itself.
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
    `legacy` are the folders of version 1, by controller, in which we may make groups. `manager` is the socket of the
    user's systemd, "" without one, and `managed` the folder that was given to the user with it, None without.
    """

    __slots__ = ("above", "kernel", "legacy", "managed", "manager", "own", "uid")

    def __init__(
        self,
        uid: int,
        kernel: tuple[int, int],
        *,
        own: Level | None = None,
        above: Sequence[Level] = (),
        legacy: Mapping[str, str] | None = None,
        manager: str = "",
        managed: Level | None = None,
    ) -> None:
        self.uid, self.kernel, self.own, self.above = uid, kernel, own, tuple(above)
        self.legacy, self.manager, self.managed = dict(legacy or {}), manager, managed


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

    A group elsewhere would not have the limits that our own has, so where it has some we stay.
    """
    found = _best(facts)
    if found.way and "cpu" not in found.controllers:
        found.why = "the cpu controller is not enabled for you"
        found.remedy = _CPU.get(found.way, _ABOVE if facts.uid == 0 else _UNIT)
    return found


def _best(facts: Facts) -> Offer:
    own, managed, above = facts.own, facts.managed, facts.above
    if own is not None and own.folder.endswith(f"/{OTHERS}") and above and _is_good(above[0]):  # moved there by us
        return Offer(facts, UNIFIED, above[0].folder, above[0].controllers, "", "")
    if own is not None and (own.delegated or own.bounded) and _is_good(own):
        return Offer(facts, UNIFIED, own.folder, own.controllers, "", "")
    if facts.legacy.keys() >= _WANTED:
        return Offer(facts, LEGACY, facts.legacy["memory"], frozenset(facts.legacy), "", "")
    if own is not None and own.bounded:
        return Offer(facts, NONE, "", (), "our own control group has limits, which another would not have", _UNIT)
    if facts.manager and managed is not None and _is_good(managed):
        return Offer(facts, MANAGER, managed.folder, managed.controllers, "", "")
    for level in above:
        if _is_good(level):
            return Offer(facts, UNIFIED, level.folder, level.controllers, "", "")
    return Offer(facts, NONE, "", (), *_missing(facts))


def _is_good(level: Level) -> bool:
    return level.writable and level.controllers >= _WANTED


def _missing(facts: Facts) -> tuple[str, str]:
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
        return (
            "no folder of /sys/fs/cgroup can be written, or the controllers are not enabled there",
            "in a container: give it a cgroup namespace of its own, mounted writable",
        )
    return (
        "no control group is delegated to you, and no systemd of yours runs",
        "as root: loginctl enable-linger USER, then set XDG_RUNTIME_DIR=/run/user/UID;"
        " or start the job in a unit with Delegate=yes",
    )


def read_facts(env: Mapping[str, str], root: str = "") -> Facts:
    """Read what this host shows. `root` stands before every path, for tests and for `doctor`. Raises nothing."""
    uid = os.getuid()
    groups = dict(_groups(_text(f"{root}/proc/self/cgroup")))
    mounts = _mounts(_text(f"{root}/proc/self/mountinfo"))
    legacy = {}
    for name in CONTROLLER.values():
        folder = _folder(mounts.get(name), groups.get(name))
        if folder and _may_write(root + folder):
            legacy[name] = folder
    own, above = None, []
    folder = _folder(mounts.get(""), groups.get(""))
    if folder and set(_text(f"{root}{mounts[''][1]}/cgroup.controllers").split()) >= _WANTED:
        top, writable = mounts[""][1], _may_write(root + folder)
        own = Level(
            folder,
            _text(f"{root}{folder}/cgroup.controllers").split(),
            writable,
            delegated=writable and (folder == top or _is_delegated(root + folder, uid)),
            bounded=any(_bounds(f"{root}{folder}/{name}") for name in ("memory.max", "cpu.max")),
        )
        while folder != top:
            folder = os.path.dirname(folder)
            enabled = _text(f"{root}{folder}/cgroup.subtree_control").split()
            above.append(Level(folder, enabled, _may_write(root + folder)))
    manager = f"{env.get('XDG_RUNTIME_DIR') or f'/run/user/{uid}'}/systemd/private"
    managed = None
    if own is not None:
        folder = f"{mounts[''][1]}/user.slice/user-{uid}.slice/user@{uid}.service"
        managed = Level(folder, _text(f"{root}{folder}/cgroup.subtree_control").split(), _may_write(root + folder))
    return Facts(
        uid,
        kernel(os.uname().release),
        own=own,
        above=above,
        legacy=legacy,
        manager=manager if os.path.exists(root + manager) else "",
        managed=managed,
    )


def _text(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return file.read(1 << 20).decode("utf-8", "surrogateescape")
    except OSError:
        return ""


def _groups(text: str) -> list[tuple[str, str]]:
    """Controller and path of our groups; "" is the unified hierarchy. Source: cgroups(7), /proc/pid/cgroup."""
    found = []
    for line in text.splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0":
            found.append(("", path))
        else:
            found += [(name, path) for name in controllers.split(",")]
    return found


def _mounts(text: str) -> dict[str, tuple[str, str]]:
    """By controller, "" for the unified hierarchy: which group is mounted, and where. Source: proc(5), mountinfo."""
    found: dict[str, tuple[str, str]] = {}
    for line in text.splitlines():
        before, separator, after = line.partition(" - ")
        kind = after.split(" ")
        if not separator or kind[0] not in ("cgroup", "cgroup2") or "\\" in before:
            continue
        root, point = before.split(" ")[3:5]
        for name in [""] if kind[0] == "cgroup2" else kind[-1].split(","):
            found.setdefault(name, (root, point))
    return found


def _folder(mount: tuple[str, str] | None, path: str | None) -> str:
    """The folder of a group, "" when it is not below what is mounted."""
    if mount is None or path is None or "/.." in path:
        return ""
    root, point = mount
    if root != "/":
        if path != root and not path.startswith(root + "/"):
            return ""
        path = path[len(root) :]
    return (point + path).rstrip("/")


def _is_delegated(folder: str, uid: int) -> bool:
    """Whether a group that we can write was delegated, which systemd notes; what a user has elsewhere always was."""
    if uid != 0 and "/user@" not in folder:
        return True
    for name in ("user.delegate", "trusted.delegate"):
        try:
            if os.getxattr(folder, name) == b"1":
                return True
        except OSError:
            continue
    return False


def _bounds(path: str) -> bool:
    return _text(path).split()[:1] not in ([], ["max"])


def _may_write(folder: str) -> bool:
    """Whether we may make groups in a folder, and move processes between those below it."""
    return os.access(folder, os.W_OK) and os.access(f"{folder}/cgroup.procs", os.W_OK)
