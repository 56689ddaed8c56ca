"""Whether a folder can hold the cache's database: SQLite's WAL needs shared memory, which network file systems lack.

Source: https://sqlite.org/wal.html, section "Overview", third disadvantage.
"""

from __future__ import annotations

import os
import re

_ESCAPED = re.compile(rb"\\([0-7]{3})")
_NETWORK = frozenset(
    [
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "lustre",
        "beegfs",
        "gpfs",
        "glusterfs",
        "ceph",
        "fuse.sshfs",
        "fuse.glusterfs",
        "9p",
        "afs",
        "panfs",
    ]
)


class UnsuitableFileSystem(OSError):
    """The cache cannot be kept there."""


def type_of(folder: str, mountinfo: str) -> str:
    """The type of the file system that holds a folder, from the text of `/proc/self/mountinfo`; "" when unknown."""
    return _mount_of(folder, mountinfo)[0]


def _mount_of(folder: str, mountinfo: str) -> tuple[str, str]:
    """The type and the options of the innermost mount that holds a folder. What is mounted later covers it."""
    best, found = -1, ("", "")
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        fields = left.split(" ")
        if len(fields) < 6 or not right:
            continue
        point = _unescaped(fields[4]).rstrip("/")
        if (folder == point or folder.startswith(point + "/")) and len(point) >= best:
            best, found = len(point), (right.split(" ", 1)[0], fields[5])
    return found


def is_network(kind: str) -> bool:
    """Whether file systems of this type are shared with other hosts, and lack memory that processes share."""
    return kind in _NETWORK


def options_of(folder: str, mountinfo: str) -> frozenset[str]:
    """How the file system that holds a folder is mounted, such as `ro` and `noexec`; empty when unknown."""
    return frozenset(_mount_of(folder, mountinfo)[1].split(",")) - {""}


def _unescaped(text: str) -> str:
    """Blanks and the like are in octal. Source: proc_pid_mountinfo(5), proc(5)."""
    return os.fsdecode(_ESCAPED.sub(lambda found: bytes([int(found[1], 8) & 0xFF]), os.fsencode(text)))


def require_local(folder: str) -> None:
    """Raise UnsuitableFileSystem when the folder is on a network file system, saying where to put the cache."""
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
            kind = type_of(os.path.realpath(folder), file.read())
    except OSError:
        return
    if is_network(kind):
        raise UnsuitableFileSystem(
            f"{folder} is on {kind}, where SQLite's write-ahead log does not work: "
            "set XDG_CACHE_HOME (or JHANSI_HOME) to a folder on a local disk of this host"
        )
