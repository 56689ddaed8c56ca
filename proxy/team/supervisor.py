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
from dataclasses import asdict, dataclass

from jhansi_runner.proxy.team.settings import Settings

SERVED = "served"
"""The name of what is in the folder for numbers once a worker has served."""
_SHORTEST_DELAY, _LONGEST_DELAY = 1.0, 30.0
_LONG_LIFE = 60.0
_TICK = 0.2
_END_SECONDS = 20.0


@dataclass(slots=True)
class _Place:
    """Where one worker after the other serves. Times are those of the monotonic clock, in seconds."""

    worker: subprocess.Popen[bytes] | None = None
    began: float = 0.0
    delay: float = 0.0
    due: float = 0.0


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


def supervise(
    listener: socket.socket,
    workers: int,
    settings: Settings,
    say: Callable[[str], None],
    serving: Callable[[], None] = lambda: None,
) -> None:
    """Serve with so many workers until SIGTERM or SIGINT. Raises WorkerFailed when one ends before any has served.

    `serving` is called once, when the first of them serves.
    """
    stopping = False

    def stop(number: int, frame: object) -> None:
        del number, frame
        nonlocal stopping
        stopping = True

    with tempfile.TemporaryDirectory(prefix="jhansi-") as numbers:
        places = [_Place() for _ in range(workers)]
        before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
        before[signal.SIGHUP] = signal.signal(signal.SIGHUP, lambda *_: _tell(places, signal.SIGHUP))
        try:
            told = False
            while not stopping:
                if not told and os.path.exists(os.path.join(numbers, SERVED)):
                    told = True
                    serving()
                for place in places:
                    if place.worker is not None and place.worker.poll() is not None:
                        _ended(place, os.path.exists(os.path.join(numbers, SERVED)), say)
                    if place.worker is None and time.monotonic() >= place.due:
                        place.worker, place.began = _start(listener, numbers, settings), time.monotonic()
                time.sleep(_TICK)
        finally:
            _end(places)
            for number, handler in before.items():
                signal.signal(number, handler)


def next_delay(delay: float, lived: float) -> float:
    """Seconds until a worker is replaced: `delay` is what its predecessor was replaced after, 0 for none."""
    return min(2 * delay, _LONGEST_DELAY) if delay and lived < _LONG_LIFE else _SHORTEST_DELAY


def _ended(place: _Place, served: bool, say: Callable[[str], None]) -> None:
    worker, place.worker = place.worker, None
    code = worker.returncode if worker else 0
    if code >= 0 and not served:  # by itself, and not killed, as by a host that is out of memory
        raise WorkerFailed(f"a worker ended at once with exit code {code}")
    now = time.monotonic()
    place.delay = next_delay(place.delay, now - place.began)
    place.due = now + place.delay
    say(f"a worker ended with exit code {code}; another one takes its place in {place.delay:.0f} s")


def _start(listener: socket.socket, numbers: str, settings: Settings) -> subprocess.Popen[bytes]:
    descriptor = listener.fileno()
    argv = [sys.executable, "-P", "-s", "-m", "jhansi_runner.proxy.team.worker"]
    argv += [str(descriptor), numbers, json.dumps(asdict(settings)), str(os.getpid())]
    # A signal of the terminal's reaches us, and we tell them: they must not end before their downloads are told.
    return subprocess.Popen(argv, pass_fds=(descriptor,), stdin=subprocess.DEVNULL, start_new_session=True)


def _tell(places: list[_Place], number: int) -> None:
    for place in places:
        if place.worker is not None and place.worker.poll() is None:
            os.kill(place.worker.pid, number)


def _end(places: list[_Place]) -> None:
    _tell(places, signal.SIGTERM)
    deadline = time.monotonic() + _END_SECONDS
    for worker in [place.worker for place in places if place.worker is not None]:
        try:
            worker.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()
