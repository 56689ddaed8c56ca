"""bubblewrap before 0.12 follows a link while it makes a mount point: it has to make none where a program can write.

Source: CVE-2026-87766. What it finds there it makes nothing of; that nobody swaps it is `runner/workspace_lock.py`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from support.registry import Upstream
from support.user import User, processes
from support.weakened import weakened

pytestmark = pytest.mark.attack

_ONE = ("--tmpfs", "--dir", "--proc", "--dev", "--remount-ro", "--mqueue")
_TWO = ("--bind", "--ro-bind", "--dev-bind", "--symlink")


def mounted(words: list[str]) -> Iterator[tuple[str, str, str]]:
    """What is put where, in order: the option, the source ("" for none) and the place."""
    for at, word in enumerate(words):
        if word in _TWO:
            yield word, words[at + 1], words[at + 2]
        elif word in _ONE:
            yield word, "", words[at + 1]


def below_writable(words: list[str]) -> Iterator[tuple[str, str]]:
    """What is put below a place that a program can write to: the source, and where that lies on the host."""
    writable: dict[str, str] = {}
    for option, source, place in mounted(words):
        over = max((each for each in writable if place.startswith(each + "/")), key=len, default="")
        if over:
            yield source, writable[over] + place.removeprefix(over)
        if option == "--bind":
            writable[place] = source


def test_all_that_is_mounted_where_a_program_can_write_is_there(user: User, upstream: Upstream) -> None:
    user.policy(upstream.url)
    user.write("requirements.txt", "six\n")
    for name in (
        ".git/config",
        ".envrc",
        "a/b/.git/config",
        "a/c/.npmrc",
        "bare/HEAD",
        "bare/refs/x",
        "bare/objects/x",
    ):
        user.write(name, "")
    (user.work / ".vscode").symlink_to("elsewhere")
    (user.work / "a/d").symlink_to("b")
    user.write("main.py", "import six, time; print('ready', flush=True); time.sleep(60)")
    assert user.exec("--no-install", "--", "true").returncode == 0
    with weakened(user, inline=True):
        running = user.begun("main.py")
        try:
            mark = os.fsencode(user.work)
            command = next(each for _, each in processes() if each.startswith(b"bwrap\0") and mark in each)
        finally:
            running.kill()
            running.communicate()
    found = list(below_writable([os.fsdecode(word) for word in command.split(b"\0")]))
    assert {os.path.relpath(path, user.work) for _, path in found} == {
        ".git", ".envrc", "a", "a/b", "a/c", "a/b/.git", "a/c/.npmrc", "bare"
    }  # fmt: skip
    for source, path in found:
        assert os.path.realpath(path) == path == source, "no link is on the way, and it is the name itself"
        assert os.path.exists(path), "nothing has to be made"
