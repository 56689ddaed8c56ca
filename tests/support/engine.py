"""An engine that an ordinary user runs, as a test sees it: what it is told, and what it tells."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from support.installation import ordinary_command
from support.ordinary import ordinary_argv
from support.user import User

_SOURCE = Path(__file__).with_name("engine_driver.py")
Told = dict[str, Any]


class Driven:
    """An engine of a user's. What it told is kept, in order, in `told`."""

    def __init__(self, user: User, **settings: Any) -> None:
        self.user = user
        self.told: list[Told] = []
        self._news = threading.Condition()
        python = f"{os.path.dirname(ordinary_command())}/python"
        argv = [python, "-I", "-c", _SOURCE.read_text(), json.dumps(settings)]
        self.process = subprocess.Popen(
            ordinary_argv(argv), env=user.env, cwd="/", stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()
        self.wait(what="ready")

    def sandbox(self, **files: str) -> str:
        """A new sandbox with files, whose names have `_` for `.`."""
        name = f"sb_{os.urandom(16).hex()}"
        folder = f"{self.user.state}/data/sandboxes/{name}"
        self.user.folder(f"{folder}/work")
        self.user.write(f"{folder}/busy", "")
        for each, text in files.items():
            self.user.write(f"{folder}/work/{each.replace('_', '.')}", text)
        return name

    def work(self, sandbox: str) -> Path:
        """The folder of a sandbox's files."""
        return Path(f"{self.user.state}/data/sandboxes/{sandbox}/work")

    def do(self, what: str, **more: Any) -> None:
        """Tell it to do something, as `engine_driver.py` has it."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": what, **more}).encode() + b"\n")
        self.process.stdin.flush()

    def submit(self, sandbox: str, owner: str = "local", **program: Any) -> str:
        """Submit a program; the id of its run."""
        run = f"run_{os.urandom(8).hex()}"
        more = {key: program.pop(key) for key in ("limits", "language", "policy") if key in program}
        self.do("submit", run=run, sandbox=sandbox, owner=owner, program=program, **more)
        self.wait(run=run)
        return run

    def wait(self, seconds: float = 120, **like: Any) -> Told:
        """The first that it told which is like this. AssertionError when it never comes."""
        deadline = time.monotonic() + seconds
        with self._news:
            while True:
                goes_on = self._reading.is_alive()  # asked first: what it told until then is there
                for each in self.told:
                    if all(each.get(key) == value for key, value in like.items()):
                        return each
                left = deadline - time.monotonic()
                assert left > 0, f"{like} never came: {str(self.told[-20:])[:2000]}"
                assert goes_on, f"it has ended: {self.told[-5:]}"
                self._news.wait(min(left, 1))

    def ended(self, run: str) -> Told:
        """The end of a run."""
        return self.wait(what="ended", run=run)

    def outcome(self, run: str) -> Told:
        """The outcome of a run."""
        return dict(self.ended(run)["outcome"])

    def events(self, run: str, after: int = 0) -> list[Told]:
        """All events of a run, to its end, whoever else follows it."""
        by = os.urandom(8).hex()
        self.do("follow", run=run, after=after, by=by)
        self.wait(what="followed", by=by)
        return [each["event"] for each in self.told if each["what"] == "event" and each["by"] == by]

    def printed(self, run: str, text: str) -> None:
        """Wait until a run that is followed has told this text."""
        deadline = time.monotonic() + 120
        while text not in "".join(
            each["event"].get("text", "") for each in self.told if each["what"] == "event" and each["run"] == run
        ):
            assert time.monotonic() < deadline, f"{text} never came: {self.told[-5:]}"
            time.sleep(0.02)

    def nursery(self) -> int:
        """The process that runs are started from."""
        with self._news:
            self.told = [each for each in self.told if each["what"] != "pid"]
        self.do("pid")
        return int(self.wait(what="pid")["pid"])

    def close(self) -> None:
        """Let it end, with all that it runs."""
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        self.process.wait(60)
        self._reading.join(60)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._news:
                self.told.append(json.loads(line))
                self._news.notify_all()


@contextlib.contextmanager
def driven(user: User, **settings: Any) -> Iterator[Driven]:
    """An engine, ended afterwards."""
    engine = Driven(user, **settings)
    try:
        yield engine
    finally:
        engine.close()
