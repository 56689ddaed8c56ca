"""How a run ends: the program's own code, a signal, a timeout, a kill; and nothing survives it."""

from __future__ import annotations

import signal
import time

import pytest

from support.user import User, alive, read_line, wait_for

HANDLER = """
import signal, sys, time
def handler(number, frame):
    print("caught", number, flush=True)
    sys.exit(40 + number)
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
    signal.signal(number, handler)
print("ready", flush=True)
time.sleep(60)
"""
DEAF = """
import signal, time
for number in (signal.SIGINT, signal.SIGTERM): signal.signal(number, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(61)
"""
HARD_OF_HEARING = """
import signal, time
signal.signal(signal.SIGINT, lambda *_: print("heard", flush=True))
print("ready", flush=True)
time.sleep(62)
"""
SURVIVORS = """
sleep {mark} & setsid sleep {mark} & (setsid sh -c 'sleep {mark} & sleep {mark}' &)
(trap '' HUP INT TERM; sleep {mark}) &
echo ready; {last}
"""


def sleepers(mark: str) -> list[int]:
    return alive(f"sleep\0{mark}")


@pytest.mark.parametrize("code", [0, 1, 77, 124, 125, 255])
def test_the_exit_code_is_the_programs_own(user: User, code: int) -> None:
    assert user.exec("--", "sh", "-c", f"exit {code}").returncode == code


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM, signal.SIGUSR1])
def test_a_program_that_a_signal_ends_gives_128_and_its_number(user: User, number: int) -> None:
    done = user.exec("--", "sh", "-c", f"kill -{number} $$; sleep 9")
    assert (done.returncode, done.stderr) == (128 + number, "")


@pytest.mark.parametrize("command", ["no-such-command", "/no/such", "./none", "sub/none", "/sandbox/none"])
def test_nothing_to_run_is_127(user: User, command: str) -> None:
    done = user.exec("--", command)
    assert done.returncode == 127, done.stderr
    assert "no sandbox" not in done.stderr
    assert command in done.stderr


@pytest.mark.parametrize("content", ["echo hi", "#!/no/such/interpreter\n"])
def test_a_command_that_cannot_be_executed_says_so_and_is_no_fault_of_the_sandbox(user: User, content: str) -> None:
    user.write("tool", content, 0o755 if content.startswith("#!") else 0o600)
    done = user.exec("--", "./tool")
    assert done.returncode == 127
    assert "no sandbox" not in done.stderr
    assert "./tool" in done.stderr


def test_a_file_that_is_not_there_is_127(user: User) -> None:
    done = user.exec("none.py")
    assert (done.returncode, done.stdout) == (127, "")
    assert "none.py" in done.stderr


def test_a_timeout_is_124_and_kills_everything(user: User) -> None:
    script = SURVIVORS.format(mark="60001", last="sleep 60001")
    done = user.exec("--timeout", "3", "--", "sh", "-c", script)
    assert (done.returncode, done.stdout) == (124, "ready\n")
    assert "--timeout" in done.stderr
    wait_for(lambda: not sleepers("60001"))


def test_a_timeout_ends_a_program_that_ignores_every_signal(user: User) -> None:
    assert user.exec("--timeout", "0.5", "--", "python3", "-c", DEAF).returncode == 124


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "soon", "1e99", ""])
def test_a_timeout_that_is_no_time_is_refused(user: User, seconds: str) -> None:
    done = user.exec(f"--timeout={seconds}", "--", "true")
    assert done.returncode == 125
    assert "--timeout" in done.stderr


def test_background_processes_end_with_the_program(user: User) -> None:
    done = user.exec("--", "sh", "-c", SURVIVORS.format(mark="60002", last="sleep 0.3; exit 3"))
    assert done.returncode == 3
    wait_for(lambda: not sleepers("60002"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_the_programs_own_handler_answers_a_signal_to_the_runner(user: User, number: int) -> None:
    process = user.begun("--", "python3", "-c", HANDLER)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (out.decode(), err, process.returncode) == (f"caught {int(number)}\n", b"", 40 + number)


def test_ctrl_c_is_an_interrupt_to_the_program(user: User) -> None:
    user.write("main.py", "import time\nprint('ready', flush=True)\ntime.sleep(60)")
    process = user.begun("main.py")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"KeyboardInterrupt" in err
    assert b"runner/" not in err


def test_the_second_ctrl_c_kills_a_program_that_ignores_the_first(user: User) -> None:
    process = user.begun("--", "python3", "-c", HARD_OF_HEARING)
    process.send_signal(signal.SIGINT)
    assert read_line(process) == b"heard\n"  # two that come at once are one
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 137
    wait_for(lambda: not alive("time.sleep(62)"))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_nothing_survives_a_killed_runner(user: User, number: int) -> None:
    process = user.begun("--", "sh", "-c", SURVIVORS.format(mark="60003", last="sleep 60003"))
    wait_for(lambda: len(sleepers("60003")) >= 5)
    process.send_signal(number)
    process.kill()
    process.communicate()
    wait_for(lambda: not sleepers("60003"))


def test_a_runner_that_is_killed_at_any_moment_leaves_nothing_running(user: User) -> None:
    user.exec("--", "true")
    for step in range(80):
        process = user.start("--", "sleep", "60004")
        time.sleep(0.015 + step * 0.0005)  # from before bubblewrap starts until after the program does
        process.kill()
        process.communicate()
    wait_for(lambda: not sleepers("60004"))
