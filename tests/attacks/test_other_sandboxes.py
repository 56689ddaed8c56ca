"""One sandbox and another of the same user, at the same time: what the one sees of the other, and can hand to it."""

from __future__ import annotations

import ctypes
import json
import shlex
import subprocess
from pathlib import Path

import pytest

from support.hostile import in_run, on_host
from support.ordinary import PYTHON
from support.user import User, wait_for
from support.weakened import weakened

pytestmark = pytest.mark.attack

CANARY = "jr-canary-workspace"
LOOK = """
import os
RESULT = []
for path in {paths!r}:
    try:
        with open(path) as file: RESULT += [path] if {canary!r} in file.read() else []
    except OSError: pass
"""


def test_a_program_sees_no_other_workspace_and_nothing_that_is_kept_for_it(user: User) -> None:
    user.python("print('made')")
    other = user.write(user.root / "other/secret", CANARY)
    kept = user.write(user.state / "state/private/0123456789abcdef/keep/go/keep/secret", CANARY)
    staged = user.write(user.state / "state/staging/tmpabc/secret", CANARY)
    places = [other, kept, staged]
    look = LOOK.format(paths=[str(path) for path in places], canary=CANARY)
    shown = [word for path in places for word in ("--ro-bind", str(path.parent), str(path.parent))]
    with weakened(user, ("--remount-ro", "/"), add=shown):
        assert in_run(user, look) == [str(path) for path in places], "this shows nothing"
    assert in_run(user, look) == []


MEMORY = """
import ctypes, os
libc, librt = ctypes.CDLL(None, use_errno=True), ctypes.CDLL('librt.so.1')
RESULT = []
if libc.shmget({key}, 0, 0) >= 0: RESULT.append('segment')
if libc.msgget({key}, 0) >= 0: RESULT.append('queue')
if libc.semget({key}, 0, 0) >= 0: RESULT.append('semaphores')
if librt.mq_open(b'/jr-canary-{key}', 0) >= 0: RESULT.append('named queue')
if os.path.exists('/dev/shm/jr-canary-{key}'): RESULT.append('shared memory')
"""


def test_memory_and_queues_of_the_host_are_not_shared(user: User) -> None:
    """Nor are those of another sandbox, which has its own of each."""
    key = 0x4A52
    make = f"""
import ctypes
libc, librt = ctypes.CDLL(None), ctypes.CDLL('librt.so.1')
RESULT = [libc.shmget({key}, 64, 0o1600), libc.msgget({key}, 0o1600), libc.semget({key}, 1, 0o1600),
          librt.mq_open(b'/jr-canary-{key}', 0o102, 0o600, None)]
open('/dev/shm/jr-canary-{key}', 'w').close()
"""
    made = on_host(make)
    look = MEMORY.format(key=key)
    try:
        everything = ["segment", "queue", "semaphores", "named queue", "shared memory"]
        assert on_host(look) == everything, "this shows nothing"
        assert in_run(user, look) == []
    finally:
        libc = ctypes.CDLL(None)
        for call, identity in zip((libc.shmctl, libc.msgctl), made, strict=False):
            call(identity, 0, None)
        libc.semctl(made[2], 0, 0)
        on_host(f"import ctypes; RESULT = ctypes.CDLL('librt.so.1').mq_unlink(b'/jr-canary-{key}')")
        Path(f"/dev/shm/jr-canary-{key}").unlink()


HAND_OVER = """
import os, socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind('/sandbox/meet')
listener.listen()
print('ready', flush=True)
taker, _ = listener.accept()
door = socket.create_connection(('127.0.0.1', 3128))
socket.send_fds(taker, [b'door'], [door.fileno()])
sys.stdin.read()
"""
TAKE = """
import socket
meet = socket.socket(socket.AF_UNIX)
meet.connect('/sandbox/meet')
_, (descriptor,), _, _ = socket.recv_fds(meet, 16, 1)
door = socket.socket(fileno=descriptor)
door.sendall(b'CONNECT canary.test:443 HTTP/1.1\\r\\nHost: canary.test:443\\r\\n\\r\\n')
print(door.recv(64).split(b'\\r\\n')[0].decode())
"""


def test_known_limit_two_runs_of_one_workspace_can_share_a_door(user: User) -> None:
    """They can hand each other descriptors by a socket in their workspace. The door stays the first one's: what is
    asked through it is judged by the first one's policy, and counted for the first."""
    user.write("first.py", HAND_OVER)
    user.write("second.py", TAKE)
    run = user.start("--json", "first.py", stdin=subprocess.PIPE)
    wait_for((user.work / "meet").exists)
    second = user.exec_json("second.py")
    out, _ = run.communicate()
    assert "403" in second["stdout"]
    assert second["denied"] == []
    assert [row["url"] for row in json.loads(out)["denied"]] == ["canary.test:443"]


ON_THE_WAY = """
import os, socket, time
kept, descriptor = [], os.open('/dev/null', os.O_RDONLY)
try:
    while True:
        kept.append(socket.socketpair())
        kept[-1][0].setblocking(False)
        try:
            while True: socket.send_fds(kept[-1][0], [b'x'], [descriptor] * 253)
        except BlockingIOError: pass
except OSError: pass
print('ready', flush=True)
time.sleep(60)
"""
SEND = """
import os, socket
ours, theirs = socket.socketpair()
try: RESULT = socket.send_fds(ours, [b'x'], [0])
except OSError as error: RESULT = error.strerror
"""
ASK = """
import socket
door = socket.create_connection(('127.0.0.1', 3128))
door.sendall(b'CONNECT canary.test:443 HTTP/1.1\\r\\n\\r\\n')
print(door.recv(12))
"""


def test_known_limit_a_program_uses_up_the_descriptors_that_may_be_on_their_way_and_others_run_all_the_same(
    user: User,
) -> None:
    """The kernel counts them by user, and judges by the limit of open files of who sends, which is mostly 1,024."""
    user.write("main.py", ON_THE_WAY)
    user.write("../other/main.py", ASK)
    running = user.begun("main.py")
    try:
        usual = f"ulimit -Sn 1024; exec {PYTHON} -c"
        told = user.shell(f"{usual} {shlex.quote(SEND + 'print(RESULT)')}")
        assert "Too many references" in told.stdout, "this shows nothing"
        other = user.shell(f"cd {user.root}/other; ulimit -Sn 1024; $JR exec main.py")
        assert "HTTP/1.1 403" in other.stdout, other
    finally:
        running.kill()
        running.communicate()
