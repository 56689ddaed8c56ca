"""In the hands of a batch system: what it signals, and whom it kills, in whatever order, ends the run and is told."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterable
from typing import Any

import pytest

from support.leaks import adopting, descendants
from support.user import User, alive, environ, processes, read_line, wait_for

HEARS = """
import signal, sys
def handler(number, frame):
    print("heard", number, flush=True)
    if number == signal.SIGTERM: sys.exit(43)
for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
    signal.signal(number, handler)
print("ready", flush=True)
while True: signal.pause()
"""
STAYS = "(trap '' HUP TERM; setsid sleep 60011 &); echo ready; sleep 60011"


def ignoring(number: int) -> dict[str, Any]:
    """How to start what is to ignore a signal, as nohup and shells do."""
    return {"preexec_fn": lambda: signal.signal(number, signal.SIG_IGN)}


def family(process: subprocess.Popen[Any]) -> list[int]:
    """A process and all below it, those that it started in other sessions too."""
    return [process.pid, *sorted(descendants(process.pid))]


def guardian_of(process: subprocess.Popen[Any]) -> int:
    below = descendants(process.pid)
    (found,) = [pid for pid, command in processes() if pid in below and b"/proc/[0-9]*/fd" in command]
    return found


def signal_all(pids: Iterable[int], number: int) -> None:
    """Signal them one after the other, as far as they are still there."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def last_run(user: User) -> dict[str, Any]:
    done = user.run("runs", "--json", "--limit", "1", "--workspace", str(user.work))
    return dict(json.loads(done.stdout)["runs"][0])


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT])
def test_a_signal_that_the_runner_was_started_to_ignore_is_none(user: User, number: int) -> None:
    process = user.begun("--", "python3", "-c", HEARS, **ignoring(number))
    process.send_signal(number)
    time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert (out, process.returncode) == (b"heard 15\n", 43), err


def test_a_logout_is_told_to_the_program(user: User) -> None:
    process = user.begun("--", "python3", "-c", HEARS)
    process.send_signal(signal.SIGHUP)
    assert read_line(process) == b"heard 1\n"
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    wait_for(lambda: last_run(user)["state"] == "killed")


def test_a_signal_to_every_process_of_a_job_ends_it_all_and_is_recorded(user: User) -> None:
    with adopting():
        process = user.begun("--", "sh", "-c", STAYS)
        signal_all(family(process), signal.SIGTERM)
        _, err = process.communicate(timeout=60)
        assert process.returncode > 0
        assert b"Traceback" not in err
        wait_for(lambda: not alive("sleep\x0060011"))
    assert last_run(user)["state"] == "ended"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_without_its_guardian_a_run_ends_as_it_would(user: User, number: int) -> None:
    with adopting():
        process = user.begun("--", "sh", "-c", "echo ready; read -r line; exit 7", stdin=subprocess.PIPE)
        os.kill(guardian_of(process), number)
        _, err = process.communicate(b"go\n", timeout=60)
    assert (process.returncode, err) == (7, b"")


def test_when_a_job_is_killed_whole_nothing_is_left_and_the_next_one_works(user: User) -> None:
    with adopting():
        process = user.begun("--", "sh", "-c", STAYS)
        signal_all(family(process), signal.SIGKILL)
        process.communicate(timeout=60)
        wait_for(lambda: not alive("sleep\x0060011"))
        wait_for(lambda: not [pid for pid in descendants() if environ(pid) == b"\0"])  # as bubblewrap is started
    wait_for(lambda: last_run(user)["state"] == "killed")
    assert user.exec("--", "echo", "works").stdout == "works\n"
