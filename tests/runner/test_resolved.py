"""The lock of a request is kept while something is installed from it; who waits for an install is not fooled."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from jhansi_runner.proxy.cache.pins import pinned
from jhansi_runner.proxy.paths import Paths
from jhansi_runner.runner.resolved import Lock, alone, keep, kept, prune
from support.user import wait_for

DAY = 86400.0
TEXT = f"a==1 --hash=sha256:{'5a' * 32}\r\nodd: \udcff\n"


def name(letter: str) -> str:
    return letter * 64


@pytest.fixture
def folders(tmp_path: Path) -> Paths:
    return Paths({"JHANSI_HOME": str(tmp_path)}, os.getuid(), "host")


def asked(folders: Paths, letter: str, text: str, *, private: bool = False, days: float = 60) -> str:
    """A request that was resolved so many days ago, with its lock file."""
    with alone(folders, name(letter)) as lock:
        keep(folders, name(letter), Lock(text, False, private))
    then = time.time() - days * DAY
    for path in (lock, f"{folders.requests}/{name(letter)}"):
        os.utime(path, (then, then))
    return lock


def installed(folders: Paths, text: str, sandbox: str = "") -> None:
    folder = Path(folders.stored_set("set", sandbox, private=bool(sandbox)))
    folder.mkdir(parents=True)
    (folder / "lock.txt").write_bytes(text.encode("utf-8", "surrogateescape"))


@pytest.mark.parametrize(("built", "private"), [(False, False), (False, True), (True, True)])
def test_a_lock_is_kept_to_the_byte(folders: Paths, *, built: bool, private: bool) -> None:
    assert kept(folders, name("a")) is None
    keep(folders, name("a"), Lock(TEXT, built, private))
    assert kept(folders, name("a")) == Lock(TEXT, built, private)
    Path(folders.requests, name("a")).write_text("other\n")
    assert kept(folders, name("a")) is None


def test_what_nothing_is_installed_from_goes_with_its_lock_file(folders: Paths) -> None:
    lock = asked(folders, "a", TEXT, private=True)
    assert pinned(folders.state) == {"5a" * 32}
    prune(folders, 90 * DAY)
    assert kept(folders, name("a")) is not None
    prune(folders, 30 * DAY)
    assert kept(folders, name("a")) is None
    assert not os.path.exists(lock)
    assert pinned(folders.state) == set()


def test_what_something_is_installed_from_stays(folders: Paths) -> None:
    shared, private = asked(folders, "a", TEXT), asked(folders, "b", "b==2", private=True)
    installed(folders, TEXT)
    installed(folders, "b==2", "0123456789abcdef")
    prune(folders, DAY)
    assert kept(folders, name("a")) and kept(folders, name("b"))
    assert os.path.exists(shared) and os.path.exists(private)


def test_what_is_being_installed_stays(folders: Paths) -> None:
    asked(folders, "a", TEXT)
    with alone(folders, name("a")) as lock:
        prune(folders, DAY)
        assert kept(folders, name("a"))
    prune(folders, DAY)
    assert not os.path.exists(lock)


def test_only_lock_files_of_requests_go(folders: Paths) -> None:
    Path(folders.locks).mkdir(parents=True)
    others = {"running", "workspace-0123"}
    for each in (*others, f"request-{'c' * 32}"):
        Path(folders.locks, each).touch()
        os.utime(Path(folders.locks, each), (0, 0))
    with alone(folders, name("d")):  # an install that just began
        pass
    prune(folders, DAY)
    assert set(os.listdir(folders.locks)) == {*others, f"request-{'d' * 32}"}


def test_where_nothing_was_installed_there_is_nothing_to_do(folders: Paths) -> None:
    prune(folders, DAY)
    assert not os.path.exists(folders.state)


def test_who_waits_for_a_lock_file_that_is_removed_excludes_the_next(folders: Paths) -> None:
    came, go = threading.Event(), threading.Event()

    def install() -> None:
        with alone(folders, name("a")):
            came.set()
            go.wait(20)

    waiter = threading.Thread(target=install)
    with alone(folders, name("a")) as lock:
        inode = os.stat(lock).st_ino
        waiter.start()
        wait_for(lambda: blocked(inode))
        os.unlink(lock)
    assert came.wait(20)
    with pytest.raises(BlockingIOError), alone(folders, name("a"), wait=False):
        pass
    go.set()
    waiter.join()


def blocked(inode: int) -> bool:
    """Whether somebody waits for a lock on a file."""
    rows = Path("/proc/locks").read_text().splitlines()
    return any("->" in row and f":{inode} " in row for row in rows)
