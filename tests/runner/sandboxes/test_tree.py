"""What is in a workspace is shown and read as it is, and nothing that it leads to."""

from __future__ import annotations

import os
import socket
import stat
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from jhansi_runner.runner.sandboxes.errors import SandboxError
from jhansi_runner.runner.sandboxes.names import DEPTH, folder_parts, parts
from jhansi_runner.runner.sandboxes.tree import entries, entry, open_file, opened, room, usage
from support.descriptors import descriptors
from support.odd_trees import as_ordinary_user, chain
from support.ordinary import ordinary_home
from support.sandbox_homes import new_home, told


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return new_home(tmp_path) / "work"


@pytest.mark.parametrize(
    "path",
    ["", "/", "/etc/passwd", ".", "..", "a/..", "../a", "a/../b", "a//b", "a/./b", "./a", "a/", "a\0b", "\ud800",
     "x" * 256, "é" * 128, "/".join(["x" * 200] * 20), "a/" * DEPTH + "a"],
)  # fmt: skip
def test_a_path_that_is_not_plainly_below_is_refused(path: str) -> None:
    with pytest.raises(SandboxError) as error:
        parts(path)
    assert told(error.value) == (400, "bad_path")
    assert error.value.hint
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 400


@pytest.mark.parametrize("path", ["a", "a b/c", "..a", "...", ".git/hooks/x", "é/\n", "a\\b", "-rf", "x" * 255, "C:"])
def test_any_other_text_is_a_path(path: str) -> None:
    assert b"/".join(parts(path)).decode() == path
    assert folder_parts(f"{path}/") == folder_parts(path) == parts(path)
    assert folder_parts("") == ()


@pytest.mark.attack
@pytest.mark.parametrize("seconds", [9e18, -9e18])
def test_a_time_that_no_calendar_has_is_told_as_the_nearest(seconds: float) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as work:  # most file systems on disks take less
        Path(work, "odd").touch()
        os.utime(f"{work}/odd", (seconds, seconds))
        with opened(work) as top:
            (found,) = entries(top)
    assert datetime.fromtimestamp(found.modified, UTC).year == (9999 if seconds > 0 else 1)


def test_each_thing_is_told_as_what_it_is(work: Path) -> None:
    (work / "a").mkdir()
    (work / "a/file").write_text("four")
    (work / "a.py").write_text("x")
    (work / "a.py").chmod(0o755)
    os.symlink("../outside", work / "link")
    os.mkfifo(work / "pipe")
    Path(os.fsdecode(os.fsencode(work) + b"/\xff")).write_text("")
    with opened(str(work)) as top:
        flat = {each.path: (each.kind, each.size, each.executable) for each in entries(top)}
        deep = [each.path for each in entries(top, deep=True)]
        below = [each.path for each in entries(top, "a/")]
        one = entry(top, "a/file")
    assert flat == {
        "a": ("folder", 0, False),
        "a.py": ("file", 1, True),
        "link": ("link", 0, False),
        "pipe": ("other", 0, False),
        "\\xff": ("file", 0, False),
    }
    assert deep == ["\\xff", "a", "a/file", "a.py", "link", "pipe"]
    assert below == ["a/file"]
    assert (one.kind, one.size, one.modified) == ("file", 4, (work / "a/file").stat().st_mtime)


def test_a_file_is_read_through_its_descriptor(work: Path) -> None:
    (work / "a").write_text("text")
    with opened(str(work)) as top:
        found, descriptor = open_file(top, "a")
    assert (found.path, found.size) == ("a", 4)
    assert os.read(descriptor, 10) == b"text"
    os.close(descriptor)


@pytest.mark.parametrize(
    ("path", "status", "name"),
    [("none", 404, "not_found"), ("file/none", 409, "not_a_folder"), ("link/secret", 409, "not_a_folder"),
     ("secret", 409, "not_a_folder"), ("pipe", 400, "not_a_file"), ("socket", 400, "not_a_file"),
     ("folder", 400, "not_a_file"), ("../outside/secret", 400, "bad_path")],
)  # fmt: skip
def test_nothing_but_a_file_is_read(work: Path, path: str, status: int, name: str) -> None:
    (work / "file").write_text("")
    (work / "folder").mkdir()
    os.symlink("../../outside", work / "link")
    os.symlink("../../outside/secret", work / "secret")
    assert (work / "secret").read_text() == "kept"
    os.mkfifo(work / "pipe")
    with socket.socket(socket.AF_UNIX) as bound:
        here = os.open(work, os.O_RDONLY)
        bound.bind(f"/proc/self/fd/{here}/socket")
        os.close(here)
    before = descriptors()
    with opened(str(work)) as top, pytest.raises(SandboxError) as error:
        open_file(top, path)
    assert told(error.value) == (status, name)
    assert descriptors() <= before


@pytest.mark.parametrize("path", ["link", "link/", "file", "none"])
def test_nothing_but_a_folder_is_listed(work: Path, path: str) -> None:
    (work / "file").write_text("")
    os.symlink("../../outside", work / "link")
    with opened(str(work)) as top, pytest.raises(SandboxError):
        entries(top, path)


def test_too_many_and_too_deep_are_an_error(work: Path) -> None:
    for number in range(12):
        (work / str(number)).write_text("")
    with opened(str(work)) as top:
        assert len(entries(top, most=12)) == 12
        for ask in (lambda: entries(top, most=11), lambda: usage(top, most=11)):
            with pytest.raises(SandboxError) as error:
                ask()
            assert told(error.value) == (413, "too_large")
        chain(top, DEPTH)
        assert usage(top).files == 12 + DEPTH
        chain(top, DEPTH + 1, "e")
        assert len(entries(top)) == 14
        for ask in (lambda: entries(top, deep=True), lambda: usage(top)):
            with pytest.raises(SandboxError) as error:
                ask()
            assert told(error.value) == (413, "too_large")


def test_what_is_counted_is_what_lies_on_the_disk(work: Path) -> None:
    (work / "full").write_bytes(b"x" * 100_000)
    os.link(work / "full", work / "again")
    with open(work / "sparse", "wb") as file:
        file.truncate(1 << 40)
    blocks = (work / "full").stat().st_blocks * 512
    with opened(str(work)) as top:
        found = usage(top)
        assert found.files == 3
        assert found.size == blocks
        assert room(top, blocks + 1) == 1
        with pytest.raises(SandboxError) as error:
            room(top, blocks)
    assert told(error.value) == (413, "too_large")


def test_what_is_closed_to_us_is_counted_and_not_opened_for_who_asks() -> None:
    def act() -> None:
        os.mkdir("closed")
        Path("closed/file").write_text("")
        Path("secret").write_text("")
        os.chmod("secret", 0)
        os.chmod("closed", 0)
        with opened(".") as top:
            assert [each.path for each in entries(top, deep=True)] == ["closed", "closed/file", "secret"]
            assert usage(top).files == 3
            assert stat.S_IMODE(os.stat("closed").st_mode) == 0
            for ask in (lambda: entries(top, "closed"), lambda: open_file(top, "secret")):
                with pytest.raises(SandboxError) as error:
                    ask()
                assert told(error.value) == (403, "closed")
        os.chmod("closed", stat.S_IRWXU)

    with ordinary_home() as place:
        os.chdir(place)
        try:
            as_ordinary_user(act)
        finally:
            os.chdir("/")
