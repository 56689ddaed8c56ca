"""Nobody stops the clock: not a proxy that hangs, not a reader that stalls. And input is not taken in vain."""

from __future__ import annotations

import os
import signal
import subprocess
import time

import pytest

from support.user import User, read_line

CONNECTS = """
import socket, time
print("ready", flush=True)
door = socket.create_connection(("127.0.0.1", 3128))
door.sendall(b"CONNECT registry.example:443 HTTP/1.1\\r\\n\\r\\n")
print(door.recv(100)[:12].decode(), flush=True)
time.sleep(60)
"""


def test_a_proxy_that_hangs_does_not_stop_the_clock(user: User) -> None:
    user.write("main.py", CONNECTS)
    first = user.exec("--timeout", "10", "--", "sh", "-c", "exit 3")
    assert first.returncode == 3, first.stderr
    warm = user.start("--timeout", "20", "main.py")
    assert read_line(warm) == b"ready\n"
    assert read_line(warm) == b"HTTP/1.1 403\n", "the door works while the proxy does"
    stopped = user.proxies()
    assert stopped
    warm.kill()
    warm.wait()
    try:
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        began = time.monotonic()
        done = user.exec("--timeout", "4", "main.py")
        assert done.returncode == 124, done.stderr
        assert done.stdout == "ready\n"
        assert time.monotonic() - began < 45
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGKILL)


def test_a_reader_that_stalls_does_not_keep_a_program_beyond_its_time(user: User) -> None:
    process = user.start("--timeout", "3", "--", "sh", "-c", "echo ready; exec yes")
    assert read_line(process) == b"ready\n"
    assert process.wait(timeout=60) == 124, "though nobody reads its output"


def test_a_loop_over_a_file_goes_on_where_it_was(user: User) -> None:
    user.write("list", "one\ntwo\nthree\n")
    user.write("main.py", "print('ran')\n")
    done = user.shell("while read line; do echo $line; $JR exec main.py; done < list")
    assert done.stdout.split() == ["one", "ran", "two", "ran", "three", "ran"], done.stderr


def test_what_a_program_took_of_a_file_stays_taken(user: User) -> None:
    user.write("list", "one\ntwo\nthree\n")
    done = user.shell("{ $JR exec -- sh -c 'read a; read b; echo $a $b'; cat; } < list")
    assert done.stdout == "one two\nthree\n", done.stderr


def test_a_large_file_arrives_whole(user: User) -> None:
    user.write("big", os.urandom(3 << 20))
    done = user.shell(
        "sha256sum < big; $JR exec -- sha256sum < big",
        stderr=subprocess.PIPE,
        capture_output=False,
        stdout=subprocess.PIPE,
    )
    one, other = done.stdout.splitlines()
    assert one == other


HANGS = """
import fcntl, os, struct, termios, time
def reopened(number, how): return os.open(f'/proc/self/fd/{{number}}', how | os.O_NONBLOCK)
stdin, to_stdin = reopened(0, os.O_RDONLY), reopened(0, os.O_WRONLY)
stdout, stderr = reopened(1, os.O_RDONLY), reopened(2, os.O_RDONLY)
def all_of(action):
    try:
        while action(): pass
    except BlockingIOError: pass
def waits(): return struct.unpack('i', fcntl.ioctl(stderr, termios.FIONREAD, bytes(4)))[0]
until, delay, hangs = time.monotonic() + 3, 0, False
while time.monotonic() < until and not hangs:
    delay = (delay + 1) % 200
    at = time.monotonic() + delay / 1e6
    {tempt}  # the relay is told that it can go on,
    while time.monotonic() < at: pass
    {trap}  # and cannot any more
    os.write(2, b'.')  # what it does not take now tells that it hangs
    at = time.monotonic() + 0.1
    while waits() and time.monotonic() < at: pass
    hangs = waits()
time.sleep(60)
"""
STEALS = HANGS.format(tempt="os.write(1, b'x')", trap="all_of(lambda: os.read(stdout, 65536))")
FILLS = HANGS.format(
    tempt="all_of(lambda: os.read(stdin, 65536))", trap="all_of(lambda: os.write(to_stdin, bytes(4096)))"
)


@pytest.mark.parametrize(("source", "feed"), [(STEALS, "true"), (FILLS, "yes")])
def test_a_program_that_reads_and_writes_the_other_ends_of_its_streams_does_not_stop_the_clock(
    user: User, source: str, feed: str
) -> None:
    user.write("main.py", source)
    done = user.shell(
        f"{feed} | timeout --signal=KILL 90 $JR exec --timeout 3 main.py > /dev/null; echo ${{PIPESTATUS[1]}}"
    )
    assert done.stdout == "124\n", done


def test_a_program_that_fills_its_stdin_moves_no_file_back_beyond_what_was_read(user: User) -> None:
    """A shell that reads its script from the file would else run some of it again, from wherever the program likes."""
    user.write("list", "one\ntwo\nthree\n")
    user.write("main.py", "import os\nos.write(os.open('/proc/self/fd/0', os.O_WRONLY), b'x' * 9)\n")
    done = user.shell("{ read line; $JR exec main.py; cat; } < list")
    assert done.stdout == "two\nthree\n", done
