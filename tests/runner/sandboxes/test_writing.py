"""A file comes into a workspace whole or not at all, and a folder goes from it at once."""

from __future__ import annotations

import os
import resource
import shutil
import signal
from pathlib import Path

import pytest

from jhansi_runner.runner.sandboxes.errors import SandboxError
from jhansi_runner.runner.sandboxes.writing import Writing, remove
from support.odd_trees import as_ordinary_user, chain
from support.ordinary import ordinary_home
from support.sandbox_homes import assert_clean, new_home, told


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return new_home(tmp_path)


def write(home: Path, path: str, data: bytes = b"data", *, most: int = 100, executable: bool = False) -> None:
    writing = Writing(str(home), path, most=most, executable=executable)
    writing.add(data)
    writing.commit()


def test_a_file_is_there_when_it_is_whole(home: Path) -> None:
    old = os.umask(0o077)
    try:
        writing = Writing(str(home), "a/b/main.py", most=100)
        writing.add(b"one ")
        writing.add(b"two")
        assert os.listdir(home / "work") == []
        told = writing.commit()
    finally:
        os.umask(old)
    assert (home / "work/a/b/main.py").read_text() == "one two"
    assert (told.path, told.kind, told.size, told.executable) == ("a/b/main.py", "file", 7, False)
    modes = {path: oct((home / "work" / path).stat().st_mode & 0o7777) for path in ("a", "a/b", "a/b/main.py")}
    assert modes == {"a": "0o755", "a/b": "0o755", "a/b/main.py": "0o644"}
    assert_clean(home)


def test_a_file_is_replaced_at_once_with_its_mode(home: Path) -> None:
    write(home, "x", b"old")
    with open(home / "work/x", "rb") as reader:
        write(home, "x", b"new", executable=True)
        assert reader.read() == b"old"
    assert (home / "work/x").read_bytes() == b"new"
    assert oct((home / "work/x").stat().st_mode & 0o7777) == "0o755"


def test_a_link_or_pipe_is_replaced_and_not_written_through(home: Path) -> None:
    os.symlink("../../outside/secret", home / "work/link")
    os.mkfifo(home / "work/pipe")
    for name in ("link", "pipe"):
        write(home, name)
        assert not (home / "work" / name).is_symlink()
        assert (home / "work" / name).read_bytes() == b"data"
    assert_clean(home)


@pytest.mark.parametrize(
    ("path", "status", "name"),
    [("folder", 409, "is_a_folder"), ("file/x", 409, "not_a_folder"), ("link/x", 409, "not_a_folder"),
     ("loop/x", 409, "not_a_folder"), ("../x", 400, "bad_path")],
)  # fmt: skip
def test_what_is_in_the_way_stays(home: Path, path: str, status: int, name: str) -> None:
    (home / "work/folder").mkdir()
    (home / "work/file").write_text("kept")
    os.symlink("../../outside", home / "work/link")
    os.symlink("loop", home / "work/loop")
    with pytest.raises(SandboxError) as error:
        write(home, path)
    assert told(error.value) == (status, name)
    assert (home / "work/file").read_text() == "kept"
    assert sorted(os.listdir(home / "work")) == ["file", "folder", "link", "loop"]
    assert_clean(home)


def test_more_than_there_is_room_for_leaves_what_was(home: Path) -> None:
    write(home, "x", b"old")
    writing = Writing(str(home), "x", most=4)
    writing.add(b"1234")
    with pytest.raises(SandboxError) as error:
        writing.add(b"5")
    assert told(error.value) == (413, "too_large")
    assert (home / "work/x").read_bytes() == b"old"
    assert_clean(home)
    writing.abort()


def test_a_full_disk_is_told_and_leaves_nothing(home: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, hard))
    try:
        with pytest.raises(SandboxError) as error:
            write(home, "x", bytes(1 << 17), most=1 << 20)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    assert told(error.value) == (507, "no_space")
    assert os.listdir(home / "work") == []
    assert_clean(home)


def test_what_a_killed_writer_left_goes_with_the_next_and_what_a_live_one_has_stays(home: Path) -> None:
    live = Writing(str(home), "live", most=100)
    pid = os.fork()
    if pid == 0:
        Writing(str(home), "dead", most=100).add(b"x")
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)
    assert len(os.listdir(home / "incoming")) == 4
    write(home, "next")
    assert len(os.listdir(home / "incoming")) == 2
    live.add(b"there")
    live.commit()
    assert sorted(os.listdir(home / "work")) == ["live", "next"]
    assert_clean(home)


def test_a_sandbox_that_is_gone_meanwhile_is_told(home: Path) -> None:
    writing = Writing(str(home), "x", most=100)
    shutil.rmtree(home / "work")
    for act in (writing.commit, lambda: remove(str(home), "x"), lambda: write(home.parent / "none", "x")):
        with pytest.raises(SandboxError, match="the sandbox is gone") as error:
            act()
        assert error.value.status == 404


def test_an_aborted_file_was_never_there(home: Path) -> None:
    writing = Writing(str(home), "a/x", most=100)
    writing.add(b"x")
    writing.abort()
    writing.abort()
    assert os.listdir(home / "work") == []
    assert_clean(home)
    with pytest.raises(ValueError, match="aborted"):
        writing.commit()


def test_a_file_a_link_and_a_folder_are_removed_and_nothing_that_they_lead_to(home: Path) -> None:
    work = home / "work"
    (work / "a/b").mkdir(parents=True)
    (work / "a/b/file").write_text("")
    os.symlink("../../../outside", work / "a/link")
    os.symlink("../../outside", work / "link")
    (work / "file").write_text("")
    for path in ("file", "link", "a/b", "a"):
        remove(str(home), path)
        assert not os.path.lexists(work / path)
    assert_clean(home)
    for path, code in (("a", 404), ("a/b", 404), ("..", 400)):
        with pytest.raises(SandboxError) as error:
            remove(str(home), path)
        assert error.value.status == code
    os.symlink("../../outside", work / "link")
    with pytest.raises(SandboxError) as error:
        remove(str(home), "link/secret")
    assert told(error.value) == (409, "not_a_folder")
    assert_clean(home)


def test_a_workspace_that_a_program_has_closed_is_opened_for_its_owner() -> None:
    def act() -> None:
        home = new_home(Path("."))
        for mode in (0, 0o400, 0o500, 0o200):
            (home / "work").chmod(mode)
            write(home, "x")
            (home / "work").chmod(mode)
            remove(str(home), "x")

    with ordinary_home() as place:
        os.chdir(place)
        try:
            as_ordinary_user(act)
        finally:
            os.chdir("/")


def test_a_folder_that_is_closed_and_deeper_than_any_request_is_removed() -> None:
    def act() -> None:
        home = new_home(Path("."))
        top = os.open(home / "work", os.O_RDONLY)
        chain(top, 400)
        os.chmod("d", 0, dir_fd=top)
        remove(str(home), "d")
        assert os.listdir(top) == []
        assert_clean(home)

    with ordinary_home("/dev/shm") as place:
        os.chdir(place)
        try:
            as_ordinary_user(act)
        finally:
            os.chdir("/")
