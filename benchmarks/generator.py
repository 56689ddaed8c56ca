"""Runs the load generator: the one in Go where there is a Go, else the one in Python."""

from __future__ import annotations

import atexit
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence

from benchmarks.load import Report
from benchmarks.servers import LOAD_CORES, Server, cpu_seconds, on

_HERE = os.path.dirname(os.path.abspath(__file__))


def load(mode: str, seconds: float, connections: int, url: str, *headers: str, tunnel: Sequence[str] = ()) -> Report:
    """Put load on a URL, from the other core. `tunnel` is `tunnel_through(...)`. Raises RuntimeError when it fails."""
    argv = [*_command(), *tunnel, mode, str(seconds), str(connections), url, *headers]
    with on(LOAD_CORES):
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the load on {url} failed: {done.stderr.strip()[-300:]}")
    report: Report = json.loads(done.stdout)
    return report


def tunnel_through(port: int, authority: str) -> tuple[str, ...]:
    """What has the load go through a proxy on loopback that intercepts with this authority. It needs the one in Go."""
    return ("-proxy", f"127.0.0.1:{port}", "-ca", authority)


def is_fast() -> bool:
    """Whether the generator is the one in Go."""
    return len(_command()) == 1


def rate(server: Server, url: str, seconds: float, connections: int, costs: list[float]) -> float:
    """Answers per second; notes the server's processor time per answer, in microseconds. Raises RuntimeError."""
    before = cpu_seconds(server.pid)
    report = load("hits", seconds, connections, url, *server.headers)
    if report["failed"] or not report["answers"]:
        raise RuntimeError(f"{server.name}: {report['failed']} of {report['answers']} answers were no 200")
    costs.append((cpu_seconds(server.pid) - before) / report["answers"] * 1e6)
    return report["answers"] / report["seconds"]


@functools.cache
def _command() -> tuple[str, ...]:
    go = shutil.which("go")
    if go is not None:
        folder = tempfile.mkdtemp(prefix="jb-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        built = subprocess.run(
            [go, "build", "-o", f"{folder}/load", f"{_HERE}/load.go"], capture_output=True, text=True, check=False
        )
        if built.returncode == 0:
            return (f"{folder}/load",)
        print(f"load.go could not be built, so load.py is used: {built.stderr.strip()[-300:]}")
    return (sys.executable, "-I", f"{_HERE}/load.py")
