"""What a build sees of its project, which is what a ticket that rests on its answer rests on."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from jhansi_runner.runner import sources, ticket
from jhansi_runner.runner.workspace import Unreadable, Workspace


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("pyproject.toml", "LICENSE", "src/pkg/__init__.py", "reqs/base.txt", "src/pkg/fast.pyx"):
        _write(tmp_path / name, name)
    return tmp_path


def _write(path: Path, text: str = "x") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def workspace(project: Path) -> Workspace:
    return Workspace(str(project), os.open(project, os.O_RDONLY | os.O_DIRECTORY))


def seen(workspace: Workspace, folder: str = "") -> dict[str, bytes]:
    return dict(sources.files(workspace, folder))


def test_texts_and_sources_of_the_project_in_its_folder(workspace: Workspace) -> None:
    names = {"pyproject.toml", "LICENSE", "src/pkg/__init__.py", "reqs/base.txt", "src/pkg/fast.pyx"}
    assert seen(workspace) == {name: name.encode() for name in names}
    assert seen(workspace, "src") == {name[4:]: name.encode() for name in names if name.startswith("src/")}
    assert seen(workspace, "gone") == {}


@pytest.mark.parametrize(
    "name",
    [
        ".git/config.txt", ".env", ".venv/lib/x.py", "node_modules/x/index.json", "src/__pycache__/x.py", "dist/x.txt",
        "build/lib/x.py", "x.egg-info/requires.txt", "deps/six.py", "result.csv", "model.bin", "run.log",
    ],
)  # fmt: skip
def test_what_tools_and_programs_leave_behind_is_not_seen(workspace: Workspace, project: Path, name: str) -> None:
    before = seen(workspace)
    _write(project / name)
    assert seen(workspace) == before


def test_an_environment_under_any_name_is_not_seen(workspace: Workspace, project: Path) -> None:
    before = seen(workspace)
    _write(project / "my-env/pyvenv.cfg")
    _write(project / "my-env/lib/python3/six.py")
    assert seen(workspace) == before


def test_links_pipes_and_large_files_are_not_seen(workspace: Workspace, project: Path) -> None:
    before = seen(workspace)
    _write(project.parent / "secret/key.txt", "secret")
    (project / "link.txt").symlink_to(project.parent / "secret/key.txt")
    (project / "folder").symlink_to(project.parent / "secret")
    os.mkfifo(project / "pipe.txt")
    _write(project / "large.txt", "x" * ((1 << 20) + 1))
    assert seen(workspace) == before


def _many_files(project: Path) -> None:
    (project / "many").mkdir()
    for number in range(sources.MAX_FILES + 1):
        (project / f"many/{number}").touch()


def _many_folders(project: Path) -> None:
    for number in range(sources.MAX_FOLDERS + 1):
        (project / f"many/{number}").mkdir(parents=True)


def _many_bytes(project: Path) -> None:
    for number in range((sources.MAX_BYTES >> 20) + 1):
        _write(project / f"{number}.txt", "x" * (1 << 20))


@pytest.mark.parametrize("fill", [_many_files, _many_folders, _many_bytes])
def test_a_project_that_is_too_large_is_said_to_be(
    workspace: Workspace, project: Path, fill: Callable[[Path], None]
) -> None:
    fill(project)
    with pytest.raises(Unreadable, match="has more than"):
        seen(workspace)
    assert ticket.digest_of(workspace, "sources", "") == ticket.UNREADABLE


def test_a_ticket_changes_with_each_file_that_is_seen_and_with_nothing_else(
    workspace: Workspace, project: Path
) -> None:
    def digest() -> str:
        return ticket.digest_of(workspace, "sources", "")

    known = {digest()}
    for path in [*seen(workspace), "new.py", "VERSION"]:
        _write(project / path, "changed")
        assert digest() not in known
        known.add(digest())
    (project / "VERSION").rename(project / "VERSION2")
    assert digest() not in known
    before = digest()
    _write(project / "out.csv")
    os.utime(project / "LICENSE", (1, 1))
    assert digest() == before


def test_of_a_gradle_build_its_scripts_and_its_own_sources_and_neither_the_programs_nor_what_was_made(
    project: Path, workspace: Workspace
) -> None:
    shown = {"x/build.gradle.kts", "x/settings.gradle", "x/gradle.properties", "x/gradle/libs.versions.toml"}
    shown |= {"x/app/build.gradle", "x/buildSrc/src/main/java/P.java", "x/buildSrc/src/main/groovy/c.gradle"}
    left = {"x/app/src/main/java/A.java", "x/app/build/tmp/made.txt", "x/.gradle/state.txt", "x/gradlew.jar"}
    for name in shown | left:
        _write(project / name)
    assert set(seen(workspace, "x")) == {name[2:] for name in shown}
