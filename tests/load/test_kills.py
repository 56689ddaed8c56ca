"""A runner that is killed at whatever moment leaves nothing: no process, no lock, no stage; and the next run works."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.leaks import Held, adopting, at_rest, leaked, settled
from support.registry import Upstream
from support.scale import sized
from support.user import User
from support.wheels import make_wheel

POINTS = sized(6, 100)
MAIN = "import {name}, sys, time; print({name}.__version__); time.sleep(600 * len(sys.argv[1:]))"


@pytest.fixture
def served(new_user: User, upstream: Upstream) -> Iterator[tuple[User, Held]]:
    """A user whose proxy serves, and what is held while nothing runs."""
    new_user.env["JHANSI_PROXY_IDLE"] = "300"
    new_user.policy(upstream.url)
    for number in range(POINTS + 1):
        upstream.add(make_wheel(f"jr-{number}", "1.0", size_padding=4 << 20))
    with adopting():
        prepare(new_user, 0)
        assert new_user.exec("main.py").returncode == 0
        yield new_user, at_rest(new_user.root)


def prepare(user: User, number: int) -> None:
    """A workspace of its own, whose program needs a package of its own."""
    user.work = user.folder(user.root / f"work{number}")
    user.write("requirements.txt", f"jr-{number}\n")
    user.write("main.py", MAIN.format(name=f"jr_{number}"))


def killed_after(user: User, seconds: float, *, group: bool) -> None:
    """Start the program, and kill its runner, or all of its process group."""
    process = user.start("main.py", "stay")
    time.sleep(seconds)
    if group:
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.communicate()


def locks_in(folder: Path) -> dict[str, int]:
    """The files below a folder that somebody has a lock on, by path; the journal's are bytes of it."""
    inodes = {path.stat().st_ino: str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    found: dict[str, int] = {}
    for line in Path("/proc/locks").read_text().splitlines():
        inode = int(line.split("->")[-1].split()[-3].rpartition(":")[2])
        if inode in inodes:
            found[inodes[inode]] = found.get(inodes[inode], 0) + 1
    return found


def assert_nothing_left(user: User, before: Held) -> None:
    assert leaked(settled(user.root, before), before) == {}
    assert locks_in(user.state / "state") == {}


def assert_sound(user: User) -> None:
    """The cache is whole; the journal tells of nothing but a writer that was killed while it wrote (ADR 12)."""
    verified = user.run("cache", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    told = user.run("runs", "verify", "--json").stdout
    assert {problem["kind"] for problem in json.loads(told)["problems"]} <= {"torn", "unconfirmed"}, told


def test_a_first_install_is_killed_at_any_moment(served: tuple[User, Held]) -> None:
    user, before = served
    chance = random.Random(5)  # noqa: S311
    prepare(user, 0)
    for number in range(1, POINTS + 1):
        prepare(user, number)
        killed_after(user, chance.uniform(0.01, 2.5), group=number % 2 == 0)
        assert_nothing_left(user, before)
        done = user.exec("main.py")
        assert (done.stdout, done.returncode) == ("1.0\n", 0), done.stderr
        assert os.listdir(user.state / "state/staging") == []
    assert_sound(user)
    assert_nothing_left(user, before)


def test_a_warm_run_is_killed_at_any_moment(served: tuple[User, Held]) -> None:
    user, before = served
    chance = random.Random(6)  # noqa: S311
    prepare(user, 0)
    for number in range(POINTS * 10):
        killed_after(user, chance.uniform(0.02, 0.12), group=number % 2 == 0)
    assert_nothing_left(user, before)
    assert user.exec("main.py").stdout == "1.0\n"
    assert_sound(user)
