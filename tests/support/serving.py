"""`jhansi-runner serve` of an ordinary user, while a test lasts."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support.ordinary import ordinary_argv
from support.user import User, wait_for


@contextmanager
def serving(user: User, *words: str) -> Iterator[subprocess.Popen[Any]]:
    """Their server, at their own socket; what it says is in `serve.log` of their root."""
    with Path(user.root, "serve.log").open("wb") as log:
        argv = ordinary_argv([*user.command, "serve", *words])
        process = subprocess.Popen(argv, cwd=user.work, env=user.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            wait_for(lambda: process.poll() is not None or b"serving at" in Path(log.name).read_bytes())
            assert process.poll() is None, Path(log.name).read_text()
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(60)
            finally:
                process.kill()


def socket_of(user: User) -> str:
    """The address of their server, as the client takes it."""
    return f"unix://{user.state}/run/service.sock"
