"""PID 1 of a sandbox is bubblewrap: what it tells of the host, and what a program can make of it.

Its folder in `/proc` is hidden, and all of `/proc` read-only. What is shown here of the other controls is shown with
the folder uncovered.
"""

from __future__ import annotations

import os

import pytest

from support.hostile import in_run
from support.user import User
from support.weakened import FILTER, weakened

pytestmark = pytest.mark.attack

CANARY = "jr-canary-variable"
HIDDEN = (("--size", "4096", "--perms", "0555", "--tmpfs", "/proc/1"), ("--remount-ro", "/proc/1"))
PROC_IS_READ_ONLY = ("--remount-ro", "/proc")


def test_its_folder_is_hidden(user: User) -> None:
    look = "import os\nRESULT = os.listdir('/proc/1')"
    with weakened(user, *HIDDEN):
        assert {"mem", "exe", "fd", "root", "environ", "task"} <= set(in_run(user, look)), "this shows nothing"
    assert in_run(user, look) == []


def test_the_environment_of_bubblewrap_is_empty(user: User) -> None:
    look = "RESULT = open('/proc/1/environ').read()"
    with weakened(user, *HIDDEN, environ={"AWS_SECRET": CANARY}):
        assert CANARY in in_run(user, look), "it tells nothing of its environment: this shows nothing"
    user.env["AWS_SECRET"] = CANARY
    with weakened(user, *HIDDEN):
        assert in_run(user, look) == ""


def test_the_paths_of_the_host_are_not_on_its_command_line(user: User) -> None:
    look = "RESULT = open('/proc/1/cmdline').read()"
    with weakened(user, *HIDDEN, inline=True):
        assert str(user.work) in in_run(user, look), "this shows nothing"
    with weakened(user, *HIDDEN):
        assert str(user.root) not in in_run(user, look)


def test_known_limit_the_table_of_mounts_names_the_paths_of_the_host(user: User) -> None:
    """It is a file of every process, and has no switch. When this fails, the documentation is out of date."""
    assert str(user.work) in in_run(user, "RESULT = open('/proc/self/mountinfo').read()")


# What stands at `arg_start` is what `/proc/1/cmdline` shows: `bwrap`, which becomes `owned`.
OVERWRITE = """
import ctypes, json
start = int(open('/proc/1/stat').read().rpartition(')')[2].split()[45])
def by_file():
    with open('/proc/1/mem', 'r+b', buffering=0) as memory:
        memory.seek(start)
        memory.write(b'owned')
def by_call():
    libc = ctypes.CDLL(None, use_errno=True)
    class Piece(ctypes.Structure): _fields_ = [('at', ctypes.c_void_p), ('size', ctypes.c_size_t)]
    text = ctypes.create_string_buffer(b'owned')
    ours, theirs = Piece(ctypes.addressof(text), 5), Piece(start, 5)
    if libc.process_vm_writev(1, ctypes.byref(ours), 1, ctypes.byref(theirs), 1, 0) < 0: raise OSError
def by_tracing():
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long] * 4
    if libc.ptrace(0x4206, 1, 0, 0) < 0: raise OSError  # PTRACE_SEIZE, which stops nothing
    if libc.ptrace(5, 1, start, int.from_bytes(b'owned\\0\\0\\0', 'little')) < 0: raise OSError
RESULT = 'refused'
try: %s()
except OSError: pass
if open('/proc/1/cmdline').read().startswith('owned'): RESULT = 'written'
"""


@pytest.mark.parametrize(
    ("how", "control"), [("by_file", PROC_IS_READ_ONLY), ("by_call", FILTER)], ids=["by_file", "by_call"]
)
def test_its_memory_cannot_be_written(user: User, how: str, control: tuple[str, ...]) -> None:
    with weakened(user, *HIDDEN, control):
        assert in_run(user, OVERWRITE % how) == "written", "this shows nothing"
    with weakened(user, *HIDDEN):
        assert in_run(user, OVERWRITE % how) == "refused"


def test_it_cannot_be_traced(user: User) -> None:
    trace = "import ctypes\nRESULT = ctypes.CDLL(None).ptrace(0x4206, 1, 0, 0)"
    with weakened(user, FILTER):
        assert in_run(user, trace) == 0, "this shows nothing"
    assert in_run(user, trace) == -1


# A program that has PID 1 reports what it likes as its exit code: that is bubblewrap's own way, a counter in a pipe of
# the kernel's. This code waits in the place of bubblewrap's call until the program has ended, and then reports -5.
FORGE = """
import ctypes, os, struct
maps = [line.split() for line in open('/proc/1/maps')]
base, = {{int(row[0].split('-')[0], 16) for row in maps if row[-1].endswith('/libc.so.6') and row[2] == '00000000'}}
ours, = {{int(line.split('-')[0], 16) for line in open('/proc/self/maps')
          if line.rstrip().endswith('/libc.so.6') and line.split()[2] == '00000000'}}
libc = ctypes.CDLL(None)
wait = ctypes.cast(libc.wait4, ctypes.c_void_p).value - ours
event, = [int(n) for n in os.listdir('/proc/1/fd') if 'eventfd' in os.readlink('/proc/1/fd/' + n)]
value = ({code} + 1) & (2**64 - 1)
code = b''.join([
    b'\\x48\\xb8' + struct.pack('<Q', value), b'\\x50', b'\\x48\\x89\\xe6',     # mov rax, value; push rax; mov rsi, rsp
    b'\\xbf' + struct.pack('<I', event), b'\\xba\\x08\\0\\0\\0', b'\\xb8\\x01\\0\\0\\0', b'\\x0f\\x05',  # write
    b'\\xb8\\x22\\0\\0\\0\\x0f\\x05', b'\\xeb\\xf7'])                           # pause, for ever
text = next(row for row in maps if row[-1].endswith('/libc.so.6') and row[1] == 'r-xp')
start, end = (int(part, 16) for part in text[0].split('-'))
with open('/proc/1/mem', 'r+b', buffering=0) as memory:
    memory.seek(base + wait)
    body = memory.read(128)
    at = body.index(b'\\x0f\\x05') + 2
    memory.seek(base + wait + at)
    memory.write(code)
os.write(2, b'bwrap: setting up uid map: Permission denied\\n')
os._exit(3)
"""


on_x86_64 = pytest.mark.skipif(os.uname().machine != "x86_64", reason="it is code for x86_64")


@on_x86_64
def test_an_exit_code_cannot_be_forged(user: User) -> None:
    user.write("forge.py", FORGE.format(code=77))
    with weakened(user, *HIDDEN, PROC_IS_READ_ONLY):
        assert user.exec("forge.py").returncode == 77, "this shows nothing"
    with weakened(user, *HIDDEN):
        done = user.exec("forge.py")
    assert done.returncode == 1
    assert "Read-only file system" in done.stderr


@on_x86_64
def test_one_below_zero_is_not_taken_for_a_sandbox_that_could_not_be_made(user: User) -> None:
    """Or we would tell the user, in our own voice, how to loosen a host on which nothing is wrong."""
    user.write("forge.py", FORGE.format(code=-5))
    with weakened(user, *HIDDEN, PROC_IS_READ_ONLY):
        found = user.exec_json("forge.py")
    assert found["exit_code"] == 251
    assert "error" not in found or not found["error"]
    assert [key for key, value in found.items() if "uid map" in str(value)] == ["stderr", "output"]
