"""Limits of a run, from options and policy to the outcome; ordinary programs do not notice the defaults."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from support.user import User

MUCH = "import time\nkept = [bytearray(b'x' * (1 << 20)) for _ in range(200)]\ntime.sleep(10)\n"
WORKERS = """
const { Worker } = require('node:worker_threads')
const done = Array.from({ length: 8 }, () => new Promise(end => new Worker('0', { eval: true }).on('exit', end)))
Promise.all(done).then(() => console.log('ready'))
"""
POOL = """
import concurrent.futures, multiprocessing, threading
with multiprocessing.Pool(8) as pool:
    assert sum(pool.map(abs, range(1000))) == 499500
with concurrent.futures.ThreadPoolExecutor(64) as pool:
    assert sum(pool.map(abs, range(1000))) == 499500
print('ready')
"""
PROGRAMS = {
    "node": ["node", "-e", WORKERS],
    "python3": ["python3", "-c", POOL],
    "java": ["sh", "-c", "java -Xshare:auto -version 2>/dev/null && echo ready"],
    "go": ["sh", "-c", "go env GOOS >/dev/null && echo ready"],
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_ordinary_programs_do_not_notice_the_defaults(program: str, user: User) -> None:
    where = shutil.which(program)
    if where is None:
        pytest.skip(f"there is no {program}")
    language = [] if PROGRAMS[program][0] != "sh" else ["--language", program]
    path = {"PATH": f"{user.env['PATH']}:{Path(where).parent}"}
    found = user.exec_json(*language, "--", *PROGRAMS[program], timeout=120, env=path)
    assert (found["stdout"], found["limits"]["met"], found["limits"]["ended_by"]) == ("ready\n", [], None), found


def test_without_a_word_memory_and_processes_have_the_defaults(user: User) -> None:
    limits = user.exec_json("--", "true")["limits"]
    assert (limits["memory"]["set_by"], limits["processes"]["limit"]) == ("default", 4096)
    assert not {"cpus", "disk", "files", "output", "time"} & limits.keys()
    assert (limits["ended_by"], limits["met"], limits["reason"], limits["note"]) == (None, [], "", "")


def test_what_ended_it_is_said_and_recorded(user: User) -> None:
    user.write("main.py", MUCH)
    done = user.exec("--memory", "64MiB", "main.py")
    assert done.returncode == 137
    assert done.stderr.splitlines()[-1] == (
        "jhansi-runner: killed: the program had more memory than the 64 MiB that it may have; --memory sets this"
    )
    shown = user.run("runs", "--limit", "1").stdout
    assert "137 (memory)" in shown
    run = user.run("runs", "--limit", "1", "--json").stdout
    assert '"ended_by": "memory"' in run and '"set_by": "--memory"' in run


def test_a_limit_of_the_policy_ends_it_and_no_option_raises_it(user: User) -> None:
    path = user.policy("http://127.0.0.1:9/simple/", "limits:\n  memory: 64 MiB\n  time: 90 seconds\n")
    try:
        user.write("main.py", MUCH)
        for _ in range(2):  # the second time by its ticket
            done = user.exec("main.py")
            assert done.returncode == 137 and f"{path}:5 sets this; no option can raise it" in done.stderr
        limits = user.exec_json("--", "true")["limits"]
        assert (limits["memory"]["limit"], limits["time"]) == (
            64 << 20,
            {"limit": 90.0, "set_by": f"{path}:6", "held_by": "runner"},
        )
        for option, asked in (("--memory", "65MiB"), ("--timeout", "91")):
            refused = user.exec(option, asked, "--", "touch", "ran")
            assert refused.returncode == 126 and "is more than the" in refused.stderr, refused
            assert f"that {path}:" in refused.stderr
        assert not (user.work / "ran").exists()
        assert user.exec("--memory", "60MiB", "--timeout", "80", "--", "true").returncode == 0
    finally:
        user.policy("http://127.0.0.1:9/simple/")


def test_a_number_of_files_of_the_policy_ends_it_and_is_recorded(user: User) -> None:
    path = user.policy("http://127.0.0.1:9/simple/", "limits: {files: 100}\n")
    try:
        for _ in range(2):  # the second time by its ticket
            done = user.exec("--", "sh", "-c", "mkdir made; touch $(seq -f made/%g 300); sleep 20")
            assert done.returncode == 137, done
            assert f"the 100 that it may add; {path}:4 sets this; no option can raise it" in done.stderr
            assert user.shell("rm -r made").returncode == 0
        refused = user.exec("--files", "101", "--", "true")
        assert refused.returncode == 126 and f"--files 101 is more than the 100 that {path}:4 allows" in refused.stderr
        assert user.exec("--files", "99", "--", "touch", "one").returncode == 0
        number = user.run("runs", "--limit", "1").stdout.split()
        shown = user.run("runs", "show", next(word for word in number if len(word) == 16)).stdout
        assert "files 99, set by --files, held by watcher" in shown, shown
    finally:
        user.policy("http://127.0.0.1:9/simple/")


def test_a_time_of_the_policy_ends_it(user: User) -> None:
    path = user.policy("http://127.0.0.1:9/simple/", "limits: {time: 1 second}\n")
    try:
        done = user.exec("--", "sleep", "30")
        assert done.returncode == 124 and f"killed after 1 s ({path}:4)" in done.stderr
    finally:
        user.policy("http://127.0.0.1:9/simple/")


def test_where_limits_are_required_nothing_is_parsed_or_installed_without(user: User) -> None:
    user.write("main.py", "import six\n")
    found = user.exec_json("--require-limits", "main.py")
    if not found["limits"].get("strong"):
        assert (found["exit_code"], found["installed"], found["denied"]) == (125, [], [])
        assert "limits are required" in found["error"]


def test_a_policy_that_requires_limits_is_obeyed(user: User) -> None:
    user.policy("http://127.0.0.1:9/simple/", "limits: {required: true}\n")
    try:
        found = user.exec_json("--", "true")
        assert found["limits"].get("strong") or (found["exit_code"], "limits are required" in found["error"]) == (
            125,
            True,
        )
    finally:
        user.policy("http://127.0.0.1:9/simple/")


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--memory", "2", "--memory '2' is no size: write a number and KiB"),
        ("--processes", "none", "--processes none: give a number of processes, such as 500"),
        ("--cpus", "-1", "--cpus -1: give a number of CPUs, such as 1.5"),
        ("--output", "0 B", "--output 0 B is no size that a program could be held to"),
        ("--files", "1 MiB", "--files 1 MiB: give a number of files, such as 100000"),
        ("--disk", "a lot", "--disk 'a lot' is no size"),
    ],
)
def test_a_mistake_is_explained_and_nothing_runs(option: str, value: str, says: str, user: User) -> None:
    done = user.exec(option, value, "--", "touch", "ran")
    assert done.returncode == 125 and says in done.stderr
    assert not Path(user.work, "ran").exists()


def test_temporary_files_get_no_more_room_than_the_program(user: User) -> None:
    script = "df -B1 --output=size /tmp /dev/shm | tail -2"
    assert user.exec_json("--memory", "64MiB", "--", "sh", "-c", script)["stdout"].split() == [str(64 << 20)] * 2
