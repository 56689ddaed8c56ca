"""Names in the workspace that a program swaps for links while the next run starts: our host side follows none."""

from __future__ import annotations

import os
import subprocess
import time

import pytest

from support.hostile import in_run
from support.user import User, alive, read_line, type_in, wait_for

pytestmark = pytest.mark.attack

SWAP = """
import os, sys
print('ready', flush=True)
sys.stdin.read(1)
{action}
print('swapped', flush=True)
sys.stdin.read()
"""


@pytest.fixture
def secret(user: User) -> str:
    """A folder of the user's with a key in it, which both of them can read."""
    return str(user.write(user.home / "keys/id", "canary").parent)


def test_a_git_folder_that_a_running_program_swaps_for_a_link_is_not_mounted(user: User, secret: str) -> None:
    user.write("main.py", SWAP.format(action=f"os.symlink({secret!r}, '.git')"))
    first = user.begun("--timeout", "60", "main.py", stdin=subprocess.PIPE)
    type_in(first, b"x")
    assert read_line(first) == b"swapped\n"
    try:
        assert os.listdir(user.work / ".git") == ["id"], "the link leads nowhere on the host"
        found = user.exec("--", "sh", "-c", "cat .git/id; ls -a .git/")
        assert "canary" not in found.stdout
    finally:
        _, err = first.communicate()
    assert b".git" in err


def test_names_are_protected_as_they_were_when_the_workspace_was_idle(user: User) -> None:
    """A folder that a running program made is nobody's yet: it is not mounted by path for those who join."""
    user.write("main.py", SWAP.format(action="os.mkdir('.vscode')"))
    user.write(".git/config", "mine")
    first = user.begun("--timeout", "60", "main.py", stdin=subprocess.PIPE)
    type_in(first, b"x")
    assert read_line(first) == b"swapped\n"
    try:
        tried = "for d in .git .vscode; do touch $d/new 2>/dev/null && echo wrote $d; done; true"
        assert user.exec("--", "sh", "-c", tried).stdout == "wrote .vscode\n"
    finally:
        first.communicate()


def test_a_flood_of_swaps_never_shows_the_host(user: User, secret: str) -> None:
    flip = f"""
import os
print('ready', flush=True)
while True:
    os.symlink({secret!r}, '.git'); os.unlink('.git'); os.mkdir('.git'); os.rmdir('.git')
"""
    user.write("flip_links.py", flip)
    first = user.begun("--timeout", "100", "flip_links.py")
    deadline = time.monotonic() + 4
    runs = 0
    while time.monotonic() < deadline or (runs < 6 and first.poll() is None):
        done = user.exec("--", "sh", "-c", "cat .git/id; cat /sandbox/.git/id; true")
        assert "canary" not in done.stdout
        runs += done.returncode == 0
    first.kill()
    first.communicate()
    wait_for(lambda: not alive("flip_links.py"))
    assert runs > 5


@pytest.mark.parametrize("name", [".git", ".envrc", "deps", "requirements.txt", "__pycache__"])
def test_a_link_in_the_workspace_leads_nowhere_inside(user: User, secret: str, name: str) -> None:
    (user.work / name).symlink_to(secret)
    look = f"import os\ntry: RESULT = os.listdir('/sandbox/{name}')\nexcept OSError: RESULT = 'nothing'"
    user.write("attack.py", "")
    if name == "requirements.txt":
        assert user.exec("attack.py").returncode == 125
    else:
        assert in_run(user, look) == "nothing"
    assert os.listdir(secret) == ["id"]


def test_a_program_that_replaces_itself_by_a_link_is_not_read_by_the_next_plan(user: User, secret: str) -> None:
    attack = f"import os; os.unlink('main.py'); os.symlink({secret + '/id'!r}, 'main.py')"
    assert user.python(attack).returncode == 0
    done = user.exec("main.py")
    assert done.returncode == 125
    assert "canary" not in done.stdout + done.stderr


def test_a_deep_tree_and_a_million_byte_name_list_do_not_stop_the_next_run(user: User) -> None:
    attack = """
import os
for _ in range(900):
    os.mkdir('d'); os.chdir('d')
os.chdir('/sandbox'); os.mkdir('many')
for n in range(30_000): open(f'many/{n}', 'w').close()
RESULT = 0
"""
    in_run(user, attack)
    done = user.exec("--", "echo", "ran")
    assert (done.returncode, done.stdout) == (0, "ran\n"), done.stderr
    user.shell("rm -rf d many")


def test_a_sparse_terabyte_as_manifest_or_program_is_refused_at_once(user: User) -> None:
    user.write("main.py", "print(1)")
    in_run(user, "import os; os.truncate(os.open('requirements.txt', os.O_CREAT | os.O_RDWR), 1 << 40); RESULT = 0")
    done = user.exec("main.py", timeout=60)  # to read it takes longer
    assert done.returncode == 125
    assert "requirements.txt" in done.stderr


@pytest.mark.parametrize(
    "action", ["os.symlink({secret!r} + '/id', 'vars')", "os.mkfifo('vars')", "os.symlink('folder/vars', 'vars')"]
)
def test_a_program_cannot_choose_what_is_read_as_a_file_of_variables(user: User, secret: str, action: str) -> None:
    user.write(f"{secret}/id", "CANARY=canary\n")
    user.write("folder/vars", "CANARY=own\n")
    user.write("main.py", f"import os\n{action.format(secret=secret)}")
    assert user.exec("main.py").returncode == 0
    done = user.exec("--env-file", "vars", "--", "sh", "-c", "echo $CANARY", timeout=60)
    if "folder" in action:  # a link within the workspace shows nothing that the program has not
        assert (done.stdout, done.returncode) == ("own\n", 0)
    else:
        assert (done.stdout, done.returncode) == ("", 125)
        assert "vars" in done.stderr and "program there may have made it" in done.stderr


def test_a_file_of_variables_may_be_a_pipe_of_the_shells(user: User) -> None:
    done = user.shell("$JR exec --env-file <(sleep 0.2; echo CANARY=1) -- sh -c 'echo $CANARY'")
    assert (done.stdout, done.returncode) == ("1\n", 0), done.stderr
