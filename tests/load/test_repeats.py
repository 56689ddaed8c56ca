"""Run after run of the same program: nothing grows but the journal, and it makes nothing slower."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.leaks import adopting, at_rest, leaked, reap, settled, tree
from support.registry import Upstream
from support.scale import FULL, sized
from support.user import User

RUNS = sized(40, 10_000)
AT_THE_DOOR = 10
"""One in so many runs asks the gate for what it refuses."""
MEMORY = 24 << 20
"""What the proxy may take more, in bytes: its caches fill."""
MAIN = """
import os, socket, sys, six
if len(sys.argv) > 1:
    endpoint = socket.create_connection(("127.0.0.1", 3128), 60)
    endpoint.sendall(b"CONNECT canary.test:443 HTTP/1.1\\r\\nHost: canary.test:443\\r\\n\\r\\n")
    print(endpoint.recv(4096).split()[1].decode())
"""


@pytest.fixture
def warm(new_user: User, upstream: Upstream) -> Iterator[User]:
    """A user whose program has been run before, with what it needs."""
    new_user.env["JHANSI_PROXY_IDLE"] = "900"
    new_user.policy(upstream.url)
    new_user.write("requirements.txt", "six\n")
    new_user.write("main.py", MAIN)
    with adopting():
        for _ in range(10):
            run(new_user, 0)
        yield new_user


def run(user: User, number: int) -> float:
    """One run; the seconds of processor time that it took, all its processes together."""
    process = user.start("main.py", *(["door"] if number % AT_THE_DOOR == 0 else []), stderr=subprocess.STDOUT)
    assert process.stdout is not None
    out = process.stdout.read()
    process.stdout.close()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    reap()
    assert process.returncode == 0, out
    assert (b"403\n" in out) == (number % AT_THE_DOOR == 0), out
    return used.ru_utime + used.ru_stime


def memory(user: User) -> int:
    """What the proxy and what it started hold, in bytes."""
    (proxy,) = user.proxies()
    return int(Path(f"/proc/{proxy}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def bytes_in(folder: Path) -> dict[str, int]:
    """How much there is below each name in a folder."""
    return {
        each.name: sum(path.lstat().st_size for path in (each, *each.rglob("*"))) for each in sorted(folder.iterdir())
    }


def test_nothing_grows_with_the_number_of_runs(warm: User) -> None:
    before, names, resident = at_rest(warm.root), tree(warm.root), memory(warm)
    spent = [run(warm, number) for number in range(1, RUNS + 1)]
    assert leaked(settled(warm.root, before), before) == {}
    assert tree(warm.root) == names
    assert memory(warm) - resident < MEMORY
    verified = warm.run("runs", "verify")
    assert (verified.returncode, f"{2 * (RUNS + 10)} records, all as they were written" in verified.stdout) == (0, True)
    assert warm.run("cache", "verify").returncode == 0
    if FULL:
        share = RUNS // 10
        first, last = (sum(part) / share for part in (sorted(spent[:share]), sorted(spent[-share:])))
        print(f"\n{RUNS} runs: {first * 1000:.1f} ms of CPU each at first, {last * 1000:.1f} ms at last")
        print(f"the proxy: {resident >> 20} MiB at first, {memory(warm) >> 20} MiB at last; held: {before}")
        print(f"bytes: {bytes_in(warm.state / 'state')}")
