"""Which names in a workspace tools of the host obey, how far is looked for them, and what of it a run has changed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from jhansi_runner.runner import obeyed
from jhansi_runner.runner.obeyed import Name, Survey, look_up, mounts, planted, protected, survey
from support.descriptors import descriptors

FOLDER, FILE = 0o040000, 0o100000


@pytest.fixture
def top(tmp_path: Path) -> Iterator[int]:
    """The workspace, open."""
    descriptor = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    yield descriptor
    os.close(descriptor)


def make(root: Path, *paths: str) -> None:
    """Folders, for a path that ends in a slash, and empty files."""
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        if path.endswith("/"):
            (root / path).mkdir(exist_ok=True)
        else:
            (root / path).touch()


def folders(*paths: str) -> dict[str, Name]:
    return {path: Name(FOLDER, (1, number)) for number, path in enumerate(paths)}


def test_names_are_found_at_the_top_and_in_folders_below(tmp_path: Path, top: int) -> None:
    make(tmp_path, ".git/", "sub/.git/hooks/", "sub/.envrc", "a/b/c/d/.vscode/", "a/b/plain", "not.git/")
    found = survey(top)
    assert found.whole
    assert set(found.names) == {".git", "sub/.git", "sub/.envrc", "a/b/c/d/.vscode"}
    assert found.names["sub/.git"].kind == FOLDER
    assert found.names["sub/.envrc"].kind == FILE


def test_what_is_not_looked_through(tmp_path: Path, top: int) -> None:
    """Folders too far down, those of installed packages, what is protected as a whole, and what links lead to."""
    make(tmp_path, "1/2/3/4/5/.git/", "node_modules/x/.git/", "__pycache__/.git/", ".venv/x/.git/", "away/x/.git/")
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside/link").symlink_to("../away/x")
    assert set(survey(top).names) == {".venv", "away/x/.git"}


def test_no_descriptor_is_left_open(tmp_path: Path, top: int, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, *(f"{number}/deep/" for number in range(20)), "refs/", "objects/", "HEAD")
    before = descriptors()
    survey(top)
    for bound in ("FOLDERS", "NAMES", "NAMES_EACH", "LEVELS"):
        with monkeypatch.context() as patched:
            patched.setattr(obeyed, bound, 7)
            survey(top)
    assert look_up(top, "1/deep/none") is None
    assert descriptors() <= before


@pytest.mark.parametrize("bound", ["FOLDERS", "NAMES", "NAMES_EACH"])
def test_each_bound_is_kept_and_told(tmp_path: Path, top: int, monkeypatch: pytest.MonkeyPatch, bound: str) -> None:
    make(tmp_path, *(f"{number}/.git/" for number in range(30)))
    assert survey(top).whole
    monkeypatch.setattr(obeyed, bound, 20)
    found = survey(top)
    assert not found.whole
    assert len(found.names) < 30


def test_a_folder_that_cannot_be_opened_makes_the_look_less_than_whole(
    tmp_path: Path, top: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may open any folder, so the refusal is made here."""
    make(tmp_path, "closed/", "open/.git/")
    real = os.open

    def refuse(path: str, flags: int, **more: int) -> int:
        if path == "closed":
            raise PermissionError(13, "Permission denied")
        return real(path, flags, **more)

    monkeypatch.setattr(os, "open", refuse)
    found = survey(top)
    assert not found.whole
    assert set(found.names) == {"open/.git"}


def test_names_at_the_top_are_found_among_any_number(tmp_path: Path, top: int) -> None:
    make(tmp_path, *(f"file{number}" for number in range(obeyed.NAMES_EACH + 50)), ".git/", ".envrc")
    found = survey(top)
    assert not found.whole
    assert {".git", ".envrc"} <= set(found.names)


def test_a_flood_of_folders_does_not_hide_what_was_found_before(tmp_path: Path, top: int) -> None:
    make(tmp_path, "a/b/.git/")
    found = Survey()
    found.whole = False
    found.recall(top, ["a/b/.git", "a/gone/.git"])
    assert set(found.names) == {"a/b/.git"}
    (tmp_path / "a").rename(tmp_path / "moved")
    (tmp_path / "a").symlink_to("moved")
    assert look_up(top, "moved/b/.git") is not None
    assert look_up(top, "a/b/.git") is None, "a link on the way is not followed"


def test_a_bare_repository_is_one_name(tmp_path: Path, top: int) -> None:
    make(tmp_path, "mirror/HEAD", "mirror/objects/", "mirror/refs/heads/.git/", "part/HEAD", "part/objects/")
    assert set(survey(top).names) == {"mirror"}
    assert protected(survey(top).names) == ["mirror"]
    make(tmp_path, "HEAD", "objects/", "refs/")
    names = survey(top).names
    assert set(names) == {"HEAD and objects and refs", "mirror"}
    assert protected(names) == ["mirror"], "the workspace itself stays writable"


def test_folders_and_files_are_protected_and_links_are_not(tmp_path: Path, top: int) -> None:
    make(tmp_path, "a/.git/", "a/.envrc", ".npmrc")
    (tmp_path / "a/.vscode").symlink_to("/etc")
    os.mkfifo(tmp_path / "a/.profile")
    found = survey(top).names
    assert found["a/.vscode"].leads == "/etc"
    assert protected(found) == [".npmrc", "a/.git", "a/.envrc"]


def test_no_more_is_mounted_than_the_bound_and_repositories_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(obeyed, "MOUNTS", 6)
    found = folders("a/.npmrc", "a/.vscode", "a/b/.git", "c/.git", ".npmrc", ".git")
    assert protected(found) == [".git", ".npmrc", "c/.git", "a/b/.git", "a/.vscode"]
    assert len(mounts(protected(found)[2:], "/w", "/sandbox")) == 3 * 6


def test_the_folders_on_the_way_are_mounted_first_and_once() -> None:
    arguments = mounts(["a/b/.git", "a/.envrc", "c/.git"], "/w", "/sandbox")
    rows = [arguments[at : at + 3] for at in range(0, len(arguments), 3)]
    assert rows == [
        ["--bind", "/w/a", "/sandbox/a"],
        ["--bind", "/w/c", "/sandbox/c"],
        ["--bind", "/w/a/b", "/sandbox/a/b"],
        ["--ro-bind", "/w/a/b/.git", "/sandbox/a/b/.git"],
        ["--ro-bind", "/w/a/.envrc", "/sandbox/a/.envrc"],
        ["--ro-bind", "/w/c/.git", "/sandbox/c/.git"],
    ]


@pytest.mark.parametrize(
    ("was", "now", "told"),
    [
        (None, Name(FILE), True),
        (Name(FILE, (1, 2), 5), Name(FILE, (1, 2), 5), False),
        (Name(FILE, (1, 2), 5), Name(FILE, (1, 3), 5), True),
        (Name(FILE, (1, 2), 5), Name(FOLDER, (1, 2), 5), True),
        (Name(FILE, (1, 2), 5), Name(FILE, (1, 2), 6), True),
        (Name(0o120000, (1, 2), 5, "a"), Name(0o120000, (1, 3), 6, "a"), False),
        (Name(0o120000, (1, 2), 5, "a"), Name(0o120000, (1, 2), 5, "b"), True),
        (Name(FILE, (1, 2), 5), None, False),
    ],
)
def test_what_is_told_afterwards(was: Name | None, now: Name | None, *, told: bool) -> None:
    before = {} if was is None else {"a/.envrc": was}
    after = {} if now is None else {"a/.envrc": now}
    assert planted(before, after, []) == (["a/.envrc"] if told else [])


def test_what_is_read_only_changes_by_the_hand_of_others() -> None:
    """Somebody who works on the host while a program runs changes the index of their repository."""
    before, after = {"a/.git": Name(FOLDER, (1, 2), 5)}, {"a/.git": Name(FOLDER, (1, 2), 6)}
    assert planted(before, after, ["a/.git"]) == []
    assert planted(before, {"a/.git": Name(FOLDER, (1, 9), 6)}, ["a/.git"]) == ["a/.git"]
