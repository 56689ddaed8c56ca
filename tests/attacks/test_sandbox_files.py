"""Programs that swap names while we look at the files of a sandbox, change and copy them: nothing outside is reached.

A process of the ordinary user's swaps a folder for a link that leads out, as fast as it can, and back. Each thing that
is done meanwhile ends well or with an error for who asked; what is outside is never read, written, moved, listed or
removed. Where links are followed, the same attacks succeed.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jhansi_runner.runner.sandboxes import archive, incoming, opening, tree
from jhansi_runner.runner.sandboxes.copying import copied
from jhansi_runner.runner.sandboxes.errors import SandboxError
from jhansi_runner.runner.sandboxes.packing import pack
from jhansi_runner.runner.sandboxes.tree import entries, entry, open_file, opened, usage
from jhansi_runner.runner.sandboxes.writing import Writing, remove
from support.archives import descriptor, made
from support.odd_trees import as_ordinary_user
from support.ordinary import ordinary_argv, ordinary_home
from support.sandbox_homes import new_home
from support.scale import sized

pytestmark = pytest.mark.attack

SECONDS = sized(1, 30)
PATIENCE = 90
MOST = 1 << 24
SECRET = b"kept"


@contextlib.contextmanager
def swapping(work: Path) -> Iterator[None]:
    """A process that swaps `folder` for a link, and `file` for one, until the end."""
    pid = os.fork()
    if pid == 0:
        os.chdir(work)
        with contextlib.suppress(BaseException):
            for number in itertools.count():
                for name, outside in (("folder", "../../outside"), ("file", "../../outside/secret")):
                    swap(name, outside, f"{name}.{number}")
        os._exit(0)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def swap(name: str, outside: str, aside: str) -> None:
    """Put a link in the place of a name, and then the name back; whatever we have done to it meanwhile."""
    steps: tuple[Callable[[], object], ...] = (
        lambda: os.symlink(outside, "link"),
        lambda: os.rename(name, aside),
        lambda: os.rename("link", name),
        lambda: os.unlink(name),
        lambda: os.rename(aside, name),
        lambda: shutil.rmtree(aside) if os.path.isdir(aside) else os.unlink(aside),
    )
    for step in steps:
        with contextlib.suppress(OSError):
            step()
    lay(Path("."))


def lay(work: Path) -> None:
    """What is swapped, where it is missing."""
    with contextlib.suppress(OSError):
        (work / "folder").mkdir()
    for name in ("folder/secret", "folder/x", "file"):
        with contextlib.suppress(OSError), open(work / name, "xb") as file:
            file.write(b"inside")


def held(action: Callable[[Path], None], home: Path) -> bool:
    """Do something once; whether it was done. AssertionError when what is outside was reached."""
    try:
        action(home)
    except SandboxError as error:
        if error.status >= 500:
            raise
        return False
    finally:
        assert os.listdir("outside") == ["secret"]
        assert Path("outside/secret").read_bytes() == SECRET
    return True


def attacked(action: Callable[[Path], None]) -> None:
    """Do something again and again while names are swapped; both outcomes have to be seen, or it was no attack."""

    def act() -> None:
        home = new_home(Path("."))
        outcomes: set[bool] = set()
        until = time.monotonic() + SECONDS
        lay(home / "work")
        with swapping(home / "work"):
            while time.monotonic() < until or len(outcomes) < 2:
                assert time.monotonic() < until + PATIENCE, outcomes
                outcomes.add(held(action, home))
        assert not (home / "incoming").exists() or os.listdir(home / "incoming") == []

    in_a_place_of_its_own(act)


def succeeds(action: Callable[[Path], None]) -> None:
    """See that the attack succeeds where links are followed."""

    def act() -> None:
        for module in (opening, archive, tree):
            for name in ("OPEN_FOLDER", "OPEN_FILE"):
                if hasattr(module, name):
                    setattr(module, name, getattr(module, name) & ~os.O_NOFOLLOW)
        home = new_home(Path("."))
        lay(home / "work")
        until = time.monotonic() + PATIENCE
        with swapping(home / "work"):
            while time.monotonic() < until:
                try:
                    held(action, home)
                except AssertionError:
                    return
        pytest.fail("nothing outside was reached")

    in_a_place_of_its_own(act)


def in_a_place_of_its_own(act: Callable[[], None]) -> None:
    with ordinary_home("/dev/shm") as place:
        os.chdir(place)
        try:
            as_ordinary_user(act)
        finally:
            os.chdir("/")


def read(home: Path) -> None:
    with opened(str(home / "work")) as work:
        for path in ("file", "folder/secret"):
            found, file = open_file(work, path)
            data = os.read(file, 100)
            os.close(file)
            assert (found.kind, data) == ("file", b"inside")
        entry(work, "folder/secret")


def look(home: Path) -> None:
    with opened(str(home / "work")) as work:
        usage(work)
        assert {each.size for each in entries(work, deep=True)} <= {0, len(b"inside")}
        assert SECRET not in b"".join(pack(work, most=MOST))
        assert {each.path for each in entries(work, "folder")} <= {"folder/secret", "folder/x", "folder/y"}
        assert "folder/x" in {each.path for each in entries(work, "folder")}


def write(home: Path) -> None:
    for path in ("file", "folder/secret"):
        writing = Writing(str(home), path, most=100)
        writing.add(b"inside")
        writing.commit()


def take_away(home: Path) -> None:
    remove(str(home), "folder/secret")
    remove(str(home), "folder")


def fill(home: Path) -> None:
    with descriptor(made(".tar", {"folder/secret": b"inside", "folder/y/z": b"inside", "file": b"inside"})) as sent:
        archive.unpack(str(home), sent, most=MOST)


def copy(home: Path) -> None:
    with opened(str(home / "work")) as work, copied(work, str(home), most=MOST) as made_of_it:
        for folder, _, files in os.walk(made_of_it.path):
            for name in files:
                path = os.path.join(folder, name)
                assert os.path.islink(path) or Path(path).read_bytes() == b"inside"
        if os.path.islink(f"{made_of_it.path}/folder"):
            raise SandboxError(409, "swapped", "a link was copied as a link")


@pytest.mark.parametrize("action", [read, look, write, take_away, fill, copy])
def test_nothing_outside_is_reached_while_names_are_swapped(action: Callable[[Path], None]) -> None:
    attacked(action)


@pytest.mark.parametrize("action", [read, look, write, take_away, fill])
def test_the_attack_succeeds_where_links_are_followed(action: Callable[[Path], None]) -> None:
    succeeds(action)


def test_a_program_in_a_folder_that_is_removed_does_not_come_out_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder leaves what the program sees while it works there; the kernel lets nobody go up from it then."""
    with ordinary_home("/dev/shm") as place:
        as_ordinary_user(lambda: lay(new_home(Path(place)) / "work"))
        home = Path(place, "sandbox")
        up = "; ".join(f"cat {'../' * levels}{path}" for levels in range(1, 6) for path in ("outside/secret", "busy"))
        shell = f"echo ready; read -r line; {up}; ls .. && echo up; echo made > made; cat made"
        shown = ["--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin", "--symlink", "usr/lib", "/lib"]
        if os.path.isdir("/usr/lib64"):
            shown += ["--symlink", "usr/lib64", "/lib64"]
        inside = ["--unshare-all", "--bind", str(home / "work"), "/sandbox", "--chdir", "/sandbox/folder"]
        argv = ordinary_argv(["bwrap", *shown, *inside, "/bin/sh", "-c", shell])
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd="/", text=True) as program:
            assert program.stdin is not None
            assert program.stdout is not None
            assert program.stdout.readline() == "ready\n"
            (home / "busy").write_text("ours")
            monkeypatch.setattr(incoming, "released", lambda *_: False)  # as if emptying it took long
            remove(str(home), "folder")
            program.stdin.write("go\n")
            program.stdin.close()
            said = program.stdout.read()
        assert said == "made\n"
