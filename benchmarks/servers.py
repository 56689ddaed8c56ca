"""Servers under test: each a tree of processes of its own, on a core of its own where there are two."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

SERVER_CORES = {min(os.sched_getaffinity(0))}
LOAD_CORES = os.sched_getaffinity(0) - SERVER_CORES or SERVER_CORES
_START_SECONDS = 60.0
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs: the URLs of an index page and of a file of it, and what requests have to say."""

    name: str
    pid: int
    page: str
    file: str
    headers: tuple[str, ...] = ()


class Missing(Exception):
    """Something that is compared cannot be had here; why."""


@contextlib.contextmanager
def running(
    argv: Sequence[str], env: Mapping[str, str], folder: str, cores: set[int] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A server from `with` to its end, on the servers' core; what it says goes to `log` in its folder."""
    with open(f"{folder}/log", "wb") as log, on(SERVER_CORES if cores is None else cores):
        process = subprocess.Popen(argv, env=env, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def on(cores: set[int]) -> Iterator[None]:
    """Have what is started meanwhile run on these cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def fetch(url: str, headers: Mapping[str, str] | None = None) -> bytes:
    """The answer to a GET, once the server answers with 200. Raises OSError."""
    deadline = time.monotonic() + _START_SECONDS
    request = urllib.request.Request(url, headers={"Accept": "*/*", **(headers or {})})  # noqa: S310  loopback
    while True:
        try:
            with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
                return bytes(response.read())
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def free_port() -> int:
    """A port of loopback that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def tree(pid: int) -> list[int]:
    """A process and all that it started, as far as they live."""
    found = [pid]
    for one in found:
        with contextlib.suppress(OSError):
            for task in os.listdir(f"/proc/{one}/task"):
                with open(f"/proc/{one}/task/{task}/children", encoding="ascii") as file:
                    found += [int(child) for child in file.read().split()]
    return found


def cpu_seconds(pid: int) -> float:
    """The processor time that a server has taken, in user and kernel."""
    ticks = 0
    for one in tree(pid):
        with contextlib.suppress(OSError), open(f"/proc/{one}/stat", encoding="ascii", errors="replace") as file:
            words = file.read().rpartition(")")[2].split()
            ticks += int(words[11]) + int(words[12])
    return ticks / _TICKS


def memory(pids: Sequence[int]) -> float:
    """What processes and all that they started hold in memory, in bytes; a page of several counts once."""
    total = 0
    for one in {one for pid in pids for one in tree(pid)}:
        with contextlib.suppress(OSError), open(f"/proc/{one}/smaps_rollup", encoding="ascii") as file:
            total += sum(int(line.split()[1]) for line in file if line.startswith("Pss:"))
    return total * 1024.0
