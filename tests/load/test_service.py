"""Agents at work while their server is killed and started again: each gets its own output, nothing is left behind.

Ten minutes and a hundred agents with `JHANSI_LOAD=full`.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from jhansi_runner.client import Client, JhansiError
from support.leaks import adopting, held, leaked, settled
from support.ordinary import ordinary_argv
from support.scale import sized
from support.user import User

AGENTS, SECONDS, KILLS_EVERY = sized(8, 100), sized(15, 600), sized(5, 20)
_TTL = 60.0
"""Seconds: what an agent cannot delete, because its server was killed, goes by itself."""
_ENDED = {"done", "cancelled", "lost"}
_FAIR = {"no_server", "connection_lost", "queue_full", "sandbox_busy"}
"""What an agent may be told while its server is killed, and when many want the same."""


class Server:
    """`jhansi-runner serve` of a user, on a unix socket; killed and started again."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        log = (self.user.root / "serve.log").open("ab")
        with log:
            self.process = subprocess.Popen(
                ordinary_argv([*self.user.command, "serve"]),
                env=self.user.env,
                cwd=self.user.work,
                stdin=-3,
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def end(self) -> int:
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(90)


class Agent(threading.Thread):
    """Makes sandboxes, writes a program into each, runs it, and looks at what it printed."""

    def __init__(self, number: int, url: str, until: float) -> None:
        super().__init__()
        self._number, self._url, self._until = number, url, until
        self._chance = random.Random(number)  # noqa: S311
        self.told: Counter[str] = Counter()
        self.wrong: list[str] = []

    def run(self) -> None:
        with Client(self._url) as client:
            while time.monotonic() < self._until:
                try:
                    self._work(client)
                except JhansiError as error:
                    self.told[error.code] += 1
                    if error.code not in _FAIR and error.status != 404:
                        self.wrong.append(f"{error.status} {error.code}: {error}")
                    time.sleep(self._chance.uniform(0.05, 0.3))

    def _work(self, client: Client) -> None:
        mark = f"agent {self._number} {self._chance.random()}"
        with client.create(agent=f"agent-{self._number}", ttl=_TTL) as sandbox:
            sandbox.write("hello.sh", f"echo '{mark}'; echo on stderr >&2\n")
            for _ in range(3):
                outcome = sandbox.command(["sh", "hello.sh"])
                if outcome.state != "done":
                    self.told[outcome.state] += 1
                elif (outcome.stdout, outcome.exit_code) != (f"{mark}\n", 0):
                    self.wrong.append(f"{outcome}")
                else:
                    self.told["right"] += 1


@pytest.fixture
def server(new_user: User) -> Iterator[Server]:
    made = Server(new_user)
    with adopting():
        before = held(new_user.root)
        made.start()
        yield made
        made.end()
        assert leaked(settled(new_user.root, before), before) == {}


def test_agents_go_on_while_their_server_is_killed(server: Server) -> None:
    until = time.monotonic() + SECONDS
    url = f"unix://{server.user.state}/run/service.sock"
    agents = [Agent(number, url, until) for number in range(AGENTS)]
    for agent in agents:
        agent.start()
    while time.monotonic() < until - KILLS_EVERY:
        time.sleep(KILLS_EVERY)
        server.kill()
        server.start()
    for agent in agents:
        agent.join(180)
    assert [line for agent in agents for line in agent.wrong] == []
    told = sum((agent.told for agent in agents), Counter[str]())
    assert told["right"] > SECONDS, told
    with Client(url) as client:
        states = Counter(run.info.state for run in client.runs(limit=200))
        assert states.keys() <= _ENDED, states
        while left := client.sandboxes(limit=200):  # of agents whose server was killed when they wanted to delete them
            for sandbox in left:
                with contextlib.suppress(JhansiError):  # it may have gone by itself meanwhile
                    sandbox.delete()
    with sqlite3.connect(server.user.state / "state/service/sandboxes.db") as rows:
        assert rows.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        living = {name for (name,) in rows.execute("SELECT id FROM sandboxes WHERE deleted IS NULL")}
    assert set(os.listdir(server.user.state / "data/sandboxes")) - {"waste"} == living
