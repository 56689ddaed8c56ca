"""The mirror for a team as its operator starts it: the command, in a process of its own."""

from __future__ import annotations

import http.client
import os
import re
import signal
import ssl
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from support.mirror import eventually

_FAULTS = re.compile(r"Traceback|exception|failed|never retrieved")
"""What only a fault of ours writes into the log."""
_MAIN = "from jhansi_runner.runner.entry import main; main()"


@dataclass(frozen=True, slots=True)
class Said:
    """An answer; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class Team:
    """`jhansi-runner proxy serve` from `with` to its end, with a policy file that tests may change."""

    def __init__(self, home: Path, policy: str, *options: str, tls: ssl.SSLContext | None = None) -> None:
        self.home, self._options = home, options if "--listen" in options else ("--listen", "127.0.0.1:0", *options)
        self.policy = home / "policy.yaml"
        if policy:
            self.policy.write_text(policy)
        self.log = home / "log"
        self.faulty = False
        """Whether a fault of ours is expected in the log."""
        self._tls = tls

    def __enter__(self) -> Self:
        argv = [sys.executable, "-P", "-c", _MAIN, "proxy", "serve", *self._options]
        env = {**os.environ, "JHANSI_HOME": str(self.home)}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(argv, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        eventually(lambda: self.process.poll() is not None or "serving at" in self.said)
        if self.process.poll() is None:
            self.port = int(re.findall(r":(\d+) with", self.said)[0])
            eventually(self._answers)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(60) is not None
        if kind is None and not self.faulty:
            assert not [line for line in self.said.splitlines() if _FAULTS.search(line)], self.said

    @property
    def said(self) -> str:
        """What it said so far."""
        return self.log.read_text()

    @property
    def workers(self) -> list[int]:
        """The processes that serve."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in children.split()]

    def _answers(self) -> bool:
        try:
            return self.get("/healthz").status == 200
        except OSError:
            return self.process.poll() is not None

    def get(self, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Said:
        """Ask; `_` in names of headers stands for `-`."""
        connection: http.client.HTTPConnection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        if self._tls is not None:
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60, context=self._tls)
        try:
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return Said(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()
