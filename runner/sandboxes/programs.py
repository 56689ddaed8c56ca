"""Runs of sandboxes: the rows that tell of them, and the engine that carries them out."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from contextlib import aclosing
from dataclasses import replace

from jhansi_runner.proxy.paths import Paths
from jhansi_runner.runner.console import say
from jhansi_runner.runner.engine.engine import Engine
from jhansi_runner.runner.engine.follow import output
from jhansi_runner.runner.engine.interface import RUN_PREFIX, End, Wanted
from jhansi_runner.runner.engine.log import DONE as DONE_EVENT
from jhansi_runner.runner.engine.order import kind
from jhansi_runner.runner.errors import FAILED
from jhansi_runner.runner.record import Record
from jhansi_runner.runner.sandboxes.errors import SandboxError, bad_request, not_found
from jhansi_runner.runner.sandboxes.model import LOST, Caller, Event, Program, Run, Sandbox
from jhansi_runner.runner.sandboxes.places import Place
from jhansi_runner.runner.sandboxes.run_rows import Runs
from jhansi_runner.runner.sandboxes.settings import Settings
from jhansi_runner.runner.sandboxes.turns import Turns
from jhansi_runner.runner.sandboxes.upkeep import log_of, settle

_STREAMS = ("", "stdout", "stderr")
_POLL_SECONDS, _SETTLE_SECONDS = 0.2, 1.0
LARGE_EACH = 8
"""Events of one owner that are long, as an outcome may be, and on their way at once."""
_LEAST_FRESH = 1 << 20
"""Bytes of logs."""


class Programs:
    """Lets programs run, and tells of them. All raise SandboxError. `server` is the presence of this process.

    `much` is set when so much was logged that old logs should go now, and cleared by who sees to it.
    """

    def __init__(self, folders: Paths, env: Mapping[str, str], settings: Settings, runs: Runs, server: str) -> None:
        self._folders, self._runs, self._server = folders, runs, server
        self.engine = Engine(folders, env, settings, self)
        self._unwritten: list[End] = []
        self.much, self._fresh, self._most_fresh = asyncio.Event(), 0, max(_LEAST_FRESH, settings.logs // 8)
        self._settled = -_SETTLE_SECONDS
        self._large = Turns(LARGE_EACH)

    def started(self, run: str) -> None:
        """The engine's word: a run's turn has come."""
        try:
            self._runs.started(run)
        except SandboxError as error:  # its end will be written
            say(f"warning: that {run} has begun could not be written: {error}")

    def ended(self, end: End) -> None:
        """The engine's word: a run has ended. What cannot be written now is written by `write_rest`."""
        try:
            self._write(end)
        except SandboxError as error:
            say(f"warning: the end of {end.run} could not be written: {error}")
            self._unwritten.append(end)

    def write_rest(self) -> None:
        """Write what could not be written before."""
        while self._unwritten:
            self._write(self._unwritten[0])
            del self._unwritten[0]

    def _write(self, end: End) -> None:
        try:
            size = os.stat(log_of(self._folders, end.run)).st_size
        except OSError:
            size = 0
        self._runs.ended(end.run, end.state, end.outcome, log=size)
        self._fresh += size
        if self._fresh > self._most_fresh:
            self._fresh = 0
            self.much.set()

    def settle(self) -> None:
        """See that what is told of runs is so: their processes may have ended without a word."""
        now = time.monotonic()
        if now - self._settled >= _SETTLE_SECONDS:
            self._settled = now
            settle(self._folders, self._runs)

    async def submit(self, caller: Caller, sandbox: Sandbox, program: Program) -> Run:
        """Let a program run, at once or when its turn comes."""
        place = Place(self._folders, sandbox.id)
        run = RUN_PREFIX + os.urandom(8).hex()
        command = program.command if isinstance(program.command, str) else " ".join(program.command[:1])
        what = program.filename or command
        wanted = Wanted(
            run, sandbox.id, place.work, program, _holder(place), caller.name,
            language=sandbox.language, limits=sandbox.limits, policy=sandbox.policy,
        )  # fmt: skip
        if not self._runs.add(run, sandbox.id, caller.name, self._server, kind(program), what, has_log=True):
            raise not_found("sandbox of this id", "sandbox_not_found")
        try:
            self.engine.submit(wanted)
        except BaseException:
            self._runs.drop(run)
            raise
        return self.get(caller, run)

    def get(self, caller: Caller, run: str) -> Run:
        """A run, with its whole outcome."""
        return _with_outcome(self._found(caller, run, texts=True))

    def _found(self, caller: Caller, run: str, *, texts: bool = False) -> Run:
        """A run; the `texts` that it wrote, of a MiB each, only where they are asked for: others wait meanwhile."""
        self.settle()
        found = self._runs.get(caller, run, texts=texts) if _is_run(run) else None
        if found is None:
            raise not_found("run of this id", "run_not_found", "see those that were: list runs")
        return found

    async def finished(self, caller: Caller, run: str) -> Run:
        """A run with its whole outcome, once it has ended."""
        await self.end_of(caller, run)
        return self.get(caller, run)

    async def end_of(self, caller: Caller, run: str) -> None:
        """Wait until a run has ended, wherever it goes on; nothing that it wrote is read for that."""
        while self._found(caller, run).ended_at is None:
            if self.engine.knows(run):
                await self.engine.finished(run)
            else:
                await asyncio.sleep(_POLL_SECONDS)

    async def cancel(self, caller: Caller, run: str) -> Run:
        """End a run; one of another process is that process's to end."""
        if self._found(caller, run).ended_at is None:
            if not self.engine.knows(run):
                hint = "end it where it was started, or wait for it"
                raise SandboxError(409, "run_elsewhere", f"{run} goes on in another process", hint)
            await self.engine.cancel(run)
        return self.get(caller, run)

    async def cancel_all(self, sandbox: str) -> None:
        """End all that goes on here in a sandbox."""
        for one in self._runs.going_on(sandbox):
            await self.engine.cancel(one.id)

    async def end_all_but(self, owners: Collection[str]) -> None:
        """End all that goes on here for others."""
        await asyncio.gather(*(self.engine.cancel(run) for run in self.engine.of_others(owners)))

    async def events(self, caller: Caller, run: str, after: int) -> AsyncGenerator[Event, None]:
        """The events of a run with a number above `after`, to the last, `done`, which every run has."""
        found = self._found(caller, run)
        number = after
        if found.has_log:
            try:
                events = self.engine.events(run, after, self._lives(found), self._large.of(caller.name))
                async with aclosing(events) as told:
                    async for event in told:
                        number = event.number
                        yield event
                        if event.name == DONE_EVENT:
                            return
            except FileNotFoundError:  # it goes by age
                pass
        found = await self.finished(caller, run)
        data = {"event": DONE_EVENT, "seq": number + 1, **found.outcome}
        yield Event(number + 1, DONE_EVENT, data)

    async def log(self, caller: Caller, run: str, stream: str) -> AsyncGenerator[bytes, None]:
        """What a run wrote, as far as it is kept."""
        if stream not in _STREAMS:
            raise bad_request("stream: there are stdout and stderr; without one it is both")
        if not self._found(caller, run).has_log:
            text = self.get(caller, run).outcome.get(stream or "output", "")
            yield str(text).encode("utf-8", "replace")
            return
        async with aclosing(self.events(caller, run, 0)) as told, aclosing(output(told, stream)) as parts:
            async for part in parts:
                yield part

    def _lives(self, found: Run) -> Callable[[], bool]:
        """Whether a run goes on; asked often, so that nothing else of it is read."""

        def lives() -> bool:
            self.settle()
            return found.ended_at is None and self._runs.goes_on(found.id)

        return lives


def _holder(place: Place) -> Callable[[], int | None]:
    def hold() -> int | None:
        lock = place.hold()
        if lock is not None:
            place.mend()
        return lock

    return hold


def _is_run(text: str) -> bool:
    digits = text.removeprefix(RUN_PREFIX)
    return len(digits) == 16 == len(text) - len(RUN_PREFIX) and set(digits) <= set("0123456789abcdef")


def _with_outcome(run: Run) -> Run:
    """A run that is lost had nobody to tell its outcome."""
    if run.state != LOST:
        return run
    record = Record()
    record.run_id, record.sandbox_id, record.error = run.id, run.sandbox_id, run.error
    return replace(run, outcome={**record.to_json(FAILED), "duration_ms": 0, "state": LOST})
