"""The engine: runs programs in sandboxes when their turn comes, and lets whoever wants to follow them.

It knows of no database: it is told what is to be run, and tells what became of it. One instance in an event loop.

Source: ADR 16.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass

from jhansi_runner.proxy.cell.process import sealed
from jhansi_runner.proxy.paths import Paths, UnsafeFolder
from jhansi_runner.runner.engine import follow, log
from jhansi_runner.runner.engine.cradle import Cradle, NurseryGone
from jhansi_runner.runner.engine.interface import End, Told, Wanted
from jhansi_runner.runner.engine.live import Live, unbegun
from jhansi_runner.runner.engine.order import Order, order
from jhansi_runner.runner.engine.queue import Queue, places_of_one
from jhansi_runner.runner.sandboxes.errors import SandboxError, busy, not_found
from jhansi_runner.runner.sandboxes.model import Event
from jhansi_runner.runner.sandboxes.settings import Settings

_AGAIN_SECONDS = 0.2
_STOP_SECONDS = 6.0
"""How long what runs may take to end when the engine stops: longer than a run that is killed in the end."""
_INSTALL_SECONDS = 1800.0
"""How much longer than its program a run may take, with all that it resolves, fetches and builds."""


@dataclass(slots=True)
class _Run:
    wanted: Wanted
    order: Order
    bell: follow.Bell
    over: asyncio.Future[End]
    lock: int | None = None
    live: Live | None = None


class Engine:
    """Runs at most `settings.runs` programs at once. `env` is what runs have for their environment."""

    def __init__(self, folders: Paths, env: Mapping[str, str], settings: Settings, told: Told) -> None:
        self._folders, self._settings, self._told = folders, settings, told
        self.most = settings.runs or 2 * (os.cpu_count() or 1)
        self._queue = Queue(self.most, settings.queue, settings.queue_each, places_of_one(self.most))
        self._runs: dict[str, _Run] = {}
        self._cradle = Cradle(env, self._nursery_gone)
        self._starting: asyncio.Task[None] | None = None
        self._again: asyncio.TimerHandle | None = None
        self._is_closed = False

    async def start(self) -> None:
        """Start what runs are started from. Raises NurseryGone."""
        await self._cradle.start()

    async def stop(self) -> None:
        """End all that runs, and forget what waits: each run is told to have been cancelled."""
        self._is_closed = True
        if self._again is not None:
            self._again.cancel()
        if self._starting is not None:
            self._starting.cancel()
        for run in list(self._runs):
            if self._queue.remove(run):
                self._unbegun(self._runs[run], "the service ended before its turn came", cancelled=True)
        waiting = [each.over for each in self._runs.values()]
        for each in self._runs.values():
            if each.live is not None:
                each.live.cancel("the service ended while it ran: run it again")
        if waiting:
            await asyncio.wait(waiting, timeout=_STOP_SECONDS)
        self._cradle.close()
        if waiting:
            await asyncio.wait(waiting)

    @property
    def running(self) -> int:
        """How many runs have their turn."""
        return self._queue.running

    @property
    def waiting(self) -> int:
        """How many runs wait for it."""
        return self._queue.waiting

    def submit(self, wanted: Wanted) -> bool:
        """Let a program run, at once or when its turn comes; whether it has its turn already.

        Raises SandboxError, and then nothing is told of it.
        """
        if self._is_closed:
            raise SandboxError(503, "ending", "the service is ending", "try again later", retry_after=5)
        settings = self._settings
        made = order(
            wanted, settings.timeout, settings.longest_timeout, offline=settings.offline, most=settings.sandbox
        )
        self._queue.add(wanted.run, wanted.owner, wanted.sandbox, wait=wanted.program.wait)
        try:
            lock = wanted.hold()
        except OSError:
            self._queue.remove(wanted.run)
            raise not_found(f"sandbox {wanted.sandbox}") from None
        if lock is None and not wanted.program.wait:
            self._queue.remove(wanted.run)
            raise busy(wanted.sandbox)
        run = _Run(wanted, made, follow.Bell(), asyncio.get_running_loop().create_future(), lock)
        self._runs[wanted.run] = run
        if not self._cradle.pid and self._starting is None:
            self._nursery_gone()
        self._turns()
        if run.live is None and run.lock is not None:  # while it waits for its turn others may use the sandbox
            os.close(run.lock)
            run.lock = None
        return run.live is not None

    def knows(self, run: str) -> bool:
        """Whether a run waits or goes on here."""
        return run in self._runs

    def of_others(self, owners: Collection[str]) -> list[str]:
        """The runs that wait or go on here for whoever is none of these."""
        return [run for run, each in self._runs.items() if each.wanted.owner not in owners]

    async def finished(self, run: str) -> End | None:
        """Wait until a run has ended; None for one that is not known here, or not any more."""
        found = self._runs.get(run)
        return None if found is None else await asyncio.shield(found.over)

    async def cancel(self, run: str) -> End | None:
        """End a run, and wait until it has ended; None as in `finished`."""
        found = self._runs.get(run)
        if found is None:
            return None
        if self._queue.remove(run):
            self._unbegun(found, "cancelled before its turn came", cancelled=True)
        elif found.live is not None:
            found.live.cancel()
        return await asyncio.shield(found.over)

    def events(
        self,
        run: str,
        after: int = 0,
        lives: Callable[[], bool] = lambda: False,
        large: asyncio.Semaphore | None = None,
    ) -> AsyncGenerator[Event, None]:
        """The events of a run with a number above `after`, to `done`; `lives` tells whether another process runs it.

        `large` as in `follow.events`. Raises FileNotFoundError where there is no log, or not any more.
        """
        found = self._runs.get(run)
        path = log.path(self._folders.service, run)
        bell = found.bell if found is not None else None
        return follow.events(path, after, bell, lives, large or asyncio.Semaphore())

    def output(self, run: str, stream: str = "", lives: Callable[[], bool] = lambda: False) -> AsyncIterator[bytes]:
        """What a run wrote, as `events` has it."""
        return follow.output(self.events(run, 0, lives), stream)

    def _turns(self) -> None:
        """Let all begin whose turn it is."""
        if self._again is not None:
            self._again.cancel()
            self._again = None
        while not self._is_closed and self._starting is None and (name := self._queue.take(time.monotonic())):
            run = self._runs[name]
            try:
                lock = run.lock if run.lock is not None else run.wanted.hold()
            except OSError:
                self._queue.ended(name)
                self._unbegun(run, f"there is no sandbox {run.wanted.sandbox} any more")
                continue
            if lock is None:  # somebody who is not in our queue
                self._queue.put_back(name, run.wanted.owner, time.monotonic() + _AGAIN_SECONDS)
                continue
            run.lock = None
            try:
                self._begin(run, lock)
            finally:
                os.close(lock)
        next_time = self._queue.next_time()
        if next_time is not None and self._again is None and not self._is_closed:
            delay = max(0.0, next_time - time.monotonic())
            self._again = asyncio.get_running_loop().call_later(delay, self._turns)

    def _begin(self, run: _Run, lock: int) -> None:
        stdin = -1
        try:
            written = log.Log(self._folders.service, run.wanted.run, self._settings.log)
        except (OSError, UnsafeFolder) as error:
            self._queue.ended(run.wanted.run)
            self._forget(run, self._without_log(run, f"nothing can be kept of it: {error}"))
            return
        run.live = Live(run.order, written, run.bell, lambda end: self._ended(run, end))
        self._told.started(run.wanted.run)
        try:
            text = run.wanted.program.stdin
            stdin = sealed(text) if text else os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
            longest = (run.wanted.program.timeout or self._settings.timeout) + _INSTALL_SECONDS
            run.live.begin(self._cradle, stdin, lock, longest)
        except (OSError, NurseryGone) as error:
            run.live.fail(f"it could not be started: {error}")
        finally:
            if stdin >= 0:
                os.close(stdin)

    def _ended(self, run: _Run, end: End) -> None:
        self._queue.ended(run.wanted.run)
        self._forget(run, end)
        asyncio.get_running_loop().call_soon(self._turns)

    def _unbegun(self, run: _Run, error: str, *, cancelled: bool = False) -> None:
        """End a run that never had its turn."""
        try:
            written = log.Log(self._folders.service, run.wanted.run, self._settings.log)
        except (OSError, UnsafeFolder):
            self._forget(run, self._without_log(run, error))
            return
        live = Live(run.order, written, run.bell, lambda end: self._forget(run, end))
        live.fail(error, cancelled=cancelled)

    def _without_log(self, run: _Run, error: str) -> End:
        run.bell.ring(over=True)
        return unbegun(run.order, error)

    def _forget(self, run: _Run, end: End) -> None:
        del self._runs[run.wanted.run]
        self._told.ended(end)
        run.over.set_result(end)

    def _nursery_gone(self) -> None:
        if not self._is_closed:
            self._starting = asyncio.get_running_loop().create_task(self._restart())

    async def _restart(self) -> None:
        try:
            await self._cradle.start()
        except NurseryGone as error:
            for name in list(self._runs):
                if self._queue.remove(name):
                    self._unbegun(self._runs[name], str(error))
        finally:
            self._starting = None
        self._turns()
