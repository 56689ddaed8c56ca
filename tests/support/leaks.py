"""What could leak: processes, descriptors, mounts, namespaces, listeners, files. Counted before and after.

Whoever is orphaned below this process becomes its child, so nothing that a test started can get away from the count.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from support.user import wait_for

_PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True, slots=True)
class Held:
    """What the processes below this one hold, and what is mounted of a folder.

    `processes` are commands, `descriptors` what these point to, in kinds (`socket`, `pipe`, a path); both with how
    many. `namespaces` are those that none of them shares with us; `listeners` are inodes of sockets.
    """

    processes: Counter[str]
    descriptors: Counter[str]
    namespaces: frozenset[str]
    mounts: frozenset[str]
    listeners: frozenset[str]


@contextlib.contextmanager
def adopting() -> Iterator[None]:
    """Be the parent of whoever is orphaned below us; those that ended are reaped at the end."""
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        reap()
        libc.prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def descendants(of: int | None = None) -> dict[int, str]:
    """The processes below one, this one unless it is given, with their states; without those that have ended."""
    parents: dict[int, tuple[int, str]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError):
                fields = Path("/proc", name, "stat").read_text().rpartition(")")[2].split()
                parents[int(name)] = int(fields[1]), fields[0]
    found: dict[int, str] = {}
    family = {os.getpid() if of is None else of}
    while more := {pid for pid, (parent, _) in parents.items() if parent in family} - family:
        family |= more
        found |= {pid: parents[pid][1] for pid in more}
    return {pid: state for pid, state in found.items() if state != "Z"}


def reap() -> None:
    """Take leave of orphans that have ended, which bubblewrap leaves one of each run."""
    for name in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
        with contextlib.suppress(OSError):
            if Path(f"/proc/{name}/comm").read_text() == "bwrap\n":
                os.waitpid(int(name), os.WNOHANG)


def held(folder: Path) -> Held:
    """What is held now; `folder` is whose mounts are of interest."""
    processes: Counter[str] = Counter()
    descriptors: Counter[str] = Counter()
    namespaces, inodes = set(), set()
    own = {os.readlink(f"/proc/self/ns/{name}") for name in os.listdir("/proc/self/ns")}
    for pid in descendants():
        with contextlib.suppress(OSError):
            processes[_command(pid)] += 1
            for name in os.listdir(f"/proc/{pid}/ns"):
                namespaces.add(os.readlink(f"/proc/{pid}/ns/{name}"))
            for name in os.listdir(f"/proc/{pid}/fd"):
                target = os.readlink(f"/proc/{pid}/fd/{name}")
                kind, bracket, number = target.partition(":[")
                descriptors[kind] += 1
                if bracket and kind == "socket":
                    inodes.add(number.rstrip("]"))
                elif bracket and kind in ("net", "user", "mnt", "pid"):
                    namespaces.add(target)
    mounts = {line for line in Path("/proc/self/mountinfo").read_text().splitlines() if str(folder) in line}
    return Held(processes, descriptors, frozenset(namespaces - own), frozenset(mounts), _listening(inodes))


def _command(pid: int) -> str:
    words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    return b" ".join(word for word in words[:5] if not word.isdigit()).decode("utf-8", "replace")[:80]


def _listening(inodes: set[str]) -> frozenset[str]:
    """Those of these sockets that somebody could connect to."""
    found = set()
    for name in ("tcp", "tcp6"):
        rows = [line.split() for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
        found |= {row[9] for row in rows if row[3] == "0A"}
    rows = [line.split() for line in Path("/proc/net/unix").read_text().splitlines()[1:]]
    found |= {row[6] for row in rows if row[3] == "00010000"}
    return frozenset(found & inodes)


def at_rest(folder: Path) -> Held:
    """What is held once that has been the same for a while; after a minute whatever is held then."""
    found, same, until = held(folder), 0, time.monotonic() + 60
    while same < 4 and time.monotonic() < until:
        time.sleep(0.5)
        before, found = found, held(folder)
        same = same + 1 if found == before else 0
    return found


def settled(folder: Path, before: Held, seconds: float = 60) -> Held:
    """What is held once nothing is held that was not before; after so many seconds whatever is held then."""
    found = held(folder)

    def is_all_gone() -> bool:
        nonlocal found
        found = held(folder)
        return not leaked(found, before)

    with contextlib.suppress(AssertionError):
        wait_for(is_all_gone, seconds)
    return found


def leaked(after: Held, before: Held) -> dict[str, object]:
    """What is held now and was not before."""
    found = {
        "processes": dict(after.processes - before.processes),
        "descriptors": dict(after.descriptors - before.descriptors),
        "namespaces": sorted(after.namespaces - before.namespaces),
        "mounts": sorted(after.mounts - before.mounts),
        "listeners": sorted(after.listeners - before.listeners),
    }
    return {name: what for name, what in found.items() if what}


def tree(folder: Path) -> Counter[str]:
    """How many names there are in each folder below one; digests and numbers in a name count as the same."""
    found: Counter[str] = Counter()
    for path, folders, names in os.walk(folder):
        found[os.path.relpath(path, folder)] = len(folders) + len(names)
    return found
