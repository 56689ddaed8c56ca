"""An engine in a process of its own, told what to do by lines of JSON, and telling what happens by others.

Its source is run by a test's ordinary user; see `engine.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import sys
from typing import Any

from jhansi_runner.proxy import paths
from jhansi_runner.runner.engine.engine import Engine
from jhansi_runner.runner.engine.interface import End, Wanted
from jhansi_runner.runner.sandboxes.errors import SandboxError
from jhansi_runner.runner.sandboxes.model import Program
from jhansi_runner.runner.sandboxes.service import Settings


def tell(**what: object) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")


class Told:
    def started(self, run: str) -> None:
        tell(what="started", run=run)

    def ended(self, end: End) -> None:
        tell(what="ended", run=end.run, state=end.state, outcome=end.outcome)


def held(place: str) -> int | None:
    lock = os.open(place, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


class Driver:
    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.tasks: set[asyncio.Task[None]] = set()

    def submit(self, run: str, sandbox: str, program: dict[str, Any], **more: Any) -> None:
        folder = f"{os.environ['JHANSI_HOME']}/data/sandboxes/{sandbox}"
        if isinstance(program.get("command"), list):
            program["command"] = tuple(program["command"])
        program["stdin"] = program.get("stdin", "").encode()
        program["args"] = tuple(program.get("args", ()))
        wanted = Wanted(run, sandbox, folder + "/work", Program(**program), lambda: held(folder + "/busy"), **more)
        try:
            tell(what="submitted", run=run, begun=self.engine.submit(wanted))
        except SandboxError as error:
            tell(what="refused", run=run, status=error.status, name=error.name, message=str(error))

    def cancel(self, run: str) -> None:
        self._later(self._cancel(run))

    def follow(self, run: str, after: int = 0, by: str = "") -> None:
        self._later(self._follow(run, after, by))

    def hold(self, place: str) -> None:
        tell(what="held", descriptor=held(place))

    def pid(self) -> None:
        tell(what="pid", pid=self.engine._cradle.pid)

    def descriptors(self) -> None:
        tell(what="descriptors", count=len(os.listdir("/proc/self/fd")))

    async def _cancel(self, run: str) -> None:
        end = await self.engine.cancel(run)
        tell(what="cancelled", run=run, known=end is not None)

    async def _follow(self, run: str, after: int, by: str) -> None:
        async for event in self.engine.events(run, after):
            tell(what="event", run=run, by=by, number=event.number, event=event.data)
        tell(what="followed", run=run, by=by)

    def _later(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)


async def main() -> None:
    folders = paths.current(os.environ)
    engine = Engine(folders, os.environ, Settings(**json.loads(sys.argv[1])), Told())
    await engine.start()
    tell(what="ready")
    driver = Driver(engine)
    reader = asyncio.StreamReader(1 << 26)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    with contextlib.suppress(EOFError):
        while line := await reader.readline():
            asked = json.loads(line)
            getattr(driver, asked.pop("do"))(**asked)
    await engine.stop()
    tell(what="stopped")


asyncio.run(main())
