"""Who may run where at a time, and which links lead to a workspace: decided on the host, without a sandbox."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from jhansi_runner.proxy.paths import Paths
from jhansi_runner.runner import obeyed, workspace_lock
from jhansi_runner.runner.errors import FAILED, RunnerError
from jhansi_runner.runner.workspace import Workspace, enclosing, open_workspace, true_path
from jhansi_runner.runner.workspace_lock import hold, is_known
from support.descriptors import descriptors


@pytest.fixture
def folders(tmp_path: Path) -> Paths:
    return Paths({"JHANSI_HOME": str(tmp_path / "state")}, os.getuid(), "host")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """`project`, with `sub/deep` and `other` in it; `projects` is another one; `keys` is nobody's workspace."""
    for name in ("project/sub/deep", "project/other", "projects", "keys"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path


def opened(folder: Path) -> Workspace:
    return open_workspace(str(folder), "/home/nobody", (), ())


@contextmanager
def held(folders: Paths, folder: Path) -> Iterator[list[str]]:
    """A run in a folder: the names that it protects."""
    workspace = opened(folder)
    try:
        lock, names, _ = hold(folders, workspace)
        try:
            yield names
        finally:
            os.close(lock)
    finally:
        os.close(workspace.descriptor)


def refusal(folders: Paths, folder: Path) -> str:
    """Why nothing may run in a folder now."""
    with pytest.raises(RunnerError) as caught, held(folders, folder):
        pass
    assert caught.value.code == FAILED
    assert caught.value.lines
    return str(caught.value)


def test_nothing_starts_below_a_folder_in_which_a_program_runs(folders: Paths, tree: Path) -> None:
    with held(folders, tree / "project"):
        for nested in ("project/sub", "project/sub/deep"):
            said = refusal(folders, tree / nested)
            assert f"a program runs in {tree}/project, which encloses it" in said
            assert f"nothing is run in {tree}/{nested}" in said
    with held(folders, tree / "project/sub/deep"):
        pass


def test_nothing_starts_above_a_folder_in_which_a_program_runs(folders: Paths, tree: Path) -> None:
    with held(folders, tree / "project/sub/deep"):
        for above in ("project/sub", "project"):
            said = refusal(folders, tree / above)
            assert f"a program runs in {tree}/project/sub/deep, which lies in it" in said
    with held(folders, tree / "project"):
        pass


def test_a_nested_workspace_is_refused_above_even_when_its_name_cannot_be_told(folders: Paths, tree: Path) -> None:
    with held(folders, tree / "project/sub"):
        for listed in Path(folders.locks).glob("workspace-*"):
            listed.write_bytes(b"")
        assert "a program runs in another workspace" in refusal(folders, tree / "project")


def test_siblings_and_the_same_workspace_go_on_side_by_side(folders: Paths, tree: Path) -> None:
    with held(folders, tree / "project/sub"), held(folders, tree / "project/other"), held(folders, tree / "projects"):
        with held(folders, tree / "project/sub"):
            pass
        assert "project/sub, which lies in it" in refusal(folders, tree / "project").replace("other", "sub")


def test_a_refused_run_leaves_no_trace(folders: Paths, tree: Path) -> None:
    with held(folders, tree / "project"):
        refusal(folders, tree / "project/sub")
        with held(folders, tree / "project"):
            pass
    before = descriptors()
    with held(folders, tree / "project/sub"):
        refusal(folders, tree / "project")
        with held(folders, tree / "project/sub/"):
            pass
    assert descriptors() <= before


def test_of_two_that_exclude_each_other_one_at_least_gets_in_and_never_both(folders: Paths, tree: Path) -> None:
    running: set[str] = set()
    admitted, met = [0, 0], []
    start = threading.Barrier(2)

    def run(number: int, folder: Path) -> None:
        for _ in range(60):
            start.wait()
            try:
                with held(folders, folder):
                    running.add(folder.name)
                    met.append(len(running))
                    admitted[number] += 1
                    start.wait()
                    running.discard(folder.name)
            except RunnerError:
                start.wait()

    threads = [threading.Thread(target=run, args=each) for each in enumerate([tree / "project", tree / "project/sub"])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(met) == {1}
    assert sum(admitted) == 60


def test_names_are_those_of_the_idle_workspace_whatever_runs_around_it(folders: Paths, tree: Path) -> None:
    (tree / "project/sub/.git").mkdir()
    with held(folders, tree / "project/sub") as first, held(folders, tree / "project/other"):
        (tree / "project/sub/.vscode").mkdir()
        with held(folders, tree / "project/sub") as second:
            assert first == second == [".git"]
    with held(folders, tree / "project/sub") as third:
        assert third == [".git", ".vscode"]


def test_names_in_subfolders_are_listed_with_the_workspace_and_kept_for_those_who_join(
    folders: Paths, tree: Path
) -> None:
    """A folder's name may hold anything but a slash and a NUL; the list still tells which workspace it is of."""
    odd = "a\nb:c \udcff"
    (tree / "project/sub" / odd / ".git").mkdir(parents=True)
    with held(folders, tree / "project/sub") as first:
        assert first == [f"{odd}/.git"]
        (tree / "project/sub/deep/.envrc").touch()
        with held(folders, tree / "project/sub") as second:
            assert second == first
        assert f"a program runs in {tree}/project/sub, which lies in it" in refusal(folders, tree / "project")


@pytest.mark.parametrize("how", ["gone", "a link", "another"])
def test_a_name_that_was_replaced_since_the_list_was_made_is_not_mounted(folders: Paths, tree: Path, how: str) -> None:
    git = tree / "project/sub/.git"
    git.mkdir()
    with held(folders, tree / "project") as first:
        assert first == ["sub/.git"]
        git.rename(tree / "kept")
        if how == "a link":
            git.symlink_to(tree / "keys")
        elif how == "another":
            git.mkdir()
        with held(folders, tree / "project") as second:
            assert second == []


def test_names_found_once_stay_protected_when_there_is_too_much_to_look_through(
    folders: Paths, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tree / "project/sub/.git").mkdir()
    with held(folders, tree / "project"):
        pass
    monkeypatch.setattr(obeyed, "FOLDERS", 1)
    with held(folders, tree / "project") as names:
        assert names == ["sub/.git"]
    (tree / "project/sub/.git").rmdir()
    with held(folders, tree / "project") as names:
        assert names == []


@pytest.mark.parametrize("swap", ["a link", "another folder", "nothing"])
def test_a_folder_that_was_swapped_since_it_was_opened_is_not_mounted(folders: Paths, tree: Path, swap: str) -> None:
    workspace = opened(tree / "project/sub")
    (tree / "project/sub").rename(tree / "project/gone")
    if swap == "a link":
        (tree / "project/sub").symlink_to(tree / "keys")
    elif swap == "another folder":
        (tree / "project/sub").mkdir()
    with pytest.raises(RunnerError, match="was moved or replaced"):
        hold(folders, workspace)
    os.close(workspace.descriptor)


def test_a_folder_above_that_was_swapped_is_not_mounted_either(folders: Paths, tree: Path) -> None:
    """The folder that was opened is still at the end of its path, yet the path has a link in it now."""
    workspace = opened(tree / "project/sub/deep")
    (tree / "project/sub").rename(tree / "project/gone")
    (tree / "project/sub").symlink_to("gone")
    with pytest.raises(RunnerError, match="was moved or replaced"):
        hold(folders, workspace)
    os.close(workspace.descriptor)


def test_a_killed_process_leaves_no_lock_behind(folders: Paths, tree: Path) -> None:
    source = f"""
import os, sys
from jhansi_runner.proxy.paths import Paths
from jhansi_runner.runner.workspace import open_workspace
from jhansi_runner.runner.workspace_lock import hold
folders = Paths({{"JHANSI_HOME": {str(tree / "state")!r}}}, os.getuid(), "host")
hold(folders, open_workspace({str(tree / "project")!r}, "/home/nobody", (), ()))
print("held", flush=True)
sys.stdin.read()
"""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", source], **pipes) as process:  # type: ignore[call-overload]
        assert process.stdout.readline() == b"held\n"
        refusal(folders, tree / "project/sub")
        process.kill()
    with held(folders, tree / "project/sub"):
        pass


def test_a_process_that_is_killed_while_it_is_let_in_stops_nobody(
    folders: Paths, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It had made the list of names, and was not seen to run: the next one finds the workspace idle."""
    (tree / "project/.git").mkdir()

    def broken(*_: object, **__: object) -> list[str]:
        os.close(os.open(workspace_lock._list_file(folders, str(tree / "project")), os.O_CREAT | os.O_WRONLY, 0o600))
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(workspace_lock, "_names", broken)
        with pytest.raises(KeyboardInterrupt), held(folders, tree / "project"):
            pass
    with held(folders, tree / "project") as names:
        assert names == [".git"]


def test_the_names_of_enclosing_folders() -> None:
    assert list(enclosing("/a/b/c")) == ["/a/b", "/a"]
    assert list(enclosing("/a")) == list(enclosing("")) == []


def leads(way: str, *known: Path) -> str:
    return true_path(way, [str(each) for each in known].__contains__)


def test_a_way_leads_where_the_kernel_says(tree: Path) -> None:
    (tree / "short").symlink_to("project/sub")
    (tree / "project/up").symlink_to("../keys/..")
    ways = ["short", "short/deep/..", "short/..", "project//./other/", "project/up/keys", "project/missing", "../../"]
    for way in ways:
        assert leads(f"{tree}/{way}") == os.path.realpath(f"{tree}/{way}"), way
    assert leads("//") == "/"
    assert leads("//tmp/../..//usr") == "/usr"
    assert leads("/proc/self/cwd") == os.getcwd()


def test_a_link_out_of_a_known_workspace_is_refused(tree: Path) -> None:
    project, keys = tree / "project", tree / "keys"
    (project / "planted").symlink_to(keys)
    (project / "sub/first").symlink_to("../planted")
    (tree / "mine").symlink_to("project/sub/first")
    (keys / "in").mkdir()
    for way in ("planted", "planted/in", "sub/first", "planted/in/..", "../mine"):
        assert leads(f"{project}/{way}").startswith(str(keys)), "the link leads nowhere"
        with pytest.raises(RunnerError, match="is a link out of the workspace") as caught:
            leads(f"{project}/{way}", project)
        assert str(keys) in caught.value.lines[0]


def test_links_that_no_program_can_have_planted_are_followed(tree: Path) -> None:
    project = tree / "project"
    (tree / "mine").symlink_to(project)
    (project / "current").symlink_to("other")
    assert leads(f"{tree}/mine/sub", project) == f"{project}/sub"
    assert leads(f"{tree}/mine/current", project) == f"{project}/other", "its target is the workspace's too"


def test_a_link_out_of_the_nearest_known_workspace_is_refused(tree: Path) -> None:
    project = tree / "project"
    (project / "sub/planted").symlink_to("../other")
    assert leads(f"{project}/sub/planted", project) == f"{project}/other"
    with pytest.raises(RunnerError, match=r"out of the workspace .*/project/sub,"):
        leads(f"{project}/sub/planted", project, project / "sub")


def test_links_without_end_are_refused(tree: Path) -> None:
    (tree / "loop").symlink_to("loop")
    with pytest.raises(RunnerError, match="more than 40 links"):
        leads(f"{tree}/loop")


def test_a_workspace_is_known_once_a_run_was_let_in(folders: Paths, tree: Path) -> None:
    assert not is_known(folders, str(tree / "project"))
    with held(folders, tree / "project"):
        pass
    assert is_known(folders, str(tree / "project"))
    with held(folders, tree / "project/sub"):
        refusal(folders, tree / "project")
    assert not is_known(folders, str(tree)), "a folder above is no workspace"
