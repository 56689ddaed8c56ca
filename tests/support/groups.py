"""Control groups for tests: version 1 folders which belong to the ordinary user, as an administrator delegates them."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Sequence

from jhansi_runner.runner.limits.host_groups import read_facts
from support.ordinary import ORDINARY_GID, ORDINARY_UID

_NAME = "jhtest"


def available() -> bool:
    """Whether this host lets us make groups of version 1, which can be given to a user."""
    return os.geteuid() == 0 and {"memory", "pids"} <= read_facts(os.environ).legacy.keys()


@contextlib.contextmanager
def delegated() -> Iterator[list[str]]:
    """Folders that belong to the ordinary user, with nobody in them; gone afterwards with the groups below."""
    folders = [f"{folder}/{_NAME}{os.getpid()}" for folder in read_facts(os.environ).legacy.values()]
    for folder in folders:
        os.mkdir(folder)
        for path in (folder, *(f"{folder}/{name}" for name in ("cgroup.procs", "tasks"))):
            os.chown(path, ORDINARY_UID, ORDINARY_GID)
    try:
        yield folders
    finally:
        for folder in folders:
            for name in below(folder):
                os.rmdir(f"{folder}/{name}")
            for _ in range(100):
                with contextlib.suppress(OSError):
                    os.rmdir(folder)
                if not os.path.exists(folder):
                    break
                time.sleep(0.02)


def below(folder: str) -> list[str]:
    """The groups in a group."""
    return [entry.name for entry in os.scandir(folder) if entry.is_dir()]


def joining(folders: Sequence[str]) -> str:
    """A line of shell by which a shell of root's joins groups."""
    return "; ".join(f"echo $$ > {folder}/cgroup.procs" for folder in folders)
