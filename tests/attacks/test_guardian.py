"""What kills a sandbox when its runner was killed reads what programs can name: it kills nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from support.ordinary import ordinary_argv
from support.user import User, alive, wait_for

pytestmark = pytest.mark.attack

FORGE = """
import os, sys, time
victim, mark = sys.argv[1:]
os.memfd_create(f'x\\n/proc/{victim}/fd:\\nl-wx 1 u g 64 now 9 -> pipe:[{mark}]\\n')
print('ready', flush=True)
time.sleep(60)
"""


def status(pid: int) -> str:
    """What the kernel tells of a process, "" when it is gone."""
    try:
        return Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return ""


def test_a_program_cannot_have_another_process_of_the_host_killed(user: User) -> None:
    """The number of the pipe that marks a sandbox is near those of pipes that programs make, so it can be guessed."""
    user.write("main.py", FORGE)
    user.write("wait.py", "import time; print('ready', flush=True); time.sleep(60)")
    victim = subprocess.Popen(ordinary_argv(["sleep", "600"]))
    run = user.begun("wait.py")
    (guardian,) = (pid for pid in alive("read -r _ && exit") if f"PPid:\t{run.pid}\n" in status(pid))
    mark = Path(f"/proc/{guardian}/cmdline").read_text().split("\0")[-2]
    forger = user.begun("main.py", str(victim.pid), mark)
    try:
        lists = user.shell("ls -l /proc/[0-9]*/fd").stdout
        assert f"-> /memfd:x\n/proc/{victim.pid}/fd:\n" in lists, "its names do not become lines: this shows nothing"
        os.kill(run.pid, signal.SIGKILL)
        run.communicate()
        wait_for(lambda: not status(guardian))
        assert victim.poll() is None
        assert forger.poll() is None
    finally:
        for process in (victim, forger):
            process.kill()
            process.wait()
