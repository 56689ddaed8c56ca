"""The core's parts in a home of their own, and processes that are killed while they use them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from jhansi_runner.proxy.paths import Paths
from jhansi_runner.runner.sandboxes import making
from jhansi_runner.runner.sandboxes.database import Database
from jhansi_runner.runner.sandboxes.model import NewSandbox, Sandbox
from jhansi_runner.runner.sandboxes.run_rows import Runs
from jhansi_runner.runner.sandboxes.store import Sandboxes
from jhansi_runner.runner.sandboxes.tokens import Tokens
from support.ordinary import ordinary_argv
from support.user import User


class Clock:
    """Seconds since the epoch, as far as a test lets them pass."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


class Core:
    """The rows and folders below a home, with a clock of its own."""

    def __init__(self, home: str) -> None:
        self.folders = Paths({"JHANSI_HOME": home}, os.getuid(), "host")
        self.clock = Clock()
        self.database = Database(self.folders)
        self.sandboxes = Sandboxes(self.database, self.clock)
        self.runs, self.tokens = Runs(self.database, self.clock), Tokens(self.database, self.clock)

    def make(self, owner: str = "local", most: int = 1000, **asked: object) -> Sandbox:
        """A new sandbox."""
        return making.make(self.folders, self.sandboxes, owner, NewSandbox(**asked), most=most)  # type: ignore[arg-type]

    def folder(self, sandbox: str) -> Path:
        """Its folder."""
        return Path(self.folders.sandboxes, sandbox)


def started(home: str, program: str) -> subprocess.Popen[str]:
    """A process that runs a program with a `core` of the same home."""
    begin = f"from support.sandboxes import *\ncore = Core({home!r})\n"
    tests = str(Path(__file__).parents[1])
    return subprocess.Popen(
        [sys.executable, "-P", "-c", begin + program],
        env={**os.environ, "PYTHONPATH": tests},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def killed(home: str, program: str) -> None:
    """The same, killed when it prints something."""
    process = started(home, program)
    assert process.stdout is not None
    assert process.stdout.readline() != ""
    process.send_signal(signal.SIGKILL)
    process.communicate()


_DRIVER = """
import asyncio, json, os, sys
from jhansi_runner.proxy import paths
from jhansi_runner.runner.sandboxes.errors import SandboxError
from jhansi_runner.runner.sandboxes.model import *
from jhansi_runner.runner.sandboxes.service import Service, Settings

caller, ann, bob = Caller(), Caller("ann", sees_all=False), Caller("bob", sees_all=False)

async def pieces(*data):
    for each in data:
        yield each

async def named(service, path="main.py", content=b"", who=caller, **asked):
    made = await service.create(who, NewSandbox(**asked))
    if content:
        await service.write(who, made.id, path, pieces(content))
    return made.id

async def ran(service, sandbox, who=caller, **program):
    run = await service.submit(who, sandbox, Program(**program))
    return await service.finished(who, run.id)

async def refused(answer):
    try:
        await answer
    except SandboxError as error:
        return error.name
    return "done"

async def main():
    async with Service(paths.current(os.environ), os.environ, Settings(%s)) as service:
        print(json.dumps(await act(service)), flush=True)

"""


def core_of(user: User, act: str, settings: str = "") -> list[str]:
    """The command line of a core that does `async def act(service)`, and prints what that returns."""
    program = _DRIVER % settings + act + "\nasyncio.run(main())\n"
    return ordinary_argv([f"{os.path.dirname(user.command[0])}/python", "-I", "-c", program])


def acted(user: User, act: str, settings: str = "") -> Any:
    """What `async def act(service)` returns in a core of the user's."""
    done = subprocess.run(
        core_of(user, act, settings), env=user.env, cwd=user.work, capture_output=True, text=True, timeout=180
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
