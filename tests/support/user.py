"""An ordinary user of a host: a home, state of their own, a workspace, and the command run in it."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from support.installation import ordinary_command
from support.ordinary import ORDINARY_GID, ORDINARY_UID, ordinary_argv, ordinary_home

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
Done = subprocess.CompletedProcess[Any]


class User:
    """`root` holds all that is theirs: `home`, `state` (JHANSI_HOME) and the workspace `work`.

    What is written here belongs to them. Commands start in `work` unless told otherwise. `command` is what they call
    the product by.
    """

    def __init__(self, root: Path) -> None:
        self.root, self.home, self.state, self.work = root, root / "home", root / "state", root / "work"
        for folder in (self.home, self.state, self.work):
            self.folder(folder)
        self.command = [ordinary_command()]
        self.env: dict[str, str] = {
            "HOME": str(self.home),
            "PATH": PATH,
            "LANG": "C.UTF-8",
            "JHANSI_HOME": str(self.state),
            "JHANSI_PROXY_IDLE": "20",
        }
        self.policy("http://127.0.0.1:9/simple/")  # nothing listens there: no test goes out by mistake

    def folder(self, path: Path | str) -> Path:
        """Make a folder of theirs; a relative path is in the workspace."""
        made = self.work / path
        missing = [each for each in (made, *made.parents) if not each.exists()]
        for each in reversed(missing):
            each.mkdir(mode=0o700)
            os.chown(each, ORDINARY_UID, ORDINARY_GID)
        return made

    def write(self, path: Path | str, content: str | bytes, mode: int = 0o600) -> Path:
        """Write a file of theirs; a relative path is in the workspace."""
        made = self.work / path
        self.folder(made.parent)
        made.write_bytes(content.encode() if isinstance(content, str) else content)
        made.chmod(mode)
        os.chown(made, ORDINARY_UID, ORDINARY_GID)
        return made

    def policy(self, upstream: str, more: str = "") -> Path:
        """Make a registry on loopback their package index, with more lines of policy."""
        enabled = f'registries: {{pypi: {{enabled: true, upstream: "{upstream}"}}}}'
        return self.write(self.state / "policy.yaml", f"version: 1\n{enabled}\ndefault: allow\n{more}")

    def run(
        self, *words: str, cwd: Path | str | None = None, env: Mapping[str, str] | None = None, **more: Any
    ) -> Done:
        """Run the command to its end: text, captured, nothing on stdin, 120 s, unless `more` says otherwise."""
        options: dict[str, Any] = {"text": True, "timeout": 120, **more}
        if not {"stdin", "input"} & more.keys():
            options["stdin"] = subprocess.DEVNULL
        if not {"stdout", "stderr"} & more.keys():
            options["capture_output"] = True
        return subprocess.run(self._argv(words), cwd=cwd or self.work, env={**self.env, **(env or {})}, **options)

    def exec(self, *words: str, **more: Any) -> Done:
        """`jhansi-runner exec ...`, to its end."""
        return self.run("exec", *words, **more)

    def exec_json(self, *words: str, **more: Any) -> dict[str, Any]:
        """The object that `exec --json` prints."""
        done = self.exec("--json", *words, **more)
        try:
            return dict(json.loads(done.stdout))
        except ValueError:
            raise AssertionError(f"not one JSON object: {done}") from None

    def python(self, source: str, *words: str, **more: Any) -> Done:
        """Run a program of this source, as `main.py`."""
        self.write("main.py", source)
        return self.exec("main.py", *words, **more)

    def start(self, *words: str, **more: Any) -> subprocess.Popen[Any]:
        """Start `jhansi-runner exec ...` with its outputs on pipes, in a process group of its own."""
        pipes = dict.fromkeys(("stdout", "stderr"), subprocess.PIPE)
        options: dict[str, Any] = {"stdin": subprocess.DEVNULL, **pipes, "start_new_session": True, **more}
        return subprocess.Popen(self._argv(("exec", *words)), cwd=self.work, env=self.env, **options)

    def begun(self, *words: str, **more: Any) -> subprocess.Popen[Any]:
        """Start `jhansi-runner exec ...`, and wait until the program says `ready`."""
        process = self.start(*words, **more)
        assert read_line(process) == b"ready\n", process.communicate()
        return process

    def shell(self, script: str, **more: Any) -> Done:
        """Run a line of bash, in which `$JR` is the command, in the workspace."""
        line = f"JR={shlex.quote(' '.join(self.command))}\n{script}"
        options: dict[str, Any] = {"text": True, "timeout": 120, "capture_output": True, **more}
        return subprocess.run(ordinary_argv(["bash", "-c", line]), cwd=self.work, env=self.env, **options)

    def proxies(self) -> list[int]:
        """The processes that serve this user's state."""
        mark = f"JHANSI_HOME={self.state}\0".encode()
        return [pid for pid, command in processes() if b"proxy.service.main" in command and mark in environ(pid)]

    def _argv(self, words: tuple[str, ...]) -> list[str]:
        return ordinary_argv([*self.command, *words])


def read_line(process: subprocess.Popen[Any]) -> bytes:
    """The next line of its stdout."""
    assert process.stdout is not None
    return bytes(process.stdout.readline())


def type_in(process: subprocess.Popen[Any], data: bytes) -> None:
    """Write to its stdin."""
    assert process.stdin is not None
    process.stdin.write(data)
    process.stdin.flush()


def processes() -> Iterator[tuple[int, bytes]]:
    """Every process of the host: its id and its command line."""
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError):
                yield int(name), Path("/proc", name, "cmdline").read_bytes()


def environ(pid: int) -> bytes:
    """The environment that a process was started with; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/environ").read_bytes() + b"\0"
    except OSError:
        return b""


def alive(mark: str) -> list[int]:
    """The processes with this text in their command line; ours is not among them."""
    return [pid for pid, command in processes() if mark.encode() in command and pid != os.getpid()]


def wait_for(condition: Callable[[], object], seconds: float = 60) -> None:
    """Wait until it holds. AssertionError when it never does."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came about"
        time.sleep(0.02)


@contextlib.contextmanager
def ordinary_user() -> Iterator[User]:
    """A user, gone afterwards with all that they own and run."""
    with ordinary_home() as root:
        user = User(Path(root))
        try:
            yield user
        finally:
            for pid in user.proxies():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            wait_for(lambda: not user.proxies())
