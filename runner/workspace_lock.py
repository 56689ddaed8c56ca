"""Which names of a workspace are read-only, settled while nothing runs in it.

A program could swap a name that it made for a link between our look and bubblewrap's mount, if it still ran when the
next run starts. So the list is made by whoever finds the workspace idle, and those who join use the same.
Light: a warm `exec` imports this module.
"""

from __future__ import annotations

import fcntl
import os

from jhansi_runner.proxy.digests import sha256
from jhansi_runner.runner.workspace import PROTECTED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from jhansi_runner.proxy.paths import Paths
    from jhansi_runner.runner.workspace import Workspace


def hold(folders: Paths, workspace: Workspace) -> tuple[int, list[str]]:
    """Join a workspace: a descriptor to be closed at the end of the run, and the names to protect."""
    os.makedirs(folders.locks, mode=0o700, exist_ok=True)
    name = sha256(os.fsencode(workspace.path)).hexdigest()[:32]
    lock = os.open(f"{folders.locks}/workspace-{name}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        fcntl.flock(lock, fcntl.LOCK_SH)
        text = os.pread(lock, 65536, 0).decode("utf-8", "surrogateescape")
        return lock, [line for line in text.split("\n") if line in PROTECTED]
    names = [found for found, _, _ in workspace.protected()]
    os.ftruncate(lock, 0)
    os.pwrite(lock, "\n".join(names).encode("utf-8", "surrogateescape"), 0)
    fcntl.flock(lock, fcntl.LOCK_SH)
    return lock, names
