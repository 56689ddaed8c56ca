"""Nothing that a program may have written is run on the host: no bubblewrap, uv or Python of the workspace."""

from __future__ import annotations

import os
import shlex
import subprocess

import pytest

from support.ordinary import ordinary_argv
from support.user import User

pytestmark = pytest.mark.attack

PLANT = """
import os
os.makedirs({folder!r}, exist_ok=True)
with open({file!r}, "w") as file: file.write({script!r})
os.chmod({file!r}, 0o755)
"""


def planted(user: User, name: str) -> str:
    """A script that a program left in its workspace; the proof that it ran is in the home folder."""
    file = f"bin/{name}"
    script = f"#!/bin/sh\necho ran > {user.home}/proof\n"
    done = user.python(PLANT.format(folder=os.path.dirname(file), file=file, script=script))
    assert done.returncode == 0, done.stderr
    subprocess.run(ordinary_argv([str(user.work / file)]), check=True)
    proof = user.home / "proof"
    assert proof.read_text() == "ran\n", "it is a working trap"
    proof.unlink()
    return str(user.work / "bin")


@pytest.mark.parametrize("name", ["bwrap", "uv", "python3.12", "python3"])
def test_a_program_of_the_workspace_on_path_is_not_run_on_the_host(user: User, name: str) -> None:
    folder = planted(user, name)
    path = f"{folder}:{user.env['PATH']}"
    for words in (("main.py",), ("--python", "3.12", "main.py"), ("--python", "python3", "main.py")):
        user.exec(*words, env={"PATH": path})
    assert not (user.home / "proof").exists()


def test_an_interpreter_of_the_workspace_is_refused_even_in_a_venv(user: User) -> None:
    folder = planted(user, "python")
    os.rename(folder, user.work / ".venv")
    done = user.exec("--python", ".venv/python", "main.py")
    assert done.returncode == 125
    assert "in a workspace, where a program may have put it" in done.stderr
    assert not (user.home / "proof").exists()


@pytest.mark.parametrize(
    ("setting", "obeyed", "text", "then"),
    [
        ("include.path ../.gitconfig", ".gitconfig", "[core]\n\tfsmonitor = touch {canary}; false\n", "status"),
        ("core.hooksPath .githooks", ".githooks/post-index-change", "#!/bin/sh\ntouch {canary}\n", "add ."),
    ],
)
def test_what_a_repository_leads_to_under_its_usual_names_is_read_only(
    user: User, setting: str, obeyed: str, text: str, then: str
) -> None:
    """Written outside of the sandbox, the same has the host's git run it."""
    user.write(obeyed, "", 0o700)
    user.shell(f"git init -q . && git config {setting}")
    canary = user.root / f"canary-{user.work.name}"
    change = f"printf %s {shlex.quote(text.format(canary=canary))} > {obeyed}"
    done = user.exec("--", "sh", "-c", change)
    assert done.returncode != 0 and "Read-only" in done.stderr, done
    user.shell(f"git {then}")
    assert not canary.exists()
    user.shell(f"{change}; git {then}")
    assert canary.exists(), "shows nothing: git does not run it"
