"""A program that missed a package ends with its own exit code and within its own time, whatever is done about it."""

from __future__ import annotations

import json
import os
from pathlib import Path

from support.registry import Upstream
from support.user import User

HIDDEN = "import importlib, sys\nimportlib.import_module('s' + 'ix')\nprint('found')\n"
TRACE = """\
import sys
sys.stderr.write('Traceback (most recent call last):\\n  File "/sandbox/main.py", line 1, in <module>\\n')
sys.stderr.write("ModuleNotFoundError: No module named 'six'\\n")
"""


def test_what_was_missed_is_installed_and_the_program_run_again(new_user: User, upstream: Upstream) -> None:
    new_user.policy(upstream.url)
    new_user.write("main.py", HIDDEN)
    found = new_user.exec_json("main.py")
    assert (found["exit_code"], found["stdout"]) == (0, "found\n")
    (one,) = found["unlisted_imports"]
    assert (one["package"], one["allowed"], one["installed"]) == ("six", True, True)
    again = new_user.exec("main.py")
    assert (again.stdout, again.stderr) == ("found\n", "")
    new_user.write("main.py", HIDDEN + "print('changed')\n")
    changed = new_user.exec("main.py")
    assert changed.stdout == "found\nchanged\n"
    assert "missing in an earlier run: six" in changed.stderr
    assert "running again" not in changed.stderr


def test_fix_holds_for_those_runs_that_ask_for_it(new_user: User, upstream: Upstream) -> None:
    new_user.policy(upstream.url)
    new_user.write("requirements.txt", "packaging\n")
    new_user.write("main.py", HIDDEN)
    assert new_user.exec("main.py").returncode == 1
    assert new_user.exec("--fix", "main.py").stdout == "found\n"
    repeat = new_user.exec("--fix", "main.py")
    assert (repeat.stdout, repeat.stderr) == ("found\n", "")
    assert new_user.exec("main.py").returncode == 1


def test_nothing_is_asked_of_a_registry_where_a_run_may_not_ask(new_user: User, upstream: Upstream) -> None:
    new_user.policy(upstream.url, "egress: {install: registries, run: none}\n")
    done = new_user.python(TRACE + "sys.exit(3)")
    assert (done.returncode, upstream.requests) == (3, [])
    assert "not installed: six" in done.stderr


def test_all_runs_together_have_the_time_of_one(new_user: User, upstream: Upstream) -> None:
    new_user.policy(upstream.url)
    source = (
        "import time, os\nopen('runs', 'a').write('x')\ntime.sleep(90 if os.path.getsize('runs') > 1 else 1)\n" + HIDDEN
    )
    new_user.write("main.py", source)
    found = new_user.exec_json("--timeout", "20", "main.py")
    assert (found["exit_code"], found["timed_out"]) == (124, True)
    assert (new_user.work / "runs").read_text() == "xx"


def test_a_run_that_timed_out_is_not_run_again(new_user: User, upstream: Upstream) -> None:
    new_user.policy(upstream.url)
    new_user.write(
        "main.py", "open('runs', 'a').write('x')\n" + TRACE + "sys.stderr.flush()\nimport time\ntime.sleep(60)"
    )
    assert new_user.exec("--timeout", "6", "main.py").returncode == 124
    assert (new_user.work / "runs").read_text() == "x"


def test_a_program_that_takes_itself_away_ends_with_its_own_code(user: User) -> None:
    user.write("script", "#!/usr/bin/env python3\nimport os\nos.unlink('script')\n" + TRACE + "sys.exit(5)\n")
    assert user.exec("script").returncode == 5


def test_input_that_was_read_is_not_given_twice(new_user: User, upstream: Upstream) -> None:
    new_user.policy(upstream.url)
    new_user.write("main.py", "import sys\nprint(sys.stdin.readline(), end='')\n" + HIDDEN)
    done = new_user.exec("main.py", input="typed\n")
    assert (done.returncode, done.stdout) == (1, "typed\n")
    assert "run the program once more" in done.stderr
    assert new_user.exec("main.py", input="typed\n").stdout == "typed\nfound\n"


def test_input_from_a_file_is_given_again(new_user: User, upstream: Upstream, tmp_path: Path) -> None:
    new_user.policy(upstream.url)
    new_user.write("main.py", "import sys\nprint(sys.stdin.read(), end='', flush=True)\n" + HIDDEN)
    (tmp_path / "typed").write_text("a\nb\n")
    with open(tmp_path / "typed", "rb") as file:
        done = new_user.exec("main.py", stdin=file)
    assert (done.returncode, done.stdout) == (0, "a\nb\na\nb\nfound\n")


def test_a_command_in_a_crowded_folder_is_not_scanned_for_what_it_says(user: User) -> None:
    for number in range(300):
        user.write(f"m{number}.py", f"import nothing_{number}\n")
    user.write("main.py", TRACE + "sys.exit(4)")
    user.exec("--no-install", "--", "true")
    found = json.loads(user.exec("--json", "--no-install", "--", "python3", "main.py").stdout)
    assert found["exit_code"] == 4
    assert [one["import"] for one in found["unlisted_imports"] if one["import"] == "six"] == ["six"]


def test_a_program_of_another_workspace_is_never_run_on_the_host(user: User) -> None:
    """A program may have put it there, for the folder that is on its user's PATH."""
    other = user.folder(user.root / "other")
    trace = user.root / "ran"
    user.write("main.py", "print(1)")
    made = f"import os\nos.mkdir('bin')\nopen('bin/python3.97', 'w').write('#!/bin/sh\\ntouch {trace}\\n')\n"
    user.write(other / "main.py", made + "os.chmod('bin/python3.97', 0o755)")
    assert user.run("exec", "main.py", cwd=other).returncode == 0
    assert os.access(other / "bin/python3.97", os.X_OK)
    env = {"PATH": f"{other}/bin:{user.env['PATH']}"}
    for version in ("3.97", "3.96"):
        assert user.exec("--python", version, "main.py", env=env).returncode == 125
    assert not trace.exists()
