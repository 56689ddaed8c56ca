"""What is kept for a workspace goes once its folder is gone for certain, and only then; with whatever is in it."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import click.testing
import pytest

from jhansi_runner.proxy.paths import Paths
from jhansi_runner.runner import gone as module
from jhansi_runner.runner.cli_cache import cache as command
from jhansi_runner.runner.gone import forget, gone, is_gone
from jhansi_runner.runner.journal import BEGIN, END, Journal
from jhansi_runner.runner.workspace import Workspace, open_workspace
from jhansi_runner.runner.workspace_lock import hold, is_known
from support.odd_trees import OddTree, as_ordinary_user, chain
from support.ordinary import ORDINARY_GID, ORDINARY_UID, ordinary_home
from support.user import User

DAY = 86400.0
NOW = time.time()


class Home:
    """The state of a user, and workspaces in `work`, of which one is always there."""

    def __init__(self, root: Path) -> None:
        self.folders = Paths({"JHANSI_HOME": str(root / "home")}, os.getuid(), "host")
        self.work, self.outside = root / "work", root / "outside"
        (self.work / "other").mkdir(parents=True)
        self.outside.mkdir()
        (self.outside / "file").write_text("kept")
        self.count = 0

    def workspace(self, name: str, *, age: float = 60, host: str = "", parent: Path | None = None) -> Path:
        """Something ran there so many days ago, and left something."""
        path = (parent or self.work) / name
        path.mkdir(parents=True)
        self.ran(path, age=age, host=host)
        kept = Path(self.private(path), "keep")
        kept.mkdir(parents=True)
        (kept / "link").symlink_to(self.outside)
        os.close(hold(self.folders, self.opened(path))[0])
        return path

    def ran(self, path: Path, *, age: float, host: str = "", ended: bool = True) -> None:
        self.count += 1
        journal = Journal(self.folders.runs)
        began = f"{NOW - age * DAY:.3f}"
        journal.append(BEGIN, [
            ("run", [f"r{self.count}"]), ("sandbox", [self.sandbox(path)]), ("workspace", [str(path)]),
            ("kind", ["file"]), ("program", ["main.py"]), ("arguments", ["0"]), ("began", [began]),
            ("policy", ["ab" * 32]), ("host", [host or os.uname().nodename]),
        ], alive=not ended)  # fmt: skip
        if ended:
            journal.append(END, [("run", [f"r{self.count}"]), ("code", ["0"]), ("ms", ["12"])])
            journal.close()

    def sandbox(self, path: Path) -> str:
        return f"{hash(str(path)) & (1 << 64) - 1:016x}"

    def private(self, path: Path) -> str:
        return self.folders.private(self.sandbox(path))

    def opened(self, path: Path) -> Workspace:
        return open_workspace(str(path), "/home/nobody", (), ())

    def forgotten(self, unused: float = 30) -> list[str]:
        found = gone(self.folders, unused * DAY, lambda: NOW)
        done, whole = forget(self.folders, found)
        assert whole
        assert os.listdir(self.folders.staging) == []
        assert (self.outside / "file").read_text() == "kept"
        return [one.path for one in done]

    def keeps(self, path: Path) -> bool:
        """Whether anything is kept for a workspace. That a program was there stays known: the folder may come back."""
        assert is_known(self.folders, str(path))
        return os.path.lexists(self.private(path))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_one_that_is_gone_is_forgotten_and_one_that_is_there_is_not(home: Home) -> None:
    lost, there = home.workspace("lost"), home.workspace("there")
    lost.rmdir()
    records = Path(home.folders.runs, "journal").read_bytes()
    assert home.forgotten() == [str(lost)]
    assert (home.keeps(lost), home.keeps(there)) == (False, True)
    assert home.forgotten() == []
    assert Path(home.folders.runs, "journal").read_bytes() == records


def test_all_that_had_its_path_is_forgotten(home: Home) -> None:
    """A folder that is made anew has another identity, and its own state."""
    lost = home.workspace("lost")
    lost.rmdir()
    other = home.work / "former"
    home.ran(other, age=90)
    journal = Path(home.folders.runs, "journal")
    os.makedirs(home.private(other))
    assert str(other) in journal.read_text()
    assert home.forgotten() == [str(other), str(lost)]
    assert os.listdir(Path(home.folders.state, "private")) == []


def test_what_was_used_since_stays(home: Home) -> None:
    lost = home.workspace("lost", age=60)
    home.ran(lost, age=20)
    lost.rmdir()
    assert home.forgotten(unused=30) == []
    assert home.keeps(lost)
    assert home.forgotten(unused=10) == [str(lost)]


def test_a_disk_that_is_away_is_not_gone(home: Home) -> None:
    """The folder that should hold the workspace is missing too, or is an empty one to mount on."""
    disk = home.work / "disk"
    one, below = home.workspace("one", parent=disk), home.workspace("below", parent=disk / "projects")
    for each in (one, below, below.parent):
        each.rmdir()
    assert home.forgotten() == []
    disk.rmdir()
    assert home.forgotten() == []
    assert home.keeps(one)
    assert home.keeps(below)


def test_what_cannot_be_read_is_not_gone() -> None:
    with ordinary_home() as root:
        Path(root, "closed/other").mkdir(parents=True)
        os.chown(Path(root, "closed"), ORDINARY_UID, ORDINARY_GID)

        def act() -> None:
            path = os.path.join(root, "closed")
            assert is_gone(f"{path}/lost")
            for mode in (0o000, 0o300, 0o400):
                os.chmod(path, mode)
                assert not is_gone(f"{path}/lost"), oct(mode)

        as_ordinary_user(act)


def test_what_is_something_else_now_is_not_gone(home: Home) -> None:
    for make in (Path.touch, lambda path: path.symlink_to("/nowhere")):
        lost = home.workspace("lost")
        lost.rmdir()
        make(lost)
        assert home.forgotten() == []
        lost.unlink()
        home.forgotten()


def test_another_host_has_other_folders(home: Home) -> None:
    """Homes are shared by hosts, and their scratch disks are not."""
    lost = home.workspace("lost")
    home.ran(lost, age=90, host="elsewhere")
    lost.rmdir()
    assert home.forgotten() == []
    assert home.keeps(lost)


def test_one_in_use_stays_though_its_folder_is_gone(home: Home) -> None:
    lost = home.workspace("lost")
    lock, _, _ = hold(home.folders, home.opened(lost))
    lost.rmdir()
    assert home.forgotten() == []
    assert home.keeps(lost)
    os.close(lock)
    assert home.forgotten() == [str(lost)]


def test_one_with_a_run_that_goes_on_stays(home: Home) -> None:
    """It may install, and is not let into its workspace before that has ended."""
    lost = home.workspace("lost")
    home.ran(lost, age=60, ended=False)
    lost.rmdir()
    assert gone(home.folders, DAY, lambda: NOW) == []


def test_one_that_comes_back_meanwhile_stays(home: Home) -> None:
    lost = home.workspace("lost")
    lost.rmdir()
    found = gone(home.folders, DAY, lambda: NOW)
    lost.mkdir()
    assert forget(home.folders, found) == ([], True)
    assert home.keeps(lost)


def test_what_nobody_knows_the_workspace_of_stays(home: Home) -> None:
    os.makedirs(home.folders.private("0123456789abcdef"))
    assert home.forgotten() == []  # before anything was recorded
    home.workspace("lost").rmdir()
    home.forgotten()
    assert os.path.exists(home.folders.private("0123456789abcdef"))


@pytest.mark.parametrize("sandbox", ["", ".", "..", "../../outside", "/"])
def test_a_record_that_names_another_folder_moves_nothing(
    home: Home, monkeypatch: pytest.MonkeyPatch, sandbox: str
) -> None:
    lost = home.workspace("lost")
    monkeypatch.setattr(home, "sandbox", lambda _: sandbox)
    home.ran(lost, age=60)
    monkeypatch.undo()
    lost.rmdir()
    there = home.workspace("there")
    assert home.forgotten() == [str(lost)]
    assert home.keeps(there)


@pytest.mark.parametrize("seed", range(4))
def test_it_goes_whatever_programs_left_in_it(seed: int) -> None:
    """As an ordinary user, whom permissions stop."""
    with ordinary_home("/dev/shm") as root:

        def act() -> None:
            home = Home(Path(root))
            lost = home.workspace("lost")
            kept = Path(home.private(lost))
            top = os.open(kept / "keep", os.O_RDONLY)
            OddTree(seed, str(home.outside)).grow(top, 300)
            chain(top, 2000)
            os.close(top)
            (kept / "closed/in").mkdir(parents=True)
            for path in (kept / "closed", kept):
                path.chmod(0)
            lost.rmdir()
            assert home.forgotten() == [str(lost)]
            assert not home.keeps(lost)

        as_ordinary_user(act)


def test_a_link_in_its_place_is_not_followed(home: Home) -> None:
    lost = home.workspace("lost")
    kept = Path(home.private(lost))
    kept.rename(home.outside / "moved")
    kept.symlink_to(home.outside / "moved")
    mode = (home.outside / "moved").stat().st_mode
    lost.rmdir()
    assert home.forgotten() == [str(lost)]
    assert (home.outside / "moved/keep/link").is_symlink()
    assert (home.outside / "moved").stat().st_mode == mode


def test_what_takes_too_long_is_gone_on_with(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    lost = home.workspace("lost")
    lost.rmdir()
    monkeypatch.setattr(module, "_REMOVING_SECONDS", -1.0)
    done, whole = forget(home.folders, gone(home.folders, DAY, lambda: NOW))
    assert ([one.path for one in done], whole) == ([str(lost)], False)
    assert not home.keeps(lost)
    assert os.listdir(home.folders.staging) != []
    assert forget(home.folders, []) == ([], True)
    assert os.listdir(home.folders.staging) == []


@pytest.fixture
def told(home: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("JHANSI_HOME", os.path.dirname(home.folders.state))
    return home


def run(*words: str) -> str:
    done = click.testing.CliRunner().invoke(command, ["prune", *words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_prune_forgets_what_was_unused_for_so_long(told: Home) -> None:
    lost = told.workspace("lo\nst")
    lost.rmdir()
    for words in (["--older-than", "1d"], ["--to-size", "0"], ["--unused", "90d"]):
        assert json.loads(run(*words, "--json"))["workspaces"] == []
    would = run("--unused", "30d", "--dry-run")
    assert "would be forgotten: " in would
    assert "/work/lo\\nst, a workspace that is gone" in would
    assert told.keeps(lost)
    assert json.loads(run("--unused", "30d", "--json"))["workspaces"] == [str(lost)]
    assert not told.keeps(lost)
    assert "forgotten" not in run("--unused", "30d")


def test_a_workspace_of_the_real_thing_is_known_and_forgotten(user: User) -> None:
    first = user.exec("--", "true")
    assert first.returncode == 0, first.stderr
    user.folder(user.state / "state/private")
    (sandbox,) = {each["sandbox_id"] for each in json.loads(user.run("runs", "--json").stdout)["runs"]}
    user.write(user.state / f"state/private/{sandbox}/keep/file", "x")
    assert list((user.state / "state/locks").glob("workspace-*"))
    user.folder(user.root / "elsewhere")
    user.work.rename(user.root / "moved")
    kept = user.run("cache", "prune", "--unused", "1m", "--json", cwd=user.root)
    assert json.loads(kept.stdout)["workspaces"] == [], kept
    hasty = "from jhansi_runner.runner import cli_cache; from jhansi_runner.runner import entry; import sys\n"
    hasty += "cli_cache.parse_age = lambda text: 0.0\nentry.main()"
    python = f"{os.path.dirname(user.command[0])}/python"
    user.command = [python, "-I", "-c", hasty]
    done = user.run("cache", "prune", "--unused", "1m", "--json", cwd=user.root)
    assert json.loads(done.stdout)["workspaces"] == [str(user.work)], done
    assert list((user.state / "state/private").iterdir()) == []
    assert list((user.state / "state/locks").glob("workspace-*")), "what comes back is trusted as little as before"
    assert user.run("runs", "verify", cwd=user.root).returncode == 0
