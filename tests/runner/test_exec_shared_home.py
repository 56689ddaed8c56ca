"""A home that two hosts share: each has a proxy of its own, what is installed is there for both, and one journal.

The hosts are namespaces with names and process ids of their own. What the locks of a network file system do is not
tried here.
"""

from __future__ import annotations

import fcntl
import json
import os
import shlex
import struct
import subprocess
from typing import Any

import pytest

from support.installation import ordinary_command
from support.ordinary import ordinary_argv
from support.registry import Upstream
from support.user import User

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make hosts")

SIX = "import six; print(six.__version__)"


def start_on(user: User, host: str, *words: str) -> subprocess.Popen[Any]:
    """Start the command on a host of this name."""
    command = shlex.join(ordinary_argv([ordinary_command(), *words]))
    script = f"hostname {host}; mount -t proc proc /proc; exec {command}"
    argv = ["unshare", "--uts", "--pid", "--fork", "--kill-child", "--mount", "sh", "-c", script]
    none, pipe = subprocess.DEVNULL, subprocess.PIPE
    return subprocess.Popen(argv, cwd=user.work, env=user.env, stdin=none, stdout=pipe, stderr=pipe, text=True)


def test_two_hosts_install_and_run_the_same_at_once(new_user: User, upstream: Upstream) -> None:
    new_user.policy(upstream.url)
    new_user.write("requirements.txt", "six\n")
    new_user.write("main.py", SIX)
    runs = [start_on(new_user, host, "exec", "main.py") for host in ("one", "two", "one", "two")]
    told = [(run.communicate(timeout=120), run.returncode) for run in runs]
    assert [(out, code) for (out, _), code in told] == [("1.16.0\n", 0)] * 4, told
    assert len(os.listdir(new_user.state / "state/sets")) == 1
    assert os.listdir(new_user.state / "state/staging") == []
    listed = json.loads(new_user.run("runs", "--json").stdout)["runs"]
    assert [run["state"] for run in listed] == ["ended"] * 4
    assert new_user.run("runs", "verify").returncode == 0
    assert new_user.run("cache", "verify").returncode == 0
    keys = {name.partition(".")[0] for name in os.listdir(new_user.state / "run")}
    assert len(keys) == 2, keys


def test_a_run_on_another_host_is_seen_to_go_on(new_user: User) -> None:
    first = start_on(new_user, "one", "exec", "--", "sh", "-c", "echo ready; sleep 5")
    assert first.stdout is not None
    assert first.stdout.readline() == "ready\n"
    second = start_on(new_user, "two", "runs", "--json")
    (run,) = json.loads(second.communicate(timeout=60)[0])["runs"]
    assert run["state"] == "running"
    assert first.wait(timeout=60) == 0


@pytest.mark.parametrize(("name", "byte"), [("runs/journal", 1 << 62), ("locks/running", 0)])
def test_a_lock_that_somebody_keeps_is_waited_for_and_told(new_user: User, name: str, byte: int) -> None:
    """As a host that died may leave one behind on a network file system."""
    assert new_user.exec("--", "true").returncode == 0
    path = new_user.state / "state" / name
    with path.open("r+b") as kept:
        fcntl.fcntl(kept, fcntl.F_OFD_SETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, byte, 1, 0))
        waiting = new_user.start("--", "echo", "ran")
        assert waiting.stderr is not None
        told = waiting.stderr.readline().decode()
    assert f"waiting for the lock of {path}" in told
    assert waiting.communicate(timeout=60)[0] == b"ran\n"
    assert waiting.returncode == 0
