"""What a run of the service costs: next to the bare sandbox, and how many there are in a second."""

from __future__ import annotations

import asyncio
import fcntl
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

from benchmarks.home import Home
from benchmarks.rounds import alternate, seconds
from benchmarks.service_http import Served
from benchmarks.table import Line
from benchmarks.warm import bare, bare_arguments
from jhansi_runner.proxy import paths
from jhansi_runner.runner.engine.engine import Engine
from jhansi_runner.runner.engine.interface import End, Wanted
from jhansi_runner.runner.sandboxes.model import Program
from jhansi_runner.runner.sandboxes.settings import Settings

_ROUNDS = 60
_SANDBOXES, _RUNS = 8, 200
_PROGRAM = "main.py"
_DOCKER = ("docker run, on an SSD (literature: Khan 2026)", 568.0)
"""A name, and milliseconds: not measured here. Source: S. Khan, "Decomposing Docker Container Startup Performance: A
Three-Tier Measurement Study on Heterogeneous Infrastructure", 2026; `docs/benchmarks.md` has more of them."""

Run = Callable[[int], Awaitable[None]]
"""Runs `main.py` in the sandbox of a number, to its last event."""


@dataclass(frozen=True, slots=True)
class Way:
    """A way to run programs: a name, a run, and the loop that it is to be had in.

    `read` is what others have measured of something else, elsewhere: a name, and milliseconds.
    """

    name: str
    run: Run
    loop: asyncio.AbstractEventLoop
    aim: str
    read: tuple[str, float] | None = None

    def lines(self, home: Home) -> Iterator[Line]:
        """What one costs next to the bare sandbox, and how many there are in a second."""
        workspace = home.workspace("bare", "")
        seconds(home.exec(), home.env, workspace)
        sandbox = bare_arguments(home, workspace)
        for number in range(_SANDBOXES):
            self._once(number)
        ours, beside = alternate(_ROUNDS, lambda: self._once(0) * 1000, lambda: bare(*sandbox) * 1000)
        yield Line(f"warm run through {self.name}, and the same bwrap, bare", "ms", ours, beside, "minus", self.aim)
        if self.read is not None:
            yield Line(f"the same, and {self.read[0]}", "ms", ours, [self.read[1]], "none")
        rates = [_RUNS / self._many() for _ in range(3)]
        name = f"runs a second through {self.name}, {_SANDBOXES} sandboxes at once"
        yield Line(name, "/s", rates, compared="none", aim="50")

    def _once(self, number: int) -> float:
        began = time.perf_counter()
        self.loop.run_until_complete(self.run(number))
        return time.perf_counter() - began

    def _many(self) -> float:
        async def one_after_the_other(number: int) -> None:
            for _ in range(_RUNS // _SANDBOXES):
                await self.run(number)

        async def all_at_once() -> None:
            await asyncio.gather(*(one_after_the_other(number) for number in range(_SANDBOXES)))

        began = time.perf_counter()
        self.loop.run_until_complete(all_at_once())
        return time.perf_counter() - began


class _Nobody:
    def started(self, run: str) -> None:
        pass

    def ended(self, end: End) -> None:
        pass


def lines() -> Iterator[Line]:
    """The lines about the service: the engine alone, and with HTTP before it."""
    loop = asyncio.new_event_loop()
    try:
        yield from _engine_lines(loop)
        with Home() as home, Served(home, _SANDBOXES, _PROGRAM, loop) as served:
            yield from Way("HTTP", served.run, loop, "+10 ms", _DOCKER).lines(home)
    finally:
        loop.close()


def _engine_lines(loop: asyncio.AbstractEventLoop) -> Iterator[Line]:
    with Home() as home:
        engine = Engine(home.folders, home.env, Settings(), _Nobody())
        works = [_sandbox(home) for _ in range(_SANDBOXES)]

        async def run(number: int) -> None:
            name, sandbox = f"run_{os.urandom(8).hex()}", works[number]
            work = f"{home.folders.sandboxes}/{sandbox}/work"
            engine.submit(Wanted(name, sandbox, work, Program(_PROGRAM), lambda: _held(f"{work}/../busy")))
            async for event in engine.events(name):
                last = event
            if last.data["exit_code"] != 0:
                raise RuntimeError(f"a run failed: {last.data['error']} {last.data['stderr']}")

        loop.run_until_complete(engine.start())
        try:
            yield from Way("the engine", run, loop, "+6 ms").lines(home)
        finally:
            loop.run_until_complete(engine.stop())


def _sandbox(home: Home) -> str:
    """A new sandbox with an empty program."""
    name = f"sb_{os.urandom(16).hex()}"
    work = f"{home.folders.sandboxes}/{name}/work"
    paths.make(work)
    for path in (f"{work}/../busy", f"{work}/{_PROGRAM}"):
        with open(path, "w", encoding="ascii"):
            pass
    return name


def _held(path: str) -> int | None:
    lock = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock
