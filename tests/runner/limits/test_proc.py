"""What processes show of themselves."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from jhansi_runner.runner.limits.proc import Processes

SPAWNING = """
import os, sys, threading
def spawn():
    action = (os.POSIX_SPAWN_OPEN, 9, sys.argv[1], os.O_RDONLY, 0)  # which waits for somebody who writes
    os.posix_spawn('/bin/true', ['true'], {}, file_actions=[action])
spawning = threading.Thread(target=spawn)
sys.stdin.readline()
spawning.start()
spawning.join()
print(flush=True)
sys.stdin.readline()
"""


class Host(Processes):
    """The processes of this host."""

    def __init__(self) -> None:
        super().__init__(0)
        self._proc = os.open("/proc", os.O_RDONLY)


def test_a_thread_waits_for_its_child_of_vfork(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    argv = [sys.executable, "-c", SPAWNING, str(tmp_path / "fifo")]
    processes = Host()
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        assert program.stdin is not None and program.stdout is not None
        assert processes.lenders(str(program.pid)) == 0
        program.stdin.write(b"\n")
        program.stdin.flush()
        until = time.monotonic() + 60
        while processes.lenders(str(program.pid)) == 0 and time.monotonic() < until:
            time.sleep(0.01)
        assert processes.lenders(str(program.pid)) == 1
        os.close(os.open(tmp_path / "fifo", os.O_WRONLY))
        assert program.stdout.readline() == b"\n"
        assert processes.lenders(str(program.pid)) == 0
        program.stdin.close()
    processes.close()
