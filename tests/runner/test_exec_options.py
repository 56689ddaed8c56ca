"""The options of `exec`: arguments, variables, what is shown, which interpreter, and the object of `--json`."""

from __future__ import annotations

import json
import os
import sys

import pytest

from support.ordinary import PYTHON
from support.user import User

SHOW_ARGV = "import sys, json; print(json.dumps(sys.argv))"
SHOW_ENV = "import os; print([os.environ.get(n) for n in ('ONE', 'TWO', 'THREE')])"
KEYS = {
    "run_id", "sandbox_id", "language", "exit_code", "timed_out", "duration_ms", "install_ms", "installed",
    "unlisted_imports", "denied", "limits", "stdout", "stderr", "output",
}  # fmt: skip


def test_arguments_reach_the_program_as_they_are(user: User) -> None:
    given = ["-v", "--json", "--", "", "two words", "new\nline", "*", "$HOME", "ü"]
    assert json.loads(user.python(SHOW_ARGV, *given).stdout) == ["main.py", *given]


def test_a_command_runs_with_its_own_options(user: User) -> None:
    done = user.exec("--", "python3", "-c", SHOW_ARGV, "--timeout", "0")
    assert json.loads(done.stdout) == ["-c", "--timeout", "0"]


def test_variables_come_from_the_option_the_shell_and_the_file(user: User) -> None:
    path = user.write(user.home / "vars", "# no\n\nexport TWO = 'from file'\nTHREE=\"a=b\"\nONE=lost\n")
    user.write("main.py", SHOW_ENV)
    done = user.exec("--env", "ONE=1", "--env-file", str(path), "main.py")
    assert done.stdout == "['1', 'from file', 'a=b']\n"
    assert user.exec("--env=ONE", "main.py", env={"ONE": "shell"}).stdout == "['shell', None, None]\n"


@pytest.mark.parametrize("line", ["NO EQUALS", "1X=2", "=x", "A-B=1", "LD_PRELOAD=x.so", "HTTPS_PROXY=http://x.test"])
def test_a_bad_line_of_a_variables_file_is_named_with_its_place(user: User, line: str) -> None:
    path = user.write(user.home / "vars", f"GOOD=1\n\n{line}\n")
    done = user.exec("--env-file", str(path), "--", "true")
    assert done.returncode == 125
    assert f"{path}:3: " in done.stderr


@pytest.mark.parametrize("given", ["ABSENT", "1=2", "=", "A B=1", "LD_AUDIT=x", "SSL_CERT_FILE=/x", "no_proxy=*"])
def test_a_variable_that_cannot_be_given_is_refused(user: User, given: str) -> None:
    done = user.exec("--env", given, "--", "true")
    assert done.returncode == 125
    assert "--env" in done.stderr


@pytest.mark.parametrize("content", [b"\xff\xfe=1\n", None, b"A=" + b"x" * (2 << 20)])
def test_a_variables_file_that_is_no_text_is_refused(user: User, content: bytes | None) -> None:
    path = user.home / "none" if content is None else user.write(user.home / "vars", content)
    done = user.exec("--env-file", str(path), "--", "true")
    assert (done.returncode, done.stdout) == (125, "")
    assert str(path) in done.stderr


def test_json_has_every_key_of_the_design_and_nothing_else_is_on_stdout(user: User) -> None:
    user.write("main.py", "import sys\nprint('out'); print('err', file=sys.stderr); sys.exit(3)")
    done = user.exec("--json", "--timeout=9", "main.py")
    found = json.loads(done.stdout)
    assert found.keys() >= KEYS
    assert (done.returncode, found["exit_code"], found["timed_out"]) == (3, 3, False)
    assert (found["stdout"], found["stderr"]) == ("out\n", "err\n")
    assert sorted(found["output"].splitlines()) == ["err", "out"]
    assert found["limits"]["timeout"] == 9
    assert found["language"] == "python"
    assert (found["installed"], found["denied"], found["unlisted_imports"]) == ([], [], [])
    assert found["duration_ms"] > 0
    assert found["run_id"]
    assert found["sandbox_id"]


def test_json_of_a_run_that_never_began_has_the_same_keys_and_the_reason(user: User) -> None:
    done = user.exec("--json", "none.py")
    found = json.loads(done.stdout)
    assert found.keys() >= KEYS
    assert (done.returncode, found["exit_code"]) == (127, 127)
    assert "none.py" in found["error"]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--json"], "name the file to run"),
        (["--json", "--"], "name the file to run"),
        (["--json", "--nope", "main.py"], "--nope"),
        (["--nope", "2g", "--json", "main.py"], "--nope"),
        (["--nope", "--json", "--", "true"], "--nope"),
        (["--json=yes", "main.py"], "--json"),
        (["--timeout", "--json"], "name the file to run"),
        (["--json", "--language", "cobol", "main.py"], "--language cobol"),
        (["--json", "--timeout", "soon", "main.py"], "--timeout soon"),
        (["--json", "--python", "9", "main.py"], "--python 9"),
        (["--json", "--env-file", "/no/such", "main.py"], "/no/such"),
    ],
)
def test_json_of_a_mistake_has_the_same_keys_and_the_reason_which_stderr_has_too(
    user: User, words: list[str], reason: str
) -> None:
    user.write("main.py", "print('ran')")
    done = user.exec(*words)
    found = json.loads(done.stdout)
    assert found.keys() >= KEYS
    assert (done.returncode, found["exit_code"]) == (125, 125)
    assert reason in found["error"]
    assert reason in done.stderr
    assert done.stdout.count("\n") == 1


@pytest.mark.parametrize("words", [[], ["--nope", "main.py"], ["--nope", "--", "tool", "--json"]])
def test_a_mistake_without_json_is_told_on_stderr_alone(user: User, words: list[str]) -> None:
    done = user.exec(*words)
    assert (done.returncode, done.stdout) == (125, "")
    assert "Error: " in done.stderr


def test_help_says_that_there_is_no_terminal(user: User) -> None:
    shown = " ".join(user.exec("--help").stdout.split())
    assert "There is no terminal inside" in shown
    assert "a shell shows no prompt" in shown
    assert user.exec("--", "sh", "-c", "test -t 0 || test -t 1 || test -t 2").returncode == 1


def test_json_keeps_the_head_and_the_tail_of_a_flood(user: User) -> None:
    found = user.exec_json("--", "python3", "-c", "print('HEAD' + 'x' * 30_000_000 + 'TAIL')")
    assert found["stdout"].startswith("HEADx")
    assert found["stdout"].endswith("xTAIL\n")
    assert len(found["stdout"]) < 2 << 20
    assert "bytes left out" in found["stdout"]


def test_json_survives_output_that_is_no_text(user: User) -> None:
    found = user.exec_json("--", "python3", "-c", r"import os; os.write(1, b'\xff\x00\x1b[2J')")
    assert found["stdout"] == "\ufffd\0\x1b[2J"


def test_json_tells_of_a_timeout(user: User) -> None:
    found = user.exec_json("--timeout", "0.5", "--", "sleep", "30")
    assert (found["exit_code"], found["timed_out"]) == (124, True)


def test_a_reader_that_wants_no_json_gets_no_traceback(user: User) -> None:
    done = user.shell("$JR exec --json -- true | true")
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


def test_read_shows_a_folder_where_it_is_and_only_to_be_read(user: User) -> None:
    data = user.write(user.home / "data" / "set.csv", "1,2\n")
    look = f"import os; print(open('{data}').read()); open('{data}', 'a')"
    user.write("main.py", look)
    assert "FileNotFoundError" in user.exec("main.py").stderr
    done = user.exec("--read", str(data.parent), "main.py")
    assert done.stdout == "1,2\n\n"
    assert "Read-only file system" in done.stderr
    assert data.read_text() == "1,2\n"


@pytest.mark.parametrize("place", ["/", "/proc", "/etc/passwd", "HOME", "ROOT", "STATE", "AUTHORITY", "/no/such"])
def test_read_refuses_what_would_show_the_host(user: User, place: str) -> None:
    places = {"HOME": user.home, "ROOT": user.root, "STATE": user.state, "AUTHORITY": user.state / "state/authority"}
    done = user.exec("--read", str(places.get(place, place)), "--", "true")
    assert done.returncode == 125
    assert "--read" in done.stderr


def test_python_by_path_and_by_version(user: User) -> None:
    user.write("main.py", "import sys; print(sys.version_info[:2])")
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    for asked in (PYTHON, version):
        done = user.exec("--python", asked, "main.py", env={"PATH": f"{os.path.dirname(PYTHON)}:/bin"})
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("asked", ["2.7", "3.99", "nonsense", "3.11; id", "/bin/ls", "/no/such", "-c", "../x", ""])
def test_a_python_that_is_none_is_refused_by_its_name(user: User, asked: str) -> None:
    done = user.exec(f"--python={asked}", "--", "true")
    assert (done.returncode, done.stdout) == (125, "")
    assert "Traceback" not in done.stderr


def test_a_python_whose_library_is_the_home_folder_is_refused(user: User) -> None:
    """As when it was configured with `--prefix=$HOME`: to show it would be to show every key there."""
    user.write(user.home / ".ssh/id_test", "CANARY")
    answer = f'printf "%s\\n" 3.11.2 cpython-311 linux-x86_64 {PYTHON} {user.home}'
    fake = user.write(user.home / "bin/python3", f"#!/bin/sh\n{answer}\n", 0o755)
    done = user.exec("--python", str(fake), "--", "cat", str(user.home / ".ssh/id_test"))
    assert "CANARY" not in done.stdout
    assert done.returncode == 125, done


def test_a_python_that_the_program_may_have_planted_is_not_run_on_the_host(user: User) -> None:
    mark = user.home / "mark"
    user.write("bin/python3.12", f"#!/bin/sh\ntouch {mark}\n", 0o755)
    assert user.exec("--python", "bin/python3.12", "--", "true").returncode == 125
    found = user.exec("--python", "3.12", "--", "true", env={"PATH": f"{user.work}/bin:{user.env['PATH']}"})
    assert found.returncode == 125
    assert not mark.exists()


def test_the_hosts_pip_is_not_started_without_its_package(user: User) -> None:
    done = user.exec("--", "pip3", "install", "six")
    assert done.returncode == 127
    assert any(words in done.stderr for words in ("pip3 is a package of the host's", "there is no command pip3"))


def test_a_value_with_a_nul_in_it_becomes_no_option_of_bubblewrap(user: User) -> None:
    user.write("names.env", b"KEY=a\0--ro-bind\0/\0/host\n")
    done = user.exec("--env-file", "names.env", "--", "ls", "/host")
    assert done.returncode == 125
    assert "NUL" in done.stderr
