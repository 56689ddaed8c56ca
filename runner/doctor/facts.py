"""What is looked at of a host before anything is tried: `host_facts.py`, and what a report needs besides.

Everything is read below a root, so that a folder can stand for a host.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import resource
from collections.abc import Callable
from dataclasses import dataclass

from jhansi_runner.proxy.cache.filesystem import options_of, type_of
from jhansi_runner.runner.host_facts import HostFacts, read_facts, run_version
from jhansi_runner.runner.journal import JOURNAL, WRITING, lock

_MOUNTS = "proc/self/mountinfo"


@dataclass(frozen=True, slots=True)
class Host:
    """None for a number: this kernel has no such switch. `hidepid` is an option of `/proc`, "" for none.

    `release` and `machine` are as of uname. `seccomp`: the kernel knows system-call filters. `flawed`: bwrap was led to
    make a file outside of its root, None when that could not be tried. `core_limit` is the hard limit of RLIMIT_CORE in
    bytes, -1 for none, and `core_pattern` where the kernel leaves what a program had in memory when it crashed.
    """

    basic: HostFacts
    release: str
    machine: str
    uid: int
    seccomp: bool = True
    ptrace_scope: int | None = None
    hidepid: str = ""
    flawed: bool | None = None
    core_limit: int = resource.RLIM_INFINITY
    core_pattern: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A folder of ours, or where it will be made. `path` is it, `nearest` the one above it that exists.

    `owner` is the user who has `nearest`, `writable` whether we can write to it, `shared` whether others can.
    `free` is in bytes; `files` is how many more there is room for, None where the file system does not count them.
    `no_locks` is why files there cannot be locked, "" where they can or nothing is there to try it on.
    """

    path: str
    nearest: str
    exists: bool
    is_folder: bool
    owner: int
    writable: bool
    shared: bool
    kind: str
    options: frozenset[str]
    free: int
    files: int | None
    no_locks: str = ""


def read_host(
    bwrap: str | None,
    *,
    root: str = "/",
    release: str | None = None,
    machine: str | None = None,
    uid: int | None = None,
    core_limit: int | None = None,
    version_of: Callable[[str], str] = run_version,
    try_flaw: Callable[[str], bool | None] = lambda _: None,
) -> Host:
    """Look at a host; what is not named is that of this one. Runs `bwrap --version`. Never raises for an odd host."""
    basic = read_facts(bwrap, root=root, version_of=version_of)
    running = os.uname()
    return Host(
        basic=basic,
        release=running.release if release is None else release,
        machine=running.machine if machine is None else machine,
        uid=os.getuid() if uid is None else uid,
        seccomp="\nSeccomp:" in text(root, "proc/self/status"),
        ptrace_scope=_number(text(root, "proc/sys/kernel/yama/ptrace_scope")),
        hidepid=_hidepid(text(root, _MOUNTS)),
        flawed=try_flaw(bwrap) if bwrap and not basic.bwrap_setuid else None,
        core_limit=resource.getrlimit(resource.RLIMIT_CORE)[1] if core_limit is None else core_limit,
        core_pattern=text(root, "proc/sys/kernel/core_pattern").strip(),
    )


def read_place(path: str, *, root: str = "/") -> Place:
    """Look at a folder of ours. Raises OSError where not even the folders above it can be looked at."""
    nearest = path
    while not os.path.lexists(nearest) and nearest != "/":
        nearest = os.path.dirname(nearest)
    status = os.stat(nearest)
    room = os.statvfs(nearest)
    mounts = text(root, _MOUNTS)
    true = os.path.realpath(nearest)
    return Place(
        path=path,
        nearest=nearest,
        exists=nearest == path,
        is_folder=os.path.isdir(nearest),
        owner=status.st_uid,
        writable=os.access(nearest, os.W_OK | os.X_OK) and os.access(nearest, os.W_OK, effective_ids=True),
        shared=status.st_mode & 0o022 != 0,
        kind=type_of(true, mounts),
        options=options_of(true, mounts),
        free=room.f_bavail * room.f_frsize,
        files=room.f_favail if room.f_files else None,
        no_locks=_no_locks(f"{path}/runs/{JOURNAL}"),
    )


def _no_locks(path: str) -> str:
    """Why a file cannot be locked, "" where it can; it is asked for a lock, and none is taken."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError, PermissionError):
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            lock(descriptor, fcntl.F_OFD_GETLK, fcntl.F_RDLCK, WRITING)
        except OSError as error:
            return error.strerror or str(error)
        finally:
            os.close(descriptor)
    return ""


def text(root: str, path: str) -> str:
    """A file's text, at most 64 KiB; "" when it cannot be read."""
    with (
        contextlib.suppress(OSError),
        open(os.path.join(root, path), encoding="utf-8", errors="surrogateescape") as file,
    ):
        return file.read(1 << 16)
    return ""


def _number(said: str) -> int | None:
    word = said.strip()
    return int(word) if word.isascii() and word.isdigit() else None


def _hidepid(mounts: str) -> str:
    """Source: proc(5), `hidepid`; an option of the file system, which comes last in a line of mountinfo."""
    for line in mounts.splitlines():
        left, _, right = line.partition(" - ")
        if left.split(" ")[4:5] == ["/proc"] and right.startswith("proc "):
            found = [word.partition("=")[2] for word in right.split(" ")[-1].split(",") if word.startswith("hidepid=")]
            return found[0] if found and found[0] not in ("0", "off") else ""
    return ""
