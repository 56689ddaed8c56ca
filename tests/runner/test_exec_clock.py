"""Nobody stops the clock: not a proxy that hangs, not a reader that stalls. And input is not taken in vain."""

from __future__ import annotations

import os
import signal
import subprocess
import time

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
        done = user.exec("--timeout", "1", "main.py")
        assert done.returncode == 124, done.stderr
        assert done.stdout == "ready\n"
        assert time.monotonic() - began < 15
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGKILL)


def test_a_reader_that_stalls_does_not_keep_a_program_beyond_its_time(user: User) -> None:
    process = user.start("--timeout", "1", "--", "sh", "-c", "echo ready; exec yes")
    assert read_line(process) == b"ready\n"
    assert process.wait(timeout=20) == 124, "though nobody reads its output"


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
