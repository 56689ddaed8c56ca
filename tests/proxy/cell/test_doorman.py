"""Ushers, with and without a doorman: who opens a doorway, and what remains of them."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from jhansi_runner.proxy.cell import seccomp
from jhansi_runner.proxy.cell.doorman import Doorman
from jhansi_runner.proxy.cell.doorway import CellGone, DoorwayFailed, Usher
from jhansi_runner.proxy.cell.process import Cell, start
from support.user import wait_for

_ARGUMENTS = ["--unshare-all", "--unshare-user", "--die-with-parent", "--proc", "/proc", "--dev", "/dev"]
_ASK = "import socket; print(socket.create_connection(('127.0.0.1', 3128)).recv(9).decode())"


@contextmanager
def _cell(output: int) -> Iterator[Cell]:
    folders = [part for path in ("/usr", "/lib", "/lib64", "/bin") for part in _shown(path)]
    calls = seccomp.program(os.uname().machine)
    with open(os.devnull) as null:
        command = ["/usr/bin/python3", "-I", "-c", _ASK]
        cell = start("/usr/bin/bwrap", [*_ARGUMENTS, *folders], command, (null.fileno(), output, 2), seccomp=calls)
    try:
        assert cell.wait_ready()
        yield cell
    finally:
        cell.kill()
        os.waitpid(cell.pid, 0)
        cell.close()


def _shown(path: str) -> list[str]:
    if os.path.islink(path):
        return ["--symlink", os.readlink(path), path]
    return ["--ro-bind", path, path] if os.path.exists(path) else []


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
    except OSError:
        return []


@pytest.fixture
def doorman() -> Iterator[tuple[Doorman, int]]:
    before = set(_children(os.getpid()))
    made = Doorman()
    (pid,) = set(_children(os.getpid())) - before
    yield made, pid
    made.close()
    os.waitpid(pid, 0)


def _serves(usher: Usher, tmp_path: Path) -> bool:
    """Whether what it opens is the doorway of a cell: its program reads there what we write here."""
    with open(tmp_path / "said", "w+b") as said, _cell(said.fileno()) as cell:
        try:
            listener = socket.socket(fileno=usher.open(cell.init))
        finally:
            usher.close()
        with listener:
            listener.settimeout(20)
            cell.release()
            with listener.accept()[0] as connection:
                connection.sendall(b"welcome")
            while cell.read_status():
                pass
        said.seek(0)
        return said.read() == b"welcome\n"


def test_an_usher_of_our_own_opens_the_doorway_of_a_cell(tmp_path: Path) -> None:
    before = _children(os.getpid())
    assert _serves(Usher(), tmp_path)
    assert _children(os.getpid()) == before


def test_a_doorman_makes_ushers_that_are_its_own_and_end(doorman: tuple[Doorman, int], tmp_path: Path) -> None:
    made, pid = doorman
    before = _children(os.getpid())
    for _ in range(2):
        usher = Usher(made.usher())
        wait_for(lambda: _children(pid))
        assert _serves(usher, tmp_path)
        wait_for(lambda: not _children(pid))
    assert _children(os.getpid()) == before


def test_an_usher_that_nobody_tells_anything_ends(doorman: tuple[Doorman, int]) -> None:
    made, pid = doorman
    usher = Usher(made.usher())
    wait_for(lambda: _children(pid))
    usher.close()
    wait_for(lambda: not _children(pid))


def test_an_usher_that_is_killed_is_replaced_by_one_of_our_own(doorman: tuple[Doorman, int], tmp_path: Path) -> None:
    made, pid = doorman
    usher = Usher(made.usher())
    wait_for(lambda: _children(pid))
    os.kill(_children(pid)[0], signal.SIGKILL)
    wait_for(lambda: not _children(pid))
    assert _serves(usher, tmp_path)


def test_without_its_doorman_there_is_none_to_be_had_and_we_make_one(
    doorman: tuple[Doorman, int], tmp_path: Path
) -> None:
    made, pid = doorman
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert made.usher() == -1
    assert _serves(Usher(made.usher()), tmp_path)


def _none_left(*_: object, **__: object) -> int:
    raise OSError("none left")


@pytest.mark.parametrize("fails", [False, True])
def test_one_that_was_killed_is_started_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: bool) -> None:
    before = set(_children(os.getpid()))
    made = Doorman()
    try:
        made.mend()
        (pid,) = set(_children(os.getpid())) - before
        os.kill(pid, signal.SIGKILL)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        assert made.usher() == -1
        if fails:
            with monkeypatch.context() as patch, pytest.raises(OSError, match="none left"):
                patch.setattr(os, "posix_spawn", _none_left)
                made.mend()
            assert made.usher() == -1
        made.mend()
        (another,) = set(_children(os.getpid())) - before
        usher = Usher(made.usher())
        wait_for(lambda: _children(another))
        wait_for(lambda: _numbers(another) == ["0", "1", "2", "3"])
        assert _serves(usher, tmp_path)
    finally:
        made.close()
    os.waitpid(another, 0)


def test_neither_has_a_descriptor_of_ours(doorman: tuple[Doorman, int]) -> None:
    made, pid = doorman
    usher = Usher(made.usher())
    wait_for(lambda: _children(pid))
    wait_for(lambda: _numbers(pid) == ["0", "1", "2", "3"])  # the usher's it closes when it has made one
    wait_for(lambda: len(_numbers(_children(pid)[0])) == 4)  # its socket, in place of the doorman's
    usher.close()


def _numbers(pid: int) -> list[str]:
    return sorted(os.listdir(f"/proc/{pid}/fd"))


def test_a_process_that_is_gone_has_no_doorway(doorman: tuple[Doorman, int]) -> None:
    made, _ = doorman
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    for usher in (Usher(made.usher()), Usher()):
        with pytest.raises(CellGone):
            usher.open(child)
        usher.close()


def test_the_host_gets_no_doorway(doorman: tuple[Doorman, int]) -> None:
    """Nobody may enter the namespaces that we are in already."""
    made, _ = doorman
    usher = Usher(made.usher())
    with pytest.raises(DoorwayFailed, match=r"setns|Invalid argument"):
        usher.open(os.getpid())
    usher.close()
