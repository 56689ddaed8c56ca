"""A workspace in which hostile code has built whatever it can: the next run there works as ever, or says why not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jhansi_runner.runner.removal import removed
from support.odd_trees import OddTree, as_ordinary_user, chain
from support.scale import sized
from support.user import User

pytestmark = pytest.mark.attack

SECONDS = 60
MANIFESTS = (
    "requirements.txt",
    "pyproject.toml",
    "package.json",
    "go.mod",
    "pom.xml",
    ".git",
    ".envrc",
    "node_modules",
)


def opened(path: Path) -> int:
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY)


def sparse(path: Path) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    os.ftruncate(descriptor, 1 << 42)
    os.close(descriptor)


def closed(path: Path) -> None:
    path.mkdir()
    path.chmod(0)


def deep(path: Path) -> None:
    path.mkdir()
    chain(opened(path), sized(1_000, 10_000))


def wide(path: Path) -> None:
    path.mkdir()
    for number in range(sized(2_000, 1_000_000)):
        os.symlink("/etc/passwd", path / str(number))


KINDS = {"sparse": sparse, "pipe": os.mkfifo, "closed": closed, "deep": deep, "wide": wide}


def assert_runs(user: User) -> None:
    """It runs, within the time; or says in a sentence which name is in the way."""
    for words in (("--", "echo", "ran"), ("main.py",)):
        done = user.exec(*words, timeout=SECONDS)
        assert "Traceback" not in done.stderr
        if done.returncode == 125:
            assert any(name in done.stderr for name in MANIFESTS), done.stderr
        else:
            assert (done.stdout, done.returncode) == ("ran\n", 0), done.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_has_the_name_of_a_manifest_or_of_what_tools_obey(user: User, kind: str) -> None:
    user.write("main.py", "print('ran')")

    def act() -> None:
        for name in MANIFESTS:
            KINDS[kind](user.work / name)

    as_ordinary_user(act)
    try:
        assert_runs(user)
    finally:
        assert all(removed(str(user.work), name, SECONDS) for name in MANIFESTS)


@pytest.mark.parametrize("seed", range(sized(4, 200)))
def test_a_tree_of_whatever_kind(user: User, seed: int) -> None:
    outside = user.write(user.home / f"outside{seed}/file", "canary").parent

    def act() -> None:
        OddTree(seed, str(outside)).grow(opened(user.work), 300)
        user.work.chmod(0o700)

    as_ordinary_user(act)
    removed(str(user.work), "main.py", SECONDS)
    user.write("main.py", "print('ran')")
    assert_runs(user)
    assert removed(str(user.root), user.work.name, SECONDS)
    assert (outside / "file").read_text() == "canary"
