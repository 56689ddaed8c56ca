"""A copy of a workspace is what the workspace is, or is not there."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import stat
from pathlib import Path

import pytest

from jhansi_runner.runner.sandboxes import copying
from jhansi_runner.runner.sandboxes.copying import Copy, copied
from jhansi_runner.runner.sandboxes.errors import SandboxError
from jhansi_runner.runner.sandboxes.names import DEPTH
from jhansi_runner.runner.sandboxes.tree import opened
from support.odd_trees import OddTree, as_ordinary_user, chain
from support.ordinary import ordinary_home
from support.sandbox_homes import assert_clean, new_home, told

MOST = 64 << 20


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return new_home(tmp_path)


def copy(home: Path, most: int = MOST) -> Copy:
    """Copy the workspace to `copy` beside it."""
    with opened(str(home / "work")) as work, copied(work, str(home), most=most) as made:
        os.rename(made.path, home / "copy")
        return made


def states(top: Path) -> dict[str, object]:
    """What is below a folder: kinds, modes, times, content."""
    found: dict[str, object] = {}
    for folder, _, _ in os.walk(os.fsencode(top)):
        for name in os.listdir(folder):
            path = os.path.join(folder, name)
            status = os.lstat(path)
            kept: object = b""
            if stat.S_ISLNK(status.st_mode):
                kept = os.readlink(path)
            elif stat.S_ISREG(status.st_mode):
                kept = Path(os.fsdecode(path)).read_bytes()
            elif not stat.S_ISDIR(status.st_mode):
                continue
            mode = stat.S_IFMT(status.st_mode) | status.st_mode & 0o777
            found[os.fsdecode(os.path.relpath(path, os.fsencode(top)))] = (mode, status.st_mtime_ns, kept)
    return found


def fill(work: Path) -> None:
    (work / "a/b").mkdir(parents=True)
    (work / "a/b/file").write_bytes(os.urandom(100_000))
    os.utime(work / "a/b/file", ns=(1, 1_000_000_007))
    os.utime(work / "a/b", ns=(1, 1_000_000_009))
    (work / "run").write_text("#!/bin/sh")
    (work / "run").chmod(0o6755)
    (work / "empty").write_text("")
    (work / "out").symlink_to("../../outside/secret")
    (work / "broken").symlink_to("nowhere\n")
    os.mkfifo(work / "pipe")
    os.link(work / "run", work / "again")
    (work / os.fsdecode(b"\xff")).write_text("odd")


def test_a_copy_is_the_same_less_what_is_no_file(home: Path) -> None:
    work = home / "work"
    fill(work)
    made = copy(home)
    assert states(home / "copy") == states(work)
    assert not (home / "copy/pipe").exists()
    assert stat.S_IMODE((home / "copy/run").stat().st_mode) == 0o755
    assert (home / "copy/run").stat().st_ino != (work / "run").stat().st_ino
    assert stat.S_IMODE((work / "run").stat().st_mode) == 0o6755
    assert made.files == len(states(work))
    (home / "copy/a/b/file").write_text("changed")
    assert len((work / "a/b/file").read_bytes()) == 100_000
    assert_clean(home)


@pytest.mark.parametrize("number", [errno.EXDEV, errno.ENOSYS, errno.EINVAL])
def test_a_file_system_that_can_share_nothing_gets_its_bytes(
    home: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuses(*_: object) -> int:
        raise OSError(number, "not here")

    monkeypatch.setattr(fcntl, "ioctl", refuses)
    monkeypatch.setattr(os, "copy_file_range", refuses)
    fill(home / "work")
    copy(home)
    assert states(home / "copy") == states(home / "work")


def test_holes_stay_holes(home: Path) -> None:
    with open(home / "work/sparse", "wb") as file:
        file.seek(1 << 30)
        file.write(b"middle")
        file.truncate(1 << 32)
    if (home / "work/sparse").stat().st_blocks > 1000:
        pytest.skip("this file system has no holes")
    copy(home, most=1 << 20)
    status = (home / "copy/sparse").stat()
    assert status.st_size == 1 << 32
    assert status.st_blocks <= 1000
    with open(home / "copy/sparse", "rb") as file:
        file.seek((1 << 30) - 1)
        assert file.read(8) == b"\0middle\0"


def test_more_than_there_is_room_for_leaves_nothing(home: Path) -> None:
    for name in "abc":
        (home / "work" / name).write_bytes(bytes(range(256)) * 4096)
    with pytest.raises(SandboxError) as error:
        copy(home, most=(3 << 20) - 1)
    assert told(error.value) == (413, "too_large")
    assert not (home / "copy").exists()
    assert_clean(home)
    copy(home, most=3 << 20)


def test_too_many_or_too_deep_leaves_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(str(home / "work")) as top:
        chain(top, DEPTH)
        with copied(top, str(home), most=MOST) as made:
            assert made.files == DEPTH
        chain(top, DEPTH + 1, "e")
        with pytest.raises(SandboxError) as error:
            copy(home)
        assert told(error.value) == (413, "too_large")
    monkeypatch.setattr(copying, "MOST_KEPT", 10)
    with pytest.raises(SandboxError, match="more than 10 files"):
        copy(home)
    assert_clean(home)


def test_a_copy_that_is_not_moved_away_goes_and_so_does_one_of_a_killed_process(home: Path) -> None:
    fill(home / "work")
    with opened(str(home / "work")) as work, copied(work, str(home), most=MOST) as made:
        assert os.path.isdir(made.path)
    assert_clean(home)
    pid = os.fork()
    if pid == 0:
        with opened(str(home / "work")) as work, copied(work, str(home), most=MOST):
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)
    assert os.listdir(home / "incoming")
    copy(home)
    assert_clean(home)


@pytest.mark.parametrize("seed", range(6))
def test_whatever_a_program_grew_is_copied_and_stays_as_it_is(seed: int) -> None:
    def act() -> None:
        home = new_home(Path("."))
        os.mkdir("outside/inner")
        for name in ("outside/file", "outside/inner/file"):
            Path(name).write_text("kept")
        top = os.open(home / "work", os.O_RDONLY)
        OddTree(seed, os.path.abspath("outside")).grow(top, 100)
        with opened(str(home / "work")):  # a program may have closed the whole
            before = modes(home / "work")
        copy(home)
        assert modes(home / "work") == before
        kept = [name for name, mode in before if stat.S_IFMT(mode) in (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK)]
        assert [name for name, _ in modes(home / "copy")] == kept
        assert os.listdir(home / "incoming") == []
        assert [Path("outside", name).read_text() for name in ("secret", "file", "inner/file")] == ["kept"] * 3

    with ordinary_home("/dev/shm") as place:
        os.chdir(place)
        try:
            as_ordinary_user(act)
        finally:
            os.chdir("/")


def test_what_is_closed_is_copied_and_closed_again() -> None:
    def act() -> None:
        home = new_home(Path("."))
        (home / "work/closed/in").mkdir(parents=True)
        (home / "work/closed/in/file").write_text("text")
        for path, mode in (("closed/in/file", 0), ("closed/in", 0o400), ("closed", 0o111)):
            (home / "work" / path).chmod(mode)
        copy(home)
        for top in ("work", "copy"):
            assert stat.S_IMODE((home / top / "closed").stat().st_mode) == 0o111
            (home / top / "closed").chmod(0o700)
            assert stat.S_IMODE((home / top / "closed/in").stat().st_mode) == 0o400
            (home / top / "closed/in").chmod(0o700)
            assert stat.S_IMODE((home / top / "closed/in/file").stat().st_mode) == 0
            (home / top / "closed/in/file").chmod(0o600)
            assert (home / top / "closed/in/file").read_text() == "text"

    with ordinary_home() as place:
        os.chdir(place)
        try:
            as_ordinary_user(act)
        finally:
            os.chdir("/")


def modes(top: Path) -> list[tuple[str, int]]:
    return sorted((each.name, each.stat(follow_symlinks=False).st_mode) for each in os.scandir(top))
