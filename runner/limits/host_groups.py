"""What this host shows of its control groups: where we are, what is above us, and which limits each of them has.

Light: a warm `exec` that was given a limit imports this module.

Source: cgroups(7); Documentation/admin-guide/cgroup-v2.rst; proc(5).
"""

from __future__ import annotations

import os
import sys

from jhansi_runner.runner.limits.tiers import CONTROLLER, WANTED, Facts, Level
from jhansi_runner.runner.limits.weak import kernel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_BYTES = 1 << 20


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
    counts_swap = not has_swap(root) or os.path.exists(f"{root}{legacy.get('memory', '')}/memory.memsw.limit_in_bytes")
    own, above = None, []
    folder = _folder(mounts.get(""), groups.get(""))
    if folder and set(_text(f"{root}{mounts[''][1]}/cgroup.controllers").split()) >= WANTED:
        top, writable = mounts[""][1], _may_write(root + folder)
        most = _processes_of_a_unit(root)
        own = Level(
            folder,
            _text(f"{root}{folder}/cgroup.controllers").split(),
            writable,
            delegated=writable and (folder == top or _is_delegated(root + folder, uid)),
            bounded=folder != top and _is_bounded(root + folder, most),
        )
        while folder != top:
            folder = os.path.dirname(folder)
            enabled = _text(f"{root}{folder}/cgroup.subtree_control").split()
            bounded = folder != top and _is_bounded(root + folder, most)
            above.append(Level(folder, enabled, _may_write(root + folder), bounded=bounded))
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
        counts_swap=counts_swap,
        manager=manager if os.path.exists(root + manager) else "",
        managed=managed,
    )


def has_swap(root: str = "") -> bool:
    """Whether this host swaps. Source: proc(5), /proc/swaps: a line of titles, then one for each."""
    return len(_text(f"{root}/proc/swaps").splitlines()) > 1


def _text(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return file.read(_MOST_BYTES).decode("utf-8", "surrogateescape")
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


def _is_bounded(folder: str, most: int) -> bool:
    """Whether a group has limits that the one above it has not. What cannot be understood is a limit.

    Of processes `most` and more are none: systemd gives that to every unit.
    Source: Documentation/admin-guide/cgroup-v2.rst, "Interface Files" of each controller.
    """
    if any(_first(f"{folder}/{name}") not in ("", "max") for name in ("memory.max", "memory.high", "cpu.max")):
        return True
    processes = _first(f"{folder}/pids.max")
    if processes not in ("", "max") and not (processes.isdigit() and int(processes) >= most):
        return True
    for name in ("cpuset.cpus.effective", "cpuset.mems.effective"):
        allowed = _first(f"{folder}/{name}")
        if allowed and allowed != _first(f"{os.path.dirname(folder)}/{name}"):
            return True
    return False


def _processes_of_a_unit(root: str) -> int:
    """How many processes systemd allows a unit for which nobody asked for another number, and a little less.

    That is 15 % of what the kernel has room for, rounded. Source: systemd-system.conf(5), `DefaultTasksMax`.
    """
    room = [_first(f"{root}/proc/sys/kernel/{name}") for name in ("pid_max", "threads-max")]
    return min(int(each) if each.isdigit() else sys.maxsize for each in room) * 14 // 100


def _first(path: str) -> str:
    """The first word of a file, "" when there is none."""
    return _text(path).partition("\n")[0].partition(" ")[0]


def _may_write(folder: str) -> bool:
    """Whether we may make groups in a folder, and move processes between those below it."""
    return os.access(folder, os.W_OK) and os.access(f"{folder}/cgroup.procs", os.W_OK)
