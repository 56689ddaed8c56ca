"""The same doors where the kernel counts: in control groups that were delegated to an ordinary user."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from support import groups
from support.installation import ordinary_command
from support.ordinary import ordinary_argv
from support.user import User

pytestmark = [
    pytest.mark.attack,
    pytest.mark.skipif(not groups.available(), reason="needs root, and control groups of version 1"),
]

EATER = """
import ctypes, os, sys, time
MIB, AMOUNT = b'x' * (1 << 20), int(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
"""
DOORS = {
    "heap": "kept = [bytearray(MIB) for _ in range(AMOUNT)]",
    "memfd": "file = os.memfd_create('x'); [os.write(file, MIB) for _ in range(AMOUNT)]",
    "pipes": """
kept = [os.pipe() for _ in range(AMOUNT * 16)]
for _, end in kept:
    os.set_blocking(end, False)
    try:
        os.write(end, MIB)
    except OSError:
        pass
""",
    "sockets": """
import socket
kept = [socket.socketpair() for _ in range(AMOUNT * 6)]
for end, _ in kept:
    end.setblocking(False)
    try:
        while True:
            end.send(MIB[:65536])
    except OSError:
        pass
""",
    "shared memory that nobody has attached": """
for _ in range(AMOUNT * 16):
    segment = libc.shmget(0, 1 << 16, 0o1600)
    at = libc.shmat(segment, None, 0)
    libc.memset(ctypes.c_void_p(at), 1, 1 << 16)
    libc.shmdt(ctypes.c_void_p(at))
""",
}


@pytest.fixture(scope="module")
def folders() -> Iterator[list[str]]:
    with groups.delegated() as made:
        yield made


def run(user: User, folders: list[str], *words: str) -> dict[str, Any]:
    """`exec --json` by the user, from a process in those groups."""
    command = shlex.join(ordinary_argv([ordinary_command(), "exec", "--json", *words]))
    done = subprocess.run(
        ["sh", "-c", f"{groups.joining(folders)}; exec {command}"],
        cwd=user.work, env=user.env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize("door", DOORS)
def test_memory_through(door: str, user: User, folders: list[str]) -> None:
    user.write("main.py", EATER + DOORS[door] + "\nos.write(1, b'had it\\n')\nos._exit(0)\n")
    found = run(user, folders, "--memory", "2GiB", "main.py", "100")
    assert (found["stdout"], found["limits"]["strong"], found["limits"]["ended_by"]) == ("had it\n", True, None)
    found = run(user, folders, "--require-limits", "--memory", "50MiB", "main.py", "100")
    assert (found["exit_code"], found["limits"]["ended_by"]) == (137, "memory"), found
    assert found["limits"]["memory"]["held_by"] == "cgroup"
    assert [groups.below(folder) for folder in folders] == [[]] * len(folders)


def test_processes(user: User, folders: list[str]) -> None:
    user.write(
        "main.py", "import os, time\nfor _ in range(10):\n    if os.fork() == 0: time.sleep(30)\nprint('made')\n"
    )
    found = run(user, folders, "--processes", "20", "main.py")
    assert (found["stdout"], found["limits"]["met"]) == ("made\n", [])
    found = run(user, folders, "--processes", "8", "main.py")
    assert (found["stdout"], found["limits"]["met"]) == ("", ["processes"])


def test_cpus(user: User, folders: list[str]) -> None:
    user.write(
        "main.py",
        "import time\nend = time.monotonic() + 1\nwhile time.monotonic() < end: pass\nprint(time.process_time())\n",
    )
    found = run(user, folders, "--cpus", "0.1", "main.py")
    assert float(found["stdout"]) < 0.3 and found["limits"]["cpus"]["held_by"] == "cgroup"


@pytest.mark.parametrize(("files", "ended_by"), [(1, None), (2, "disk")])
def test_disk_is_watched_besides(files: int, ended_by: str | None, user: User, folders: list[str]) -> None:
    source = f"""
import os, time
for _ in range({files}):
    os.write(os.open('.', os.O_TMPFILE | os.O_RDWR), b'x' * (9 << 20))
time.sleep({20 if ended_by else 1})
"""
    user.write("main.py", source)
    found = run(user, folders, "--memory", "1GiB", "--disk", "10MiB", "main.py")
    assert (found["limits"]["ended_by"], found["limits"]["memory"]["held_by"]) == (ended_by, "cgroup")


def test_without_a_word_nobody_waits_for_a_group(user: User, folders: list[str]) -> None:
    found = run(user, folders, "--", "true")
    assert (found["limits"]["memory"]["held_by"], found["limits"]["strong"]) == ("watcher", False)


def test_what_killed_runners_left_is_swept(user: User, folders: list[str]) -> None:
    for folder in folders:
        subprocess.run(ordinary_argv(["mkdir", f"{folder}/jhansi-4194305-left", f"{folder}/somebodys"]), check=True)
    run(user, folders, "--memory", "1GiB", "--", "true")
    assert [groups.below(folder) for folder in folders] == [["somebodys"]] * len(folders)


def test_with_no_group_to_be_had_nothing_runs_that_requires_one(user: User) -> None:
    found = user.exec_json("--require-limits", "--", "touch", "ran")
    assert found["exit_code"] == 125 and "limits are required, and nothing holds a program" in found["error"]
    assert not (user.work / "ran").exists()
