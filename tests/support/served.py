"""`jhansi-runner serve` as an ordinary user runs it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping
from typing import Any

from support.ordinary import ordinary_argv
from support.user import User, wait_for


class Served:
    """A server: what it says as it starts is in `said`."""

    def __init__(self, user: User, *words: str, env: Mapping[str, str] | None = None, **more: Any) -> None:
        self.user = user
        self.log = user.root / f"serve{len(os.listdir(user.root))}.log"
        with open(self.log, "wb") as log:
            argv = ordinary_argv([*user.command, "serve", *words])
            self.process = subprocess.Popen(
                argv,
                stderr=log,
                stdout=log,
                stdin=subprocess.DEVNULL,
                cwd=user.work,
                env={**user.env, **(env or {})},
                **more,
            )

    def begun(self) -> Served:
        """Wait until it serves."""
        wait_for(lambda: "serving at" in self.said or self.process.poll() is not None, 90)
        assert self.process.poll() is None, self.said
        return self

    @property
    def said(self) -> str:
        """What it said so far."""
        return self.log.read_text()

    @property
    def url(self) -> str:
        """Where it listens on TCP."""
        found = re.search(r"serving at (https?://\S+)", self.said)
        assert found, self.said
        return found[1]

    @property
    def path(self) -> str:
        """Its unix socket."""
        return f"{self.user.state}/run/service.sock"

    def end(self) -> int:
        """End it as a supervisor does; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


@contextlib.contextmanager
def served(user: User, *words: str, **more: Any) -> Iterator[Served]:
    """A server that serves, gone afterwards."""
    server = Served(user, *words, **more)
    try:
        yield server.begun()
    finally:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()
