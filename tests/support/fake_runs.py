"""A core whose sandboxes are real, and whose programs are pretended: they do at once what a test tells them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace

from jhansi_runner.runner.sandboxes.errors import busy, not_found
from jhansi_runner.runner.sandboxes.model import CANCELLED, DONE, RUNNING, Caller, Event, Program, Run
from jhansi_runner.runner.sandboxes.service import Service


class FakeRuns(Service):
    """Programs are commands: `say WORDS`, `sleep` until cancelled, `flood` with output, `fail`, `fault`."""

    def __init__(self, *args: object, **more: object) -> None:
        super().__init__(*args, **more)  # type: ignore[arg-type]
        self.made: dict[str, Run] = {}
        self.asked: dict[str, Program] = {}
        self.told: dict[str, list[Event]] = {}
        self.changed = asyncio.Condition()

    async def submit(self, caller: Caller, sandbox: str, program: Program) -> Run:
        found = await self.sandbox(caller, sandbox)
        if any(run.sandbox_id == sandbox and run.state == RUNNING for run in self.made.values()) and not program.wait:
            raise busy(sandbox)
        command = program.command if isinstance(program.command, str) else " ".join(program.command)
        if command == "fault":
            raise ZeroDivisionError("a fault with a secret in it")
        now = time.time()
        identifier = f"run_{len(self.made):016x}"
        run = Run(identifier, sandbox, found.owner, RUNNING, "command", command or program.filename, now, now)
        self.made[identifier], self.asked[identifier], self.told[identifier] = run, program, []
        if command == "sleep":
            await self._tell(run, "output", stream="stdout", text="sleeping\n")
        elif command == "flood":
            self._flood = asyncio.create_task(self._flooding(run))
        else:
            text = command.removeprefix("say ") + "\n"
            await self._tell(run, "output", stream="stdout", text=text)
            await self._end(run, DONE, 3 if command == "fail" else 0, text)
        return self.made[identifier]

    async def _flooding(self, run: Run) -> None:
        while self.made[run.id].state == RUNNING:
            await self._tell(run, "output", stream="stdout", text="x" * 60_000)
            await asyncio.sleep(0)

    async def _tell(self, run: Run, name: str, **what: object) -> None:
        events = self.told[run.id]
        if len(events) < 2000:
            number = len(events) + 1
            events.append(Event(number, name, {"event": name, "seq": number, **what}))
        async with self.changed:
            self.changed.notify_all()

    async def _end(self, run: Run, state: str, code: int | None, output: str = "") -> Run:
        outcome = {"run_id": run.id, "exit_code": code, "stdout": output, "output": output, "duration_ms": 1}
        done = replace(run, state=state, ended_at=time.time(), exit_code=code, outcome=outcome)
        self.made[run.id] = done
        await self._tell(run, "done", **outcome)
        return done

    async def events(self, caller: Caller, run: str, after: int = 0) -> AsyncIterator[Event]:
        await self.run(caller, run)
        while True:
            for event in self.told[run][after:]:
                after = event.number
                yield event
                if event.name == "done":
                    return
            async with self.changed:
                if len(self.told[run]) <= after:
                    await self.changed.wait()

    async def finished(self, caller: Caller, run: str) -> Run:
        async for _ in self.events(caller, run):
            pass
        return self.made[run]

    async def end_of(self, caller: Caller, run: str) -> None:
        await self.finished(caller, run)

    async def cancel(self, caller: Caller, run: str) -> Run:
        found = await self.run(caller, run)
        return await self._end(found, CANCELLED, None) if found.state == RUNNING else found

    async def run(self, caller: Caller, run: str) -> Run:
        found = self.made.get(run)
        if found is None or not (caller.sees_all or found.owner == caller.name):
            raise not_found("run of this id", "run_not_found")
        return found

    async def runs(self, caller: Caller, sandbox: str = "", *, limit: int = 50, offset: int = 0) -> list[Run]:
        mine = [run for run in self.made.values() if caller.sees_all or run.owner == caller.name]
        return [run for run in reversed(mine) if sandbox in ("", run.sandbox_id)][offset : offset + limit]

    async def log(self, caller: Caller, run: str, stream: str = "") -> AsyncIterator[bytes]:
        await self.run(caller, run)
        for event in self.told[run]:
            if event.name == "output" and stream in ("", event.data["stream"]):
                yield str(event.data["text"]).encode()

    async def sbom(self, caller: Caller, run: str) -> Mapping[str, object]:
        await self.run(caller, run)
        return {"bomFormat": "CycloneDX"}

    async def explain(self, caller: Caller, sandbox: str, purl: str) -> Mapping[str, object]:
        if sandbox:
            await self.sandbox(caller, sandbox)
        return {"purl": purl, "verdict": "allow"}
