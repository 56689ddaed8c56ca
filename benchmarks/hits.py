"""Hits per second on what is cached already, next to other caches of PyPI, under one load generator."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator

from benchmarks import servers
from benchmarks.load import Report
from benchmarks.rounds import alternate
from benchmarks.servers import Server
from benchmarks.table import Line
from support.registry import Upstream
from support.wheels import make_wheel

_ROUNDS = 3
_SECONDS = 2
_CONNECTIONS = 8
_LOAD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "load.py")


def lines() -> Iterator[Line]:
    """The lines about hits per second. A cache that cannot be had here is named, with the reason."""
    with Upstream() as upstream, contextlib.ExitStack() as stack:
        path = upstream.add(make_wheel("widget", "1.0", size_padding=9000)).path
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="jb-"))
        mine, _ = stack.enter_context(servers.ours(f"{folder}/ours", upstream.url, path))
        others: list[Server] = []
        for name, start in (("devpi", servers.devpi), ("proxpi", servers.proxpi)):
            os.mkdir(f"{folder}/{name}")
            try:
                others.append(stack.enter_context(start(f"{folder}/{name}", upstream.url)))
            except (RuntimeError, OSError, subprocess.SubprocessError) as error:
                print(f"hits: {name} could not be measured: {error}")
        for what in ("page", "file"):
            all_ = [mine, *others]
            rates = alternate(_ROUNDS, *(_rate(one, getattr(one, what)) for one in all_))
            for other, rate in zip(all_[1:], rates[1:], strict=True):
                kind = "a 10 KB file" if what == "file" else "an index page of one file"
                yield Line(f"hits per second, {kind}; {other.name}", "/s", rates[0], rate)


def _rate(server: Server, url: str) -> Callable[[], float]:
    def measure() -> float:
        report = load("hits", _SECONDS, _CONNECTIONS, url, *server.headers)
        if report["failed"] or not report["answers"]:
            raise RuntimeError(f"{server.name}: {report['failed']} of {report['answers']} answers were no 200")
        return report["answers"] / report["seconds"]

    return measure


def load(mode: str, seconds: float, connections: int, url: str, *headers: str) -> Report:
    """Run the load generator. Raises RuntimeError when it fails."""
    argv = [sys.executable, "-I", _LOAD, mode, str(seconds), str(connections), url, *headers]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the load on {url} failed: {done.stderr.strip()[-300:]}")
    report: Report = json.loads(done.stdout)
    return report
