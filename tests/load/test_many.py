"""Many sandboxes at once: each has its own outcome, each refusal is told to the one it belongs to, nothing is left."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from jhansi_runner.proxy.history import entries
from support.leaks import Held, adopting, at_rest, leaked, settled
from support.registry import Upstream
from support.scale import sized
from support.user import User, read_line

AT_ONCE = sized(24, 200)
SECONDS = 120
KINDS = ("plain", "json", "refused", "refused json", "killed", "killed at the door", "ended by a signal", "timed out")
ASKS = """
import os, socket, sys
print("ready", flush=True)
sys.stdin.readline()
for number in range(3):
    endpoint = socket.create_connection(("127.0.0.1", 3128), 60)
    host = f"canary{number}-%s.test"
    endpoint.sendall(f"CONNECT {host}:443 HTTP/1.1\\r\\nHost: {host}:443\\r\\n\\r\\n".encode())
    print(endpoint.recv(4096).split()[1].decode(), flush=True)
%s
sys.exit(%d)
"""
WAITS = "echo ready; read -r line; echo $line %s; exit %d"


@dataclass(slots=True)
class Started:
    """A run of one kind, and the number by which it is known from others."""

    kind: str
    number: int
    process: subprocess.Popen[Any]

    @property
    def code(self) -> int:
        """The exit code of its program."""
        return self.number % 100 + 1


@pytest.fixture
def idle(new_user: User, upstream: Upstream) -> Iterator[tuple[User, Held]]:
    """A user whose proxy has served and serves on, and what is held then."""
    new_user.env["JHANSI_PROXY_IDLE"] = "300"
    new_user.policy(upstream.url)
    with adopting():
        process = start(new_user, "refused", 0).process
        process.communicate(b"go\n", timeout=SECONDS)
        yield new_user, at_rest(new_user.root)


def start(user: User, kind: str, number: int) -> Started:
    code = number % 100 + 1
    if kind == "plain":
        words: tuple[str, ...] = ("--", "sh", "-c", WAITS % (number, code))
    elif kind == "json":
        words = ("--json=lines", "--", "sh", "-c", WAITS % (number, code))
    elif kind == "timed out":
        words = ("--timeout", "10", "--", "sh", "-c", "echo ready; sleep 600")
    elif kind == "ended by a signal":
        words = ("--", "sh", "-c", "echo ready; read -r line; kill -USR1 $$; sleep 9")
    elif kind == "killed":
        words = ("--", "sh", "-c", "(setsid sleep 7654 &) ; echo ready; sleep 7654")
    else:
        last = "sys.stdin.readline(); sys.stdin.readline()" if kind == "killed at the door" else ""
        options = ("--json=lines",) if kind == "refused json" else ()
        words = (*options, "--", "python3", "-c", ASKS % (number, last, code))
    return Started(kind, number, user.start(*words, stdin=subprocess.PIPE))


def said_ready(run: Started) -> bool:
    """Whether one of its next lines says so."""
    return any(b"ready" in line for line in iter(lambda: read_line(run.process), b""))


def finish(run: Started) -> tuple[bytes, bytes, int]:
    out, err = run.process.communicate(timeout=SECONDS)
    return out, err, run.process.returncode


def check(run: Started, out: bytes, err: bytes, code: int) -> None:
    """Raise AssertionError unless this is what becomes of a run of this kind."""
    told = run.kind, run.number, out[-2000:], err[-2000:], code
    if run.kind.endswith("json"):
        done = json.loads(out.splitlines()[-1])
        assert (done["event"], done["exit_code"], code) == ("done", run.code, run.code), told
        said, refused = done["stdout"], {one["url"] for one in done["denied"]}
    else:
        said, refused = "ready\n" + out.decode(), set()
    if run.kind in ("plain", "json"):
        assert (said, code) == (f"ready\ngo {run.number}\n", run.code), told
    elif run.kind.startswith("refused"):
        assert (said, code) == ("ready\n403\n403\n403\n", run.code), told
        own = {f"canary{each}-{run.number}.test" for each in range(3)}
        assert not refused or {next((one for one in own if one in url), url) for url in refused} == own, told
        assert refused or all(one in err.decode() for one in own), told
    elif run.kind == "timed out":
        assert code == 124, told
    elif run.kind == "ended by a signal":
        assert code == 128 + signal.SIGUSR1, told


def test_each_of_many_at_once_has_its_own_outcome_and_leaves_nothing(idle: tuple[User, Held]) -> None:
    user, before = idle
    began = time.time()
    runs = []
    for number in range(1, AT_ONCE + 1):
        if number % 2:  # half of them share a workspace
            user.work = user.folder(user.root / f"many{number}")
        else:
            user.work = user.folder(user.root / "shared")
        runs.append(start(user, KINDS[number // 2 % len(KINDS)], number))
    silent = [run for run in runs if not said_ready(run)]
    assert silent == [], [finish(run) for run in silent]
    for run in runs:
        if run.process.stdin is not None and run.kind not in ("killed", "timed out"):
            run.process.stdin.write(b"go\n")
            run.process.stdin.flush()
    killed = [run for run in runs if run.kind.startswith("killed")]
    for run in killed[::2] + killed[1::2]:
        run.process.kill()
    for run in runs:
        out, err, code = finish(run)
        check(run, out, err, code)
    assert leaked(settled(user.root, before), before) == {}
    states = Counter(one["state"] for one in recorded(user))
    assert states == {"killed": len(killed), "ended": AT_ONCE - len(killed) + 1}
    assert user.run("runs", "verify").returncode == 0
    told = Counter(entry.url.rpartition("-")[2] for entry in entries(f"{user.state}/state/ledger", began))
    missing = [run.number for run in runs if run.kind.startswith("refused") and told[f"{run.number}.test:443"] != 3]
    assert missing == [], told


def recorded(user: User) -> list[dict[str, Any]]:
    done = user.run("runs", "--json", "--limit", str(AT_ONCE * 2))
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout)["runs"])
