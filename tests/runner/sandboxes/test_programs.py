"""Runs, where the database cannot be written for a while: what ended is written later, and nobody waits for ever."""

from __future__ import annotations

import asyncio
import os

import pytest

from jhansi_runner.runner.engine.interface import End
from jhansi_runner.runner.engine.log import Log
from jhansi_runner.runner.record import as_line
from jhansi_runner.runner.sandboxes.model import DONE, Caller, Run
from jhansi_runner.runner.sandboxes.programs import Programs
from jhansi_runner.runner.sandboxes.run_rows import Runs
from jhansi_runner.runner.sandboxes.settings import Settings
from support.sandboxes import Core

RUN = "run_0123456789abcdef"


def test_an_end_that_could_not_be_written_is_written_later(
    jhansi_home: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("jhansi_runner.runner.sandboxes.database._WAIT_SECONDS", 0.05)
    core, other = Core(jhansi_home), Core(jhansi_home)
    sandbox = core.make().id

    async def act() -> None:
        programs = Programs(core.folders, os.environ, Settings(), core.runs, "f" * 32)
        core.runs.add(RUN, sandbox, "local", "f" * 32, "file", "main.py", has_log=True)
        with other.database.change():
            programs.started(RUN)
            programs.ended(End(RUN, DONE, {"exit_code": 4, "state": DONE}))
        assert len(core.runs.going_on(sandbox)) == 1
        programs.write_rest()
        programs.write_rest()

    asyncio.run(act())
    found = core.runs.get(Caller(), RUN)
    assert found is not None
    assert (found.state, found.exit_code) == (DONE, 4)
    assert "could not be written" in capfd.readouterr().err


@pytest.mark.attack
def test_who_follows_a_long_log_has_nothing_else_of_the_run_read(
    jhansi_home: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a run wrote may take a tenth of a second to read, and once for each piece of its log that was minutes."""
    core, asked = Core(jhansi_home), list[bool]()
    core.runs.add(RUN, core.make().id, "local", "f" * 32, "file", "main.py", has_log=True)
    log = Log(core.folders.service, RUN, 4 << 20)
    for _ in range(30):
        log.add(as_line({"event": "output", "seq": 1, "stream": "stdout", "text": "x" * 100_000}))
    log.close({"exit_code": 0})
    core.runs.ended(RUN, DONE, {"exit_code": 0, "stdout": "x"})
    get = Runs.get

    def counted(runs: Runs, caller: Caller, run: str, *, texts: bool = True) -> Run | None:
        asked.append(texts)
        return get(runs, caller, run, texts=texts)

    async def act() -> int:
        programs = Programs(core.folders, os.environ, Settings(), core.runs, "f" * 32)
        return len([event async for event in programs.events(Caller(), RUN, 0)])

    monkeypatch.setattr(Runs, "get", counted)
    assert asyncio.run(act()) == 31
    assert asked == [False]
