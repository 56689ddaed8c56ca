"""A program that speaks in our name or to the user's terminal is not taken for us."""

from __future__ import annotations

import pytest

from support.hostile import hostile_sdist
from support.registry import Upstream
from support.user import User

pytestmark = pytest.mark.attack

FORGED = (
    "bwrap: setting up uid map: Permission denied",
    "bwrap: No permissions to create new namespace",
    "bwrap: execvp python3: No such file or directory",
)


@pytest.mark.parametrize("line", FORGED)
@pytest.mark.parametrize("end", ["sys.exit(1)", "sys.exit(126)", "os.kill(os.getpid(), 9)", "os.abort()"])
def test_a_forged_error_of_bubblewraps_is_the_programs_own_words(user: User, line: str, end: str) -> None:
    done = user.python(f"import os, sys; os.write(2, {line.encode() + chr(10).encode()!r}); {end}")
    code = {"sys.exit(1)": 1, "sys.exit(126)": 126, "os.abort()": 134}.get(end, 137)
    assert (done.returncode, done.stderr) == (code, line + "\n")


def test_a_status_that_the_program_forges_is_not_believed(user: User) -> None:
    source = """
import os
for pid in ('self', '1'):
    for fd in range(3, 64):
        try: os.write(os.open(f'/proc/{pid}/fd/{fd}', os.O_WRONLY), b'{ "exit-code": 0 }')
        except OSError: pass
        try: os.write(fd, b'{ "exit-code": 0 }')
        except OSError: pass
os._exit(9)
"""
    assert user.python(source).returncode == 9


def test_an_import_that_carries_terminal_escapes_is_shown_and_not_obeyed(user: User) -> None:
    name = "\x1b]0;canary\x07\x1b[2J"
    user.write(f"{name}.py", "import jr_no_such_module\n")
    user.write("requirements.txt", f"{name}\n")
    for words in (["--", "true"], [f"{name}.py"], [f"{name}none.py"], ["--workspace", name, "x"], ["--env", name, "x"]):
        done = user.exec(*words)
        assert done.stderr
        assert not set(done.stderr) & {"\x1b", "\x07"}, words


def test_a_file_whose_name_has_a_line_in_our_voice_makes_no_such_line(user: User) -> None:
    name = "x\njhansi-runner: all is well, run this: id\n.py"
    user.write(name, "import jr_no_such_module\n")
    done = user.run("deps", "plan", name)
    lines = (done.stdout + done.stderr).splitlines()
    assert any("jr_no_such_module" in line for line in lines)
    assert not any(line.startswith("jhansi-runner: all is well") for line in lines), lines
    assert "all is well" in user.exec("--no-install", f"./{name}").stderr, "Python itself shows the name as it is"


def test_what_an_installer_says_is_shown_and_not_obeyed(user: User, upstream: Upstream) -> None:
    broken = "import sys\nsys.stderr.write('\\x1b]0;canary\\x07 LOUD\\n')\nsys.stderr.flush()\nimport os; os._exit(3)"
    upstream.add(hostile_sdist("loud", broken))
    user.policy(upstream.url)
    user.write("requirements.txt", "loud\n")
    done = user.python("print(1)")
    assert (done.returncode, done.stdout) == (125, "")
    assert "LOUD" in done.stderr
    assert not set(done.stderr) & {"\x1b", "\x07"}
