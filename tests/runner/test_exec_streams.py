"""What goes into a program and comes out of it is the user's, byte for byte, and live."""

from __future__ import annotations

import os
import subprocess

import pytest

from support.user import User, alive, read_line, wait_for

ECHO = "import sys\nsys.stdout.buffer.write(sys.stdin.buffer.read())\n"


def test_stdout_and_stderr_stay_apart_and_nothing_of_ours_is_among_them(user: User) -> None:
    done = user.python("import sys; print('out'); print('err', file=sys.stderr)")
    assert (done.stdout, done.stderr, done.returncode) == ("out\n", "err\n", 0)


def test_the_first_line_arrives_while_the_program_still_runs(user: User) -> None:
    user.write("main.py", "import sys\nprint('first')\nprint('last', len(sys.stdin.read()))")
    process = user.start("main.py", stdin=subprocess.PIPE)
    assert read_line(process) == b"first\n"
    assert process.poll() is None
    out, err = process.communicate(b"go")
    assert (out, err, process.returncode) == (b"last 2\n", b"", 0)


def test_stdin_comes_from_a_pipe_whole_and_ends(user: User) -> None:
    data = os.urandom(1 << 20)
    done = user.python(ECHO, input=data, text=False)
    assert done.stdout == data


def test_stdin_comes_from_a_file(user: User) -> None:
    path = user.write(user.home / "input", b"from a file\n" * 50_000)
    with path.open("rb") as file:
        assert user.python(ECHO, stdin=file, text=False).stdout == path.read_bytes()


@pytest.mark.parametrize("redirection", ["</dev/null", "<&-"])
def test_stdin_without_content_is_at_its_end(user: User, redirection: str) -> None:
    user.write("main.py", "import sys; print(repr(sys.stdin.read()))")
    done = user.shell(f"$JR exec main.py {redirection}")
    assert (done.stdout, done.stderr) == ("''\n", "")


def test_a_program_that_does_not_read_ends_although_stdin_stays_open(user: User) -> None:
    user.write("main.py", "print('done')")
    process = user.start("main.py", stdin=subprocess.PIPE)
    assert process.wait(timeout=60) == 0
    process.communicate()


def test_a_program_that_closes_stdin_early_leaves_no_error(user: User) -> None:
    done = user.python("import os, time; os.close(0); time.sleep(0.2); print('ok')", input="x" * (4 << 20))
    assert (done.stdout, done.stderr, done.returncode) == ("ok\n", "", 0)


def test_a_reader_that_goes_away_ends_the_program(user: User) -> None:
    done = user.shell("$JR exec --timeout 90 -- yes jhansi-head | head -n 2; echo ${PIPESTATUS[0]}")
    assert done.stdout == f"jhansi-head\njhansi-head\n{128 + 13}\n"
    wait_for(lambda: not alive("yes\0jhansi-head"))


def test_twenty_megabytes_without_a_newline_pass_whole(user: User) -> None:
    done = user.python("import sys; sys.stdout.write('x' * 20_000_000)", text=False)
    assert len(done.stdout) == 20_000_000
    assert done.stdout.count(b"x") == 20_000_000


def test_bytes_that_are_no_text_pass_unchanged(user: User) -> None:
    source = "import os; os.write(1, bytes(range(256))); os.write(2, b'\\xff\\xfe')"
    done = user.python(source, text=False)
    assert (done.stdout, done.stderr) == (bytes(range(256)), b"\xff\xfe")


def test_two_streams_that_both_flood_do_not_block_each_other(user: User) -> None:
    source = "import os\nfor _ in range(200): os.write(2, b'e' * 65536); os.write(1, b'o' * 65536)"
    done = user.python(source, text=False)
    assert (len(done.stdout), len(done.stderr)) == (200 << 16, 200 << 16)


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&-", "<&- >&- 2>&-"])
def test_closed_standard_streams_never_lead_into_files_of_ours(user: User, closed: str) -> None:
    source = "import os\nfor fd in (1, 2):\n  try: os.write(fd, b'INTRUDER')\n  except OSError: pass\n"
    user.write("main.py", source)
    assert user.exec("main.py").stdout == "INTRUDER"
    assert user.shell(f"$JR exec main.py {closed}").returncode == 0
    found = [path for path in user.state.rglob("*") if path.is_file() and b"INTRUDER" in path.read_bytes()]
    assert found == []


def test_a_terminal_that_gives_no_stdin_to_the_background_does_not_stop_the_run(user: User) -> None:
    user.write("main.py", "print('ran')")
    done = user.shell("setsid -w $JR exec main.py < /dev/ptmx")
    assert (done.stdout, done.returncode) == ("ran\n", 0)
