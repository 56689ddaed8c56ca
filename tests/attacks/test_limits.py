"""Programs that eat memory, processes, disk and output through every door, on a host without control groups.

Each is first shown to have what it wants where its limit lets it, and then to be ended where it does not.
"""

from __future__ import annotations

from typing import Any

import pytest

from support.user import User

pytestmark = pytest.mark.attack

AMOUNT, LITTLE, MUCH = 120, "64MiB", "2GiB"
EATER = """
import ctypes, mmap, os, sys, threading, time
MIB, AMOUNT, STAYS = b'x' * (1 << 20), int(sys.argv[1]), float(sys.argv[2])
libc = ctypes.CDLL(None, use_errno=True)
kept = []
def heap(amount=AMOUNT):
    for _ in range(amount):
        kept.append(bytearray(MIB))
def written(descriptor):
    for _ in range(AMOUNT):
        os.write(descriptor, MIB)
def mapped(area):
    for at in range(AMOUNT):
        area[at << 20:at + 1 << 20] = MIB
    kept.append(area)
def had():
    os.write(1, b'had it\\n')
    time.sleep(STAYS)
    os._exit(0)
"""
DOORS = {
    "heap": "heap()",
    "many processes": """
read, write = os.pipe()
for _ in range(8):
    if os.fork() == 0:
        heap(AMOUNT // 8)
        os.write(write, b'.')
        time.sleep(STAYS)
        os._exit(0)
for _ in range(8):
    os.read(read, 1)
""",
    "a process whose first thread is gone": """
def eat():
    time.sleep(0.1)
    heap()
    had()
threading.Thread(target=eat, daemon=True).start()
libc.syscall(60, 0)
""",
    "files in /tmp": "written(os.open('/tmp/x', os.O_CREAT | os.O_WRONLY))",
    "files in /dev/shm": "written(os.open('/dev/shm/x', os.O_CREAT | os.O_WRONLY))",
    "a file in /tmp without a name": "written(os.open('/tmp', os.O_TMPFILE | os.O_RDWR))",
    "empty files in /tmp": """
for number in range(AMOUNT << 10):
    os.close(os.open(f'/tmp/{number}', os.O_CREAT | os.O_WRONLY))
""",
    "memfd": "written(os.memfd_create('x'))",
    "many memfds": """
for _ in range(AMOUNT):
    kept.append(os.memfd_create('x'))
    os.write(kept[-1], MIB)
""",
    "memfd of a process that shows itself to nobody": """
libc.prctl(4, 0, 0, 0, 0)
written(os.memfd_create('x'))
""",
    "memfd that is mapped and closed": """
file = os.memfd_create('x')
os.ftruncate(file, AMOUNT << 20)
area = mmap.mmap(file, AMOUNT << 20)
os.close(file)
mapped(area)
""",
    "shared memory without a name": "mapped(mmap.mmap(-1, AMOUNT << 20))",
    "shared memory that no page table shows": """
area = mmap.mmap(-1, AMOUNT << 20)
for at in range(AMOUNT):
    area[at << 20:at + 1 << 20] = MIB
    area.madvise(mmap.MADV_DONTNEED)
kept.append(area)
""",
    "a memfd of which one page is mapped": """
file = os.memfd_create('x')
written(file)
kept.append(mmap.mmap(file, 4096))
libc.close_range(3, 1000, 0)
""",
    "a memfd on its way through a socket": """
import socket
kept.extend(socket.socketpair())
file = os.memfd_create('x')
written(file)
socket.send_fds(kept[0], [b'x'], [file])
os.close(file)
""",
    "a memfd that a thread alone has open": """
def alone():
    assert libc.unshare(0x400) == 0
    written(os.memfd_create('x'))
    had()
threading.Thread(target=alone).start()
time.sleep(60)
""",
    "memory that goes from process to process": """
read, write = os.pipe()
if os.fork() == 0:
    heap()
    os.write(write, b'.')
    while True:
        if os.fork():
            os._exit(0)
        time.sleep(0.01)
os.read(read, 1)
""",
    "memory that goes on while those that had it stay": """
def idle():
    while True:
        for _ in range(100):
            if os.fork() == 0:
                time.sleep(0.3)
                os._exit(0)
        time.sleep(0.02)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass
area = mmap.mmap(-1, AMOUNT << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
first, until = os.getpid(), 0
if os.fork() == 0:
    idle()
mapped(area)
while STAYS and time.monotonic() < (until := until or time.monotonic() + STAYS):
    if os.fork():
        area.madvise(mmap.MADV_DONTNEED)
        time.sleep(60 if os.getpid() == first else 1)
        os._exit(0)
    time.sleep(0.001)
""",
    "memory of children that seem to have only what their parents have": """
area = mmap.mmap(-1, AMOUNT << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
clone = ctypes.PyDLL(None).syscall
for _ in range(12):
    for at in range(AMOUNT // 12):
        area[at << 20:at + 1 << 20] = MIB
    if clone(56, 0x4000 | 17, 0, 0, 0, 0):  # as vfork, but with a copy
        os._exit(0)
""",
    "heap beside descriptors by the hundred thousand": """
import resource
most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
kept.extend(os.dup(0) for _ in range(min(most, 16000) - 20))
for _ in range(20):
    if os.fork() == 0:
        time.sleep(STAYS)
        os._exit(0)
heap()
""",
    "page tables": """
area = mmap.mmap(-1, AMOUNT << 29, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000)
for at in range(0, AMOUNT << 29, 2 << 20):
    area[at]
""",
}


def eat(user: User, door: str, memory: str, stays: float = 10) -> dict[str, Any]:
    user.write("main.py", EATER + DOORS[door] + "\nhad()\n")
    return user.exec_json("--memory", memory, "main.py", str(AMOUNT), str(stays))


@pytest.mark.parametrize("door", DOORS)
def test_memory_through(door: str, user: User) -> None:
    found = eat(user, door, MUCH, stays=0)
    assert (found["stdout"], found["exit_code"], found["limits"]["ended_by"]) == ("had it\n", 0, None)
    found = eat(user, door, LITTLE)
    refused = "No space left" in found["stderr"]  # file systems in memory have no more room than the program
    assert refused or (found["exit_code"], found["limits"]["ended_by"]) == (137, "memory"), found
    assert found["stdout"] == "" or not refused
    assert found["limits"]["memory"] == {"limit": 64 << 20, "set_by": "--memory", "held_by": "watcher"}


INNOCENT = {
    "the page cache": """
written(os.open('file', os.O_CREAT | os.O_WRONLY))
with open('file', 'r+b') as file:
    area = mmap.mmap(file.fileno(), AMOUNT << 20)
    sum(area[at << 12] for at in range(AMOUNT << 8))
""",
    "memory that a fork shares": """
heap(AMOUNT // 4)
for _ in range(8):
    if os.fork() == 0:
        time.sleep(STAYS)
        os._exit(0)
""",
    "shared memory that nobody touched": "kept.append(mmap.mmap(-1, AMOUNT << 24))",
    "one short process after the other": """
import subprocess
heap(AMOUNT // 3)
for _ in range(300):
    subprocess.run(['true'], check=True)
""",
    "children that threads start": """
import subprocess
heap(AMOUNT // 3)
def start():
    for _ in range(150):
        subprocess.run(['true'], check=True)
starting = [threading.Thread(target=start) for _ in range(8)]
for each in starting:
    each.start()
for each in starting:
    each.join()
""",
    "children that have the same memory for a moment": """
heap(AMOUNT // 3)
for number in range(300):
    if os.fork() == 0:
        sum(range(20000))
        os._exit(0)
    if number > 4:
        os.wait()
""",
    "many open files": """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (2100, 2100))
kept.extend(os.open('/dev/null', os.O_RDONLY) for _ in range(2000))
""",
    "memory that nobody touched": "kept.append(mmap.mmap(-1, AMOUNT << 24))",
}


@pytest.mark.parametrize("what", INNOCENT)
def test_what_does_not_count(what: str, user: User) -> None:
    user.write("main.py", EATER + INNOCENT[what] + "\nhad()\n")
    found = user.exec_json("--memory", LITTLE, "main.py", str(AMOUNT), "1.5")
    assert (found["stdout"], found["exit_code"], found["limits"]["ended_by"]) == ("had it\n", 0, None)


BOMBS = {
    "fork": "if os.fork() == 0: time.sleep(30); os._exit(0)",
    "fork by children": "if os.fork(): os._exit(os.waitstatus_to_exitcode(os.wait()[1]))",
    "thread": "threading.Thread(target=time.sleep, args=(30,), daemon=True).start()",
    "spawn": "os.posix_spawn('/bin/sleep', ['sleep', '30'], {})",
}


def bomb(user: User, how: str, *options: str) -> dict[str, Any]:
    source = f"""
import os, threading, time
made = 0
try:
    for _ in range(30):
        {BOMBS[how]}
        made += 1
except (OSError, RuntimeError) as error:
    os.write(2, str(error).encode())
os.write(1, b'%d' % made)
os._exit(1 if made < 30 else 0)
"""
    user.write("main.py", source)
    return user.exec_json(*options, "main.py")


@pytest.mark.parametrize("how", BOMBS)
def test_processes_and_threads(how: str, user: User) -> None:
    found = bomb(user, how, "--processes", "40")
    assert (found["stdout"], found["limits"]["met"]) == ("30", [])
    found = bomb(user, how, "--processes", "20")
    assert found["stdout"] in ("19", "20")  # the program itself is one of them, unless it has ended
    assert found["limits"]["processes"]["limit"] == 20 and found["limits"]["ended_by"] is None
    assert found["limits"]["met"] == ["processes"]


def test_what_the_user_has_outside_does_not_count(user: User) -> None:
    others = [user.begun("--", "sh", "-c", "echo ready; sleep 30 & sleep 30") for _ in range(2)]
    try:
        assert bomb(user, "fork", "--processes", "31")["stdout"] == "30"
    finally:
        for each in others:
            each.kill()
            each.wait()


def test_output_without_end(user: User) -> None:
    found = user.exec_json(
        "--output", "1MB", "--", "sh", "-c", "head -c 500000 /dev/zero; head -c 400000 /dev/zero >&2"
    )
    assert (found["exit_code"], found["limits"]["ended_by"]) == (0, None)
    found = user.exec_json("--output", "1MB", "--", "sh", "-c", "yes >&2 & yes")
    assert (found["exit_code"], found["limits"]["ended_by"]) == (137, "output")
    assert len(found["output"]) == 1_000_000


def test_the_program_is_told_of_on_stderr(user: User) -> None:
    done = user.exec("--output", "1kB", "--", "sh", "-c", "echo out; yes >&2")
    assert (done.returncode, done.stdout) == (137, "out\n")
    assert (
        "killed: the program wrote more than the 1000 bytes of output that it may write; --output sets this"
        in done.stderr
    )


WRITERS = {
    "a file": "written(os.open('file', os.O_CREAT | os.O_WRONLY))",
    "many files": """
for number in range(AMOUNT):
    with open(f'file{number}', 'wb') as file:
        file.write(MIB)
""",
    "files in folders": """
for number in range(AMOUNT):
    os.makedirs('/'.join(['deep'] * (number % 20 + 1)), exist_ok=True)
    with open('/'.join(['deep'] * (number % 20 + 1)) + f'/{number}', 'wb') as file:
        file.write(MIB)
""",
    "a file without a name": "written(os.open('.', os.O_TMPFILE | os.O_RDWR))",
    "a file whose name is gone": """
kept.append(os.open('file', os.O_CREAT | os.O_WRONLY))
os.unlink('file')
written(kept[0])
""",
    "files that a thread alone has open": """
def alone():
    assert libc.unshare(0x400) == 0
    for _ in range(AMOUNT // 4):
        kept.append(os.open('.', os.O_TMPFILE | os.O_RDWR))
        for _ in range(4):
            os.write(kept[-1], MIB)
    had()
threading.Thread(target=alone).start()
time.sleep(60)
""",
    "files that are only mapped": """
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
for _ in range(AMOUNT // 4):
    file = os.open('file', os.O_CREAT | os.O_RDWR)
    os.unlink('file')
    for _ in range(4):
        os.write(file, MIB)
    assert libc.mmap(None, 4096, 1, 1, file, 0)
    os.close(file)
""",
    "room that is kept": "os.posix_fallocate(os.open('file', os.O_CREAT | os.O_WRONLY), 0, AMOUNT << 20)",
}


@pytest.mark.parametrize("how", WRITERS)
def test_disk(how: str, user: User) -> None:
    user.write("before", b"x" * (3 << 20))  # what was there does not count
    user.write("main.py", EATER + WRITERS[how] + "\nhad()\n")
    found = user.exec_json("--disk", "50MiB", "main.py", "40", "0")
    assert (found["stdout"], found["limits"]["ended_by"]) == ("had it\n", None)
    for name in user.work.glob("[!bm]*"):
        user.shell(f"rm -rf {name}")
    found = user.exec_json("--disk", "20MiB", "main.py", "40", "10")
    refused = "File too large" in found["stderr"]  # one file larger than all may be is refused at once
    assert refused or (found["exit_code"], found["limits"]["ended_by"]) == (137, "disk"), found
    assert found["stdout"] != "had it\n" or not refused


def test_a_sparse_file_takes_no_disk_and_cannot_be_larger_than_all(user: User) -> None:
    source = "import os\nf = os.open('x', os.O_CREAT | os.O_WRONLY)\nos.ftruncate(f, {})\nprint('made')\n"
    user.write("main.py", source.format(1 << 40))
    assert user.exec_json("main.py")["stdout"] == "made\n"
    (user.work / "x").unlink()
    assert "File too large" in user.exec_json("--disk", "1GiB", "main.py")["stderr"]
    user.write("main.py", source.format(1 << 29))
    assert user.exec_json("--disk", "1GiB", "main.py")["stdout"] == "made\n"


def test_cpus(user: User) -> None:
    many = user.exec_json("--", "nproc")["stdout"]
    found = user.exec_json("--cpus", "0.5", "--", "nproc")
    assert (found["stdout"], found["limits"]["cpus"]["held_by"]) == ("1\n", "affinity") and int(many) >= 1


def test_no_limit_ends_when_the_program_asks_for_more(user: User) -> None:
    source = """
import resource
for which, value in ((resource.RLIMIT_NPROC, 21), (resource.RLIMIT_FSIZE, 1 << 20)):
    assert resource.getrlimit(which) == (value, value), (which, resource.getrlimit(which))
    try:
        resource.setrlimit(which, (value + 1, value + 1))
    except ValueError:
        print('refused')
"""
    user.write("main.py", source)
    assert user.exec_json("--processes", "20", "--disk", "1MiB", "main.py")["stdout"] == "refused\n" * 2


def test_a_program_keeps_the_limit_that_keeps_its_crash_from_a_handler_of_the_host(user: User) -> None:
    source = """
import os, resource, subprocess
for value in (0, 1, 2, resource.RLIM_INFINITY):
    resource.setrlimit(resource.RLIMIT_CORE, (value, value))
    try:
        resource.prlimit(os.getpid(), resource.RLIMIT_CORE, (value, value))
    except PermissionError:
        print('refused')
subprocess.run(['sh', '-c', 'ulimit -c 0; ulimit -Hc 0'], check=True)
command = ['prlimit', '--core', '--noheadings', '--output', 'SOFT,HARD']
print(subprocess.run(command, capture_output=True).stdout.split())
print(resource.getrlimit(resource.RLIMIT_CORE))
"""
    user.write("main.py", source)
    assert user.exec_json("main.py")["stdout"] == "refused\n" * 4 + "[b'1', b'1']\n(1, 1)\n"
