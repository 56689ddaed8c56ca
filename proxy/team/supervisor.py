"""Starts the workers of the mirror for a team, starts again what dies, and ends with all of them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict

from jhansi_runner.proxy.team.settings import Settings

_SHORT_LIFE = 3.0
_TICK = 0.2
_END_SECONDS = 20.0


class WorkerFailed(Exception):
    """A worker cannot be kept alive; it has said why."""


def bind(address: str) -> socket.socket:
    """A socket that listens at `host:port`, with `[...]` around an IPv6 host. Raises ValueError, OSError."""
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise ValueError(f"{address!r} is no address: write host:port, such as 127.0.0.1:8080 or [::1]:8080")
    host = host.removeprefix("[").removesuffix("]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, int(port)))
        listener.listen(1024)
    except OSError:
        listener.close()
        raise
    return listener


def supervise(listener: socket.socket, workers: int, settings: Settings, say: Callable[[str], None]) -> None:
    """Serve with so many workers until SIGTERM or SIGINT. Raises WorkerFailed when they end by themselves at once."""
    stopping = False

    def stop(number: int, frame: object) -> None:
        del number, frame
        nonlocal stopping
        stopping = True

    with tempfile.TemporaryDirectory(prefix="jhansi-") as numbers:
        alive: list[tuple[subprocess.Popen[bytes], float]] = []
        before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
        before[signal.SIGHUP] = signal.signal(signal.SIGHUP, lambda *_: _tell(alive, signal.SIGHUP))
        try:
            alive += [_start(listener, numbers, settings) for _ in range(workers)]
            while not stopping:
                time.sleep(_TICK)
                for index, (worker, began) in enumerate(alive):
                    if worker.poll() is None:
                        continue
                    by_itself = worker.returncode >= 0  # and not killed, as by a host that is out of memory
                    if by_itself and time.monotonic() - began < _SHORT_LIFE:
                        raise WorkerFailed(f"a worker ended at once with exit code {worker.returncode}")
                    say(f"a worker ended with exit code {worker.returncode}; another one takes its place")
                    alive[index] = _start(listener, numbers, settings)
        finally:
            _end(alive)
            for number, handler in before.items():
                signal.signal(number, handler)


def _start(listener: socket.socket, numbers: str, settings: Settings) -> tuple[subprocess.Popen[bytes], float]:
    descriptor = listener.fileno()
    argv = [sys.executable, "-P", "-s", "-m", "jhansi_runner.proxy.team.worker"]
    argv += [str(descriptor), numbers, json.dumps(asdict(settings))]
    # A signal of the terminal's reaches us, and we tell them: they must not end before their downloads are told.
    worker = subprocess.Popen(argv, pass_fds=(descriptor,), stdin=subprocess.DEVNULL, start_new_session=True)
    return worker, time.monotonic()


def _tell(alive: list[tuple[subprocess.Popen[bytes], float]], number: int) -> None:
    for worker, _ in alive:
        if worker.poll() is None:
            os.kill(worker.pid, number)


def _end(alive: list[tuple[subprocess.Popen[bytes], float]]) -> None:
    _tell(alive, signal.SIGTERM)
    deadline = time.monotonic() + _END_SECONDS
    for worker, _ in alive:
        try:
            worker.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()
