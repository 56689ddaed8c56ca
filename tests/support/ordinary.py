"""Run a command as an ordinary user, whoever runs the tests.

Root sees a different product: bwrap makes no user namespace of itself, files of other users open, limits do
not bind. So tests of isolation go through here: as root, the command runs under an unprivileged uid which
needs no entry in passwd; otherwise it runs as the user who runs the tests.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

ORDINARY_UID = 61234 if os.geteuid() == 0 else os.geteuid()
ORDINARY_GID = 61234 if os.geteuid() == 0 else os.getegid()

# The interpreter of the tests may live where that uid cannot read, such as root's home.
PYTHON = "/usr/bin/python3"


def ordinary_argv(argv: Sequence[str]) -> list[str]:
    """`argv` such that it runs as the ordinary user; descriptors, directory and environment pass through."""
    if os.geteuid() != 0:
        return list(argv)
    identity = [f"--reuid={ORDINARY_UID}", f"--regid={ORDINARY_GID}", "--clear-groups", "--inh-caps=-all"]
    return ["setpriv", *identity, "--", *argv]


@contextmanager
def ordinary_home(place: str = "/tmp") -> Iterator[str]:
    """A directory of the ordinary user's own, mode 0700, gone afterwards whatever lies in it."""
    path = tempfile.mkdtemp(prefix="ordinary-", dir=place)  # pytest's tmp_path is root's alone
    try:
        os.chown(path, ORDINARY_UID, ORDINARY_GID)
        yield path
    finally:
        _remove(path)


def _remove(folder: str) -> None:
    """Remove it, while what was killed there may still write or remove something."""
    until = time.monotonic() + 60
    while os.path.exists(folder):
        try:
            shutil.rmtree(folder)
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def as_ordinary(
    argv: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: str | None = None, **kwargs: Any
) -> subprocess.CompletedProcess[Any]:
    """`subprocess.run` as the ordinary user, with a HOME of its own, which is also where it starts.

    `env` defaults to PATH alone. Output is captured as text, for 120 s at most, unless `kwargs` say otherwise.
    """
    if not {"stdout", "stderr", "capture_output"} & kwargs.keys():
        kwargs["capture_output"] = True
    kwargs.setdefault("text", True)
    kwargs.setdefault("timeout", 120)
    given = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"} if env is None else env
    with ordinary_home() as home:
        return subprocess.run(ordinary_argv(argv), env={"HOME": home, **given}, cwd=cwd or home, **kwargs)
