"""Repositories and settings in subfolders of the workspace: a program can neither change nor replace them unseen."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from support.hostile import in_run
from support.user import User, read_line, type_in

pytestmark = pytest.mark.attack

TRY = """
import os, shutil
DONE = []
def attempt(name, action):
    try: action(); DONE.append(name)
    except OSError: pass
"""
HOOK = "hooks/pre-commit"


@pytest.fixture(params=["sub/.git", "a/b/c/d/.git", "sub/.venv", "mirror"])
def repository(request: pytest.FixtureRequest, user: User) -> Path:
    """Something in a subfolder that tools obey, with a hook; `mirror` is a bare repository."""
    path = user.work / request.param
    if request.param == "mirror":
        for name in ("HEAD", "objects/x", "refs/x"):
            user.write(path / name, "")
    return user.write(path / HOOK, "original").parent.parent


def test_it_can_neither_be_written_nor_moved_nor_replaced(user: User, repository: Path) -> None:
    path = str(repository.relative_to(user.work))
    top = path.split("/", maxsplit=1)[0]
    attack = f"""{TRY}
attempt('write', lambda: open('{path}/{HOOK}', 'w').write('trojan'))
attempt('add', lambda: open('{path}/new', 'w'))
attempt('chmod', lambda: os.chmod('{path}/{HOOK}', 0o777))
attempt('link', lambda: os.link('{path}/{HOOK}', 'linked'))
attempt('move', lambda: os.rename('{path}', 'moved'))
attempt('remove', lambda: shutil.rmtree('{path}'))
attempt('move what is above', lambda: os.rename('{top}', 'moved'))
attempt('move what is next above', lambda: os.rename(os.path.dirname('{path}') or '{top}', 'moved'))
attempt('swap', lambda: (os.mkdir('copy'), os.rename('copy', '{top}')))
attempt('remove what is above', lambda: shutil.rmtree('{top}'))
RESULT = [DONE, open('{path}/{HOOK}').read()]
"""
    assert in_run(user, attack) == [[], "original"]
    assert (repository / HOOK).read_text() == "original"
    assert not (user.work / "moved").exists()


@pytest.mark.usefixtures("repository")
def test_the_files_beside_it_can_be_written(user: User) -> None:
    user.write("sub/kept.txt", "old")
    user.write("a/b/kept.txt", "old")
    look = """
import os
for folder in ('sub', 'a/b'):
    open(folder + '/kept.txt', 'w').write('new'); os.rename(folder + '/kept.txt', folder + '/renamed.txt')
    os.mkdir(folder + '/made')
RESULT = 0
"""
    assert in_run(user, look) == 0
    assert (user.work / "sub/renamed.txt").read_text() == (user.work / "a/b/renamed.txt").read_text() == "new"


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("os.makedirs('sub/.git/hooks')", "sub/.git"),
        ("open('sub/.envrc', 'w').write('x')", "sub/.envrc"),
        ("os.symlink('/tmp', 'sub/.vscode')", "sub/.vscode"),
        ("os.makedirs('1/2/3/4/.git')", "1/2/3/4/.git"),
        ("[os.makedirs('new/' + name) for name in ('HEAD', 'objects', 'refs')]", "new"),
        ("os.rename('sub', 'other')", "other/old/.gitmodules"),
    ],
)
def test_what_appears_in_a_subfolder_is_told_once(user: User, how: str, told: str) -> None:
    user.folder("sub/old")
    if "rename" in how:
        user.write("attack.py", "open('sub/old/.gitmodules', 'w'); import os; " + how)
    else:
        user.write("attack.py", "import os; " + how)
    found = user.exec_json("attack.py")
    assert found["planted"] == [told]
    user.write("attack.py", "")
    assert user.exec_json("attack.py")["planted"] == [], "it is told once"
    assert user.exec("attack.py").stderr == ""


def test_a_link_in_a_subfolder_that_leads_elsewhere_afterwards_is_told(user: User) -> None:
    user.folder("sub")
    (user.work / "sub/.envrc").symlink_to("mine")
    done = user.python("import os; os.unlink('sub/.envrc'); os.symlink('/tmp/evil', 'sub/.envrc')")
    assert "made or changed sub/.envrc, which tools of this host may obey" in done.stderr


def test_more_repositories_than_are_mounted_are_told_when_they_change(user: User) -> None:
    """Each costs two mounts: 32 of them are read-only, and of the others is told what has changed."""
    for number in range(40):
        user.folder(f"r{number:02}/.git")
    attack = f"{TRY}\nfor n in range(40): attempt(n, lambda: open(f'r{{n:02}}/.git/config', 'w'))\nRESULT = DONE"
    user.write("attack.py", f"{attack}\nprint(RESULT)")
    found = user.exec_json("attack.py")
    changed = json.loads(found["stdout"])
    assert len(changed) == 40 - 32
    assert found["planted"] == [f"r{number:02}/.git" for number in changed]


def test_a_flood_of_folders_neither_hides_what_was_there_nor_goes_unsaid(user: User) -> None:
    hook = user.write(f"z/sub/.git/{HOOK}", "original")
    user.write("attack.py", "import os\nfor n in range(2000): os.makedirs(f'{n}/x')")
    done = user.exec("attack.py")
    assert "warning: the program left more folders or files than are looked through" in done.stderr
    attack = f"{TRY}\nattempt('write', lambda: open('z/sub/.git/{HOOK}', 'w'))\nRESULT = DONE"
    assert in_run(user, attack) == []
    assert hook.read_text() == "original"
    assert "warning" not in user.exec("--", "true").stderr, "it is said once"
    user.shell("rm -rf [0-9]*")
    user.write("attack.py", "import os\nfor n in range(2000): os.makedirs(f'{n}/x')")
    assert any("looked through" in note for note in user.exec_json("attack.py")["notes"])


SWAP = """
import os, sys
print('ready', flush=True)
sys.stdin.read(1)
DONE = []
for old, new in (('sub/.git', 'moved'), ('sub', 'moved')):
    try: os.rename(old, new); DONE.append(old)
    except OSError: pass
print(DONE, flush=True)
sys.stdin.read()
"""

PLANT = """
import os, sys
print('ready', flush=True)
sys.stdin.read(1)
os.symlink('{keys}', 'sub/.git')
print('planted', flush=True)
sys.stdin.read()
"""


def test_who_joins_gets_the_same_protection_and_the_running_program_cannot_swap_what_is_mounted(user: User) -> None:
    user.write(f"sub/.git/{HOOK}", "original")
    user.write("main.py", SWAP)
    first = user.begun("main.py", stdin=subprocess.PIPE)
    try:
        type_in(first, b"x")
        assert read_line(first) == b"[]\n"
        assert user.exec("--", "sh", "-c", f"echo trojan > sub/.git/{HOOK}").returncode != 0
    finally:
        first.communicate()
    assert (user.work / f"sub/.git/{HOOK}").read_text() == "original"


def test_a_name_that_was_removed_on_the_host_meanwhile_is_not_mounted_for_who_joins(user: User) -> None:
    """The user's own `rm` undoes the mounts: a program can then put a link there, which is not followed."""
    keys = user.write(user.home / "keys/id", "canary").parent
    user.folder("sub/.git")
    user.write("main.py", PLANT.format(keys=keys))
    first = user.begun("main.py", stdin=subprocess.PIPE)
    try:
        user.shell("rmdir sub/.git")
        type_in(first, b"x")
        assert read_line(first) == b"planted\n"
        assert os.listdir(user.work / "sub/.git") == ["id"], "the link leads to the key on the host"
        done = user.exec("--", "sh", "-c", "cat sub/.git/id; echo looked")
        assert (done.returncode, done.stdout) == (0, "looked\n")
    finally:
        first.communicate()


def test_a_workspace_that_is_only_read_shows_its_subfolders_as_before(user: User) -> None:
    user.write("main.py", "print(open('sub/.git/config').read())\nopen('sub/x', 'w')")
    user.write("sub/.git/config", "mine")
    user.work.chmod(0o500)
    try:
        done = user.exec("main.py")
    finally:
        user.work.chmod(0o700)
    assert done.stdout == "mine\n"
    assert not (user.work / "sub/x").exists()
