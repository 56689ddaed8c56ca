"""A workspace in a workspace: what runs in the outer one cannot choose what a run in the inner one is shown."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from support.user import Done, User, alive, read_line, type_in, wait_for

pytestmark = pytest.mark.attack

FLIP = """
import ctypes, os, time
if not os.path.lexists('spare'): os.symlink({keys!r}, 'spare')
exchange = ctypes.CDLL(None, use_errno=True).renameat2
end = time.monotonic() + {seconds}
print('ready', flush=True)
while time.monotonic() < end:
    assert exchange(-100, b'sub', -100, b'spare', 2) == 0, os.strerror(ctypes.get_errno())
    {pause}
"""
WAIT = "import sys\nprint('ready', flush=True)\nsys.stdin.read()"
LOOK = ("--", "sh", "-c", "cat id; cat /sandbox/id; echo looked")


@pytest.fixture
def keys(user: User) -> str:
    """A folder of the user's with a key in it, which they can read."""
    return str(user.write(user.home / "keys/id", "canary").parent)


@pytest.fixture
def sub(user: User) -> Path:
    """A folder in the workspace that is used as a workspace too; both have run something."""
    made = user.folder("sub")
    for folder in (user.work, made):
        assert user.exec("--workspace", str(folder), "--", "echo", "ran").stdout == "ran\n"
    return made


def nested(user: User, folder: Path | str) -> Done:
    return user.exec("--workspace", str(folder), *LOOK, cwd="/")


def shows_nothing(done: Done, reason: str) -> bool:
    """It was refused, for a reason that is told."""
    assert "canary" not in done.stdout + done.stderr
    return done.returncode == 125 and reason in done.stderr


def ended(process: subprocess.Popen[bytes]) -> None:
    process.communicate(timeout=60)


def test_the_key_can_be_reached_on_the_host_and_is_shown_to_who_names_its_folder(user: User, keys: str) -> None:
    (user.work / "planted").symlink_to(keys)
    assert user.shell("cat planted/id").stdout == "canary"
    assert nested(user, keys).stdout == "canarycanarylooked\n"


@pytest.mark.parametrize("pause", ["pass", "time.sleep(0.003)"])
def test_a_running_program_cannot_swap_a_workspace_below_it(user: User, keys: str, sub: Path, pause: str) -> None:
    user.write("flip.py", FLIP.format(keys=keys, seconds=600, pause=pause))
    first = user.begun("--no-install", "flip.py")
    met = {f"a program runs in {user.work}": 0, "is a link out of": 0, "cannot be opened": 0}
    try:
        for turn in range(240):
            done = nested(user, sub)
            assert shows_nothing(done, ""), done
            met[next(reason for reason in met if reason in done.stderr)] += 1
            if turn > 24 and met[f"a program runs in {user.work}"] and met["is a link out of"]:
                break
    finally:
        first.send_signal(signal.SIGTERM)
        ended(first)
    assert met[f"a program runs in {user.work}"], f"it was never the folder: {met}"
    assert met["is a link out of"], f"it was never the link: {met}"


def test_a_program_that_starts_or_ends_meanwhile_cannot_swap_it_either(user: User, keys: str, sub: Path) -> None:
    """Both are started at once, and the program ends by itself: all orders come up."""
    user.write("flip.py", FLIP.format(keys=keys, seconds=0.03, pause="pass"))
    assert user.exec("--no-install", "flip.py").returncode == 0
    began = time.monotonic()
    assert user.exec("--no-install", "flip.py").returncode == 0
    whole = time.monotonic() - began
    ran = {"outer": 0, "nested": 0}
    for turn in range(24):
        outer = user.start("--no-install", "flip.py")
        time.sleep(turn / 20 * whole)
        done = nested(user, sub)
        _, words = outer.communicate(timeout=60)
        assert "canary" not in done.stdout, turn
        assert outer.returncode == 0 or b"which lies in it" in words, words
        ran["nested"] += done.returncode == 0
        ran["outer"] += outer.returncode == 0
    assert min(ran.values()) > 0, ran


def test_a_first_run_of_the_outer_workspace_is_seen_too(user: User, keys: str) -> None:
    """No program was ever run there, and the nested run is under way: the outer one is not let in."""
    sub = user.folder("sub")
    user.write("sub/wait.py", WAIT)
    first = user.begun("--workspace", str(sub), "wait.py", stdin=subprocess.PIPE)
    try:
        user.write("flip.py", FLIP.format(keys=keys, seconds=1, pause="pass"))
        done = user.exec("flip.py")
        assert shows_nothing(done, f"a program runs in {sub}, which lies in it"), done
        assert "wait for the program" in done.stderr
    finally:
        ended(first)
    assert user.exec("flip.py").returncode == 0


def test_the_nested_run_waits_for_the_outer_one(user: User, sub: Path) -> None:
    user.write("wait.py", WAIT)
    first = user.begun("wait.py", stdin=subprocess.PIPE)
    try:
        done = nested(user, sub)
        assert shows_nothing(done, f"a program runs in {user.work}, which encloses it"), done
        assert str(sub) in done.stderr
    finally:
        ended(first)
    assert nested(user, sub).returncode == 0


def test_siblings_and_the_same_workspace_run_side_by_side(user: User, sub: Path) -> None:
    user.write("sub/wait.py", WAIT)
    user.folder("sub2")
    first = user.begun("--workspace", str(sub), "wait.py", stdin=subprocess.PIPE)
    try:
        for other in ("sub", "sub2"):
            assert nested(user, user.work / other).stdout == "looked\n", other
    finally:
        ended(first)


def test_a_killed_run_leaves_no_lock_behind(user: User, sub: Path) -> None:
    user.write("wait_killed.py", WAIT)
    first = user.begun("wait_killed.py", stdin=subprocess.PIPE)
    assert nested(user, sub).returncode == 125
    os.killpg(first.pid, signal.SIGKILL)
    ended(first)
    wait_for(lambda: not alive("wait_killed.py"))
    assert nested(user, sub).stdout == "looked\n"


PLANT = """
import os, sys
print('ready', flush=True)
sys.stdin.read(1)
os.rename('sub', 'real'); os.symlink({keys!r}, 'sub')
print('planted', flush=True)
"""


@pytest.fixture
def planted(user: User, keys: str, sub: Path) -> Path:
    """The nested workspace, for which a program left a link to the keys."""
    user.write("plant.py", PLANT.format(keys=keys))
    first = user.begun("plant.py", stdin=subprocess.PIPE)
    type_in(first, b"x")
    assert read_line(first) == b"planted\n"
    ended(first)
    assert (sub / "id").read_text() == "canary"
    return sub


def test_a_link_that_was_planted_earlier_is_not_a_workspace(user: User, keys: str, planted: Path) -> None:
    user.folder(Path(keys) / "deep")
    for way in (planted, f"{planted}/", f"{planted}/deep", f"{planted}/deep/..", f"{user.work}/real/../sub"):
        done = nested(user, way)
        assert shows_nothing(done, f"{planted} is a link out of the workspace {user.work}"), done
        assert f"leads to {os.path.realpath(way)}" in done.stderr
    assert shows_nothing(user.exec("--workspace", "sub", *LOOK), "is a link out of the workspace")


def test_nor_is_it_by_way_of_a_link_of_the_users_own(user: User, planted: Path) -> None:
    mine = user.home / "mine"
    mine.unlink(missing_ok=True)
    mine.symlink_to(planted)
    assert shows_nothing(nested(user, mine), "is a link out of the workspace")


@pytest.mark.parametrize("words", ["exec", "exec --workspace .", "exec --workspace deep/.."])
def test_changing_to_a_planted_link_does_not_make_it_a_workspace(
    user: User, keys: str, planted: Path, words: str
) -> None:
    user.folder(Path(keys) / "deep")
    done = user.shell(f"cd sub && cat id >/dev/null && $JR {words} -- cat id")
    assert shows_nothing(done, f"{planted} is a link out of the workspace {user.work}"), done


@pytest.mark.usefixtures("planted")
def test_who_goes_there_by_its_own_path_gets_it(user: User, keys: str) -> None:
    assert user.shell("cd -P sub && $JR exec -- cat id").stdout == "canary"
    assert user.shell(f"cd sub && $JR exec --workspace {keys} -- cat id").stdout == "canary"
    assert user.exec("--", "cat", "id", cwd=keys, env={"PWD": str(user.work)}).stdout == "canary", "PWD is stale"


@pytest.mark.usefixtures("planted")
@pytest.mark.parametrize("way", ["sub/key.py", "{work}/sub/key.py", "real/../sub/key.py"])
def test_a_program_by_way_of_a_planted_link_is_not_run(user: User, keys: str, way: str) -> None:
    user.write(Path(keys) / "key.py", "print('canary')")
    for options in ([], ["--workspace", str(user.work)]):
        done = user.exec(*options, way.format(work=user.work))
        assert "canary" not in done.stdout
        assert done.returncode == 127
        assert "is not in the workspace" in done.stderr


@pytest.mark.usefixtures("planted")
def test_a_program_that_is_itself_a_planted_link_is_not_shown_the_host(user: User, keys: str) -> None:
    key = user.write(Path(keys) / "key.py", "print('canary')")
    (user.work / "linked.py").symlink_to(key)
    for options in ([], ["--no-install"]):
        done = user.exec(*options, "linked.py")
        assert "canary" not in done.stdout + done.stderr
        assert done.returncode != 0


@pytest.mark.usefixtures("sub")
def test_links_within_the_workspace_go_on_working(user: User) -> None:
    user.write("sub/main.py", "print('ran')")
    (user.work / "current").symlink_to("sub")
    assert user.exec("current/main.py").stdout == "ran\n"
    assert user.shell("cd current && $JR exec main.py").stdout == "ran\n"
    assert user.exec("--workspace", "current", "main.py").stdout == "ran\n"


def test_what_read_shows_cannot_lie_where_a_program_runs(user: User, sub: Path) -> None:
    other = user.folder(user.home / "other")
    words = ("--workspace", str(other), "--read", str(sub), "--", "ls", str(sub))
    assert user.exec(*words).returncode == 0, "while nothing runs there it is shown"
    user.write("wait.py", WAIT)
    first = user.begun("--no-install", "wait.py", stdin=subprocess.PIPE)
    assert shows_nothing(user.exec(*words), "could change what --read shows")
    ended(first)
    assert user.exec(*words).returncode == 0


def test_what_read_shows_is_not_found_through_a_planted_link(user: User, keys: str) -> None:
    other = user.folder(user.home / "other")
    assert user.exec("--", "ln", "-s", keys, "planted").returncode == 0
    words = ("--workspace", str(other), "--read", str(user.work / "planted"), "--", "cat", f"{user.work}/planted/id")
    assert shows_nothing(user.exec(*words), "is a link out of the workspace")
