"""What `exec` says on a host that refuses what a sandbox needs: the cause and what to type, once, and never a trace."""

from __future__ import annotations

import errno
import fcntl
import os
import shlex

import pytest

from support.bwrap_stub import STAGES, dying
from support.installation import ordinary_command
from support.user import Done, User, alive, wait_for

VIEW = "bwrap --dev-bind / / --ro-bind /usr/bin/bwrap {real} --ro-bind {stub} /usr/bin/bwrap --"
IN_A_NAMESPACE = "unshare --user --map-root-user --mount --pid --fork --mount-proc sh -c"


def assert_told(done: Done, cause: str, remedy: str) -> None:
    """Nothing ran, and this is why, and what to do."""
    assert (done.returncode, done.stdout) == (125, ""), done
    assert cause in done.stderr, done.stderr
    assert remedy in done.stderr, done.stderr
    assert "Traceback" not in done.stderr and "not a known fault" not in done.stderr, done.stderr


# (option of prlimit, the limit, what to type); each lets the runner start
LIMITS = {
    "open files": ("--nofile=16", "RLIMIT_NOFILE is 16", "ulimit -n 1024"),
    "processes": ("--nproc=1", "RLIMIT_NPROC is 1", "ulimit -u unlimited"),
    "size of a file": ("--fsize=100", "RLIMIT_FSIZE", "ulimit -f unlimited"),
}


@pytest.mark.parametrize("name", LIMITS)
def test_a_limit_of_the_session_is_named_with_what_raises_it(user: User, name: str) -> None:
    option, cause, remedy = LIMITS[name]
    user.exec("--", "true")
    done = user.shell(f"prlimit {option} $JR exec -- true")
    assert_told(done, cause, remedy)
    assert done.stderr.count(cause) == 1


def test_however_few_files_may_be_open_it_works_or_says_so(user: User) -> None:
    user.exec("--", "true")
    told = 0
    for number in range(12, 24):
        done = user.shell(f"prlimit --nofile={number} $JR exec -- true")
        if done.returncode != 0:
            assert_told(done, f"RLIMIT_NOFILE is {number}", "ulimit -n 1024")
            told += 1
    assert 0 < told < 12


# once it is there, its doorway is opened before it is let go, and the stub has no network of its own to open one in
@pytest.mark.parametrize(
    ("stage", "egress"), [*((stage, "none") for stage in STAGES), ("before", "registries"), ("gone", "registries")]
)
def test_a_filter_that_kills_bubblewrap_is_named_at_whatever_moment(user: User, stage: str, egress: str) -> None:
    user.policy("http://127.0.0.1:9/simple/", f"egress: {{run: {egress}}}\n")
    real = user.write(user.root / "real", "")
    stub = dying(user.root / "dying", stage, real)
    done = user.shell(f"{VIEW.format(stub=stub, real=real)} $JR exec -- true")
    assert_told(done, "killed by signal 31 (SIGSYS)", "SystemCallFilter=")


def test_the_words_of_bubblewrap_are_not_repeated_below_the_error(user: User) -> None:
    inner = f"mount -t tmpfs none /proc/fs && exec {shlex.quote(ordinary_command())} exec -- true"
    done = user.shell(f"{IN_A_NAMESPACE} {shlex.quote(inner)}")
    assert_told(done, "masked or read-only", "container" if "container" in done.stderr else "findmnt -R /proc")
    after = done.stderr.partition("masked or read-only")[2]
    assert after.count("Can't mount proc") == 1, done.stderr


SLOW = """
import os, select, sys
from jhansi_runner.proxy.cell.process import Cell
from jhansi_runner.runner import sandbox
from jhansi_runner.runner.limits.hold import Hold

owner, name = {"ready": (Cell, "wait_ready"), "limits": (Hold, "apply")}[sys.argv.pop(1)]
method, sealed = getattr(owner, name), sandbox.sealed
def slow(self, *cell):
    os.waitid(os.P_PID, (cell or (self,))[0].pid, os.WEXITED | os.WNOWAIT)
    return method(self, *cell)
setattr(owner, name, slow)
sandbox.sealed = lambda: ["--ro-bind", "/no/such/source", "/x", *sealed()]
from jhansi_runner.runner.entry import main
sys.exit(main())
"""


@pytest.mark.parametrize("step", ["ready", "limits"])
def test_the_words_of_bubblewrap_are_told_though_it_ended_before_we_came_to_it(user: User, step: str) -> None:
    slow, python = user.write(user.root / "slow.py", SLOW), f"{os.path.dirname(ordinary_command())}/python"
    done = user.shell(f"{python} {slow} {step} exec --memory 1GiB -- true")
    assert (done.returncode, done.stdout) == (125, ""), done
    assert "/no/such/source" in done.stderr, done.stderr
    assert "Traceback" not in done.stderr and "a fault of jhansi-runner" not in done.stderr, done.stderr


REFUSE = """
import ctypes, os, struct, sys
# answer one system call, whose second argument is not below a number, with an error, as a container's filter does
number, error, least = map(int, sys.argv[1:4])
code = [(0x20, 0, 0, 0), (0x15, 0, 3, number), (0x20, 0, 0, 24), (0x35, 0, 1, least), (0x06, 0, 0, 0x50000 | error),
        (0x06, 0, 0, 0x7FFF0000)]
held = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *c) for c in code))
program = ctypes.create_string_buffer(struct.pack("@HxxxxxxP", len(code), ctypes.addressof(held)))
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program) == 0
os.execvp(sys.argv[4], sys.argv[4:])
"""
FCNTL = {"x86_64": 72, "aarch64": 25}[os.uname().machine]
PIDFD_OPEN, PIDFD_SEND_SIGNAL = 434, 424  # the same on all machines


@pytest.mark.parametrize("egress", ["none", "registries"])
@pytest.mark.parametrize(
    ("call", "number", "error"),
    [
        ("pidfd_open", PIDFD_OPEN, errno.ENOSYS),
        ("pidfd_open", PIDFD_OPEN, errno.EPERM),
        ("pidfd_send_signal", PIDFD_SEND_SIGNAL, errno.EPERM),
    ],
)
def test_where_a_program_could_not_be_killed_in_time_none_is_begun(
    user: User, call: str, number: int, error: int, egress: str
) -> None:
    user.policy("http://127.0.0.1:9/simple/", f"egress: {{run: {egress}}}\n")
    refuse = user.write(user.root / "refuse.py", REFUSE)
    mark = f"never-{user.work.name}"
    begun = f"timeout --signal=KILL 60 /usr/bin/python3 {refuse} {number} {error} 0 $JR exec"
    done = user.shell(f"{begun} --timeout 2 -- sh -c 'echo begun; sleep 10' {mark}")
    assert_told(done, f"{call}: {os.strerror(error)}", "Start ")
    wait_for(lambda: not alive(mark))


@pytest.mark.parametrize("error", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_named(user: User, error: int) -> None:
    user.exec("--", "true")
    refuse = user.write(user.root / "refuse.py", REFUSE)
    begun = f"/usr/bin/python3 {refuse} {FCNTL} {error} {fcntl.F_OFD_GETLK}"
    for words in ("exec -- true", "doctor"):
        done = user.shell(f"{begun} $JR {words}")
        told = done.stdout + done.stderr
        assert done.returncode in (1, 125) and "Traceback" not in told, told
        assert os.strerror(error) in told and "has no locks" in told and "JHANSI_HOME" in told, told
    assert "[JH-STATE]" in done.stdout
