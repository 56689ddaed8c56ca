"""A stage: a folder where an installer works in a sandbox, without the workspace, until its result is taken."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import subprocess
import time
from collections.abc import Callable, Sequence

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.ledger import ALLOW, Entry
from jhansi_runner.resolvers.resolver import STAGE, Step
from jhansi_runner.runner import sandbox, staging
from jhansi_runner.runner.beneath import beneath
from jhansi_runner.runner.console import Progress, say
from jhansi_runner.runner.door import Door
from jhansi_runner.runner.inside import run_inside
from jhansi_runner.runner.job import Job
from jhansi_runner.runner.limits.model import MEMORY
from jhansi_runner.runner.required_end import require_own_end
from jhansi_runner.runner.toolchain import Toolchain

_CLOSE_SECONDS = 30.0
_MAX_READ, _MAX_WORDS = 16 << 20, 1 << 16
_STEP_SECONDS = 3600.0
"""How long one step of an install may take; a build can leave a process behind that an installer waits for."""


Hear = Callable[[Entry], None]


class StepFailed(Exception):
    """An installer ended badly; `words` is what it said, `entries` what the gate told meanwhile."""

    def __init__(self, words: str, entries: list[Entry]) -> None:
        super().__init__(words)
        self.words, self.entries = words, entries


def _coming(cache: str) -> int:
    """Bytes of files that are on their way into the cache, for whomever."""
    total = 0
    with contextlib.suppress(OSError), os.scandir(f"{cache}/incoming") as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                total += entry.stat(follow_symlinks=False).st_size
    return total


class Stage:
    """A folder below our state, shown as `/stage`; gone when closed. `hear` is told what the gate tells, at once.

    `doing` is what to say of steps that fetch nothing.
    """

    def __init__(self, job: Job, tools: Toolchain, hear: Hear = lambda _: None, *, doing: str = "") -> None:
        staging.sweep(paths.make(job.folders.staging))
        self.folder, self._lock = staging.claimed(job.folders.staging)
        self._job, self._tools = job, tools
        self._hear = hear
        self._progress = Progress(lambda: _coming(job.folders.cache), doing=doing)
        self._removers: list[subprocess.Popen[bytes]] = []
        self.entries: list[Entry] = []

    def close(self) -> None:
        """Remove the stage with all that is left in it; what takes too long goes with later stages."""
        until = time.monotonic() + _CLOSE_SECONDS
        for remover in self._removers:
            with contextlib.suppress(subprocess.TimeoutExpired):
                remover.wait(_CLOSE_SECONDS)
            remover.kill()
            remover.wait()
        if not staging.released(self.folder, self._lock, max(1.0, until - time.monotonic())):
            say("what the installer left is much, or cannot be removed; later installs go on removing it")

    def discard(self, name: str) -> None:
        """Begin to remove something of the stage that no step needs any more; there is other work to do meanwhile."""
        command = ["rm", "-rf", "--", os.path.join(self.folder, name)]
        silent = subprocess.DEVNULL
        with contextlib.suppress(OSError):  # what is left is removed in the end
            remover = subprocess.Popen(command, env={"PATH": os.defpath}, stdin=silent, stdout=silent, stderr=silent)
            self._removers.append(remover)

    def read(self, name: str) -> str:
        """A file of the stage, at most 16 MiB; a link is not followed, and nothing but a file read. Raises OSError.

        Code of packages that was built here may have put something else in its place.
        """
        path = os.path.join(self.folder, name)
        with beneath(self.folder, name) as (folder, last):
            descriptor = os.open(last, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
        with open(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError(errno.EINVAL, "an installer left something else than a file", path)
            data = file.read(_MAX_READ + 1)
        if len(data) > _MAX_READ:
            raise OSError(errno.EFBIG, "an installer left a file that is too large", path)
        return data.decode("utf-8", "surrogateescape")

    def folder_named(self, name: str) -> str:
        """The path of a folder of the stage, made if need be. Raises OSError when something else has its name.

        Code of packages that was built here may have put a link in its place.
        """
        path = os.path.join(self.folder, name)
        if not os.path.lexists(path):
            os.mkdir(path, 0o700)
        if os.path.islink(path) or not os.path.isdir(path):
            raise OSError(errno.ENOTDIR, "an installer left something else than a folder", path)
        return path

    def _write(self, name: str, text: str) -> None:
        """Write a file anew; what has its name, such as a link that was planted there, is removed and not followed."""
        with beneath(self.folder, name, make=True) as (folder, last):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(last, dir_fd=folder)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(last, flags, 0o600, dir_fd=folder)
        try:
            with open(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
                file.write(text)
        except OSError as error:
            raise OSError(error.errno, error.strerror, f"{self.folder}/{name}") from None

    def run(self, step: Step, writable: Sequence[tuple[str, str]] = ()) -> None:
        """Take one step, with the registries as the only way out. Raises StepFailed, RunnerError.

        `writable` are further folders of ours that it may write to: path on the host, and place.
        """
        for name, text in step.files.items():
            self._write(name, text)
        words = bytearray()

        def keep(data: bytes) -> None:
            words.extend(data)
            del words[:-_MAX_WORDS]

        door = Door(self._job, "install", self._show)
        self._progress.begin()
        ended = run_inside(
            self._job,
            self._arguments(step, writable),
            step.argv,
            limits=self._job.limits,
            folders=[self.folder, *(path for path, _ in writable)],
            sinks=(-1, -1),
            keep=(keep, keep),
            door=door,
            timeout=_STEP_SECONDS,
            tick=self._progress.tick,
        )
        self._progress.clear()
        self.entries += door.entries
        require_own_end(ended, "an install step", _STEP_SECONDS)
        if ended.code != 0:
            raise StepFailed(words.decode("utf-8", "replace"), door.entries)

    def _show(self, entry: Entry) -> None:
        self._hear(entry)
        if entry.verdict == ALLOW and entry.purl:
            self._progress.add(entry.purl, entry.size)

    def _arguments(self, step: Step, writable: Sequence[tuple[str, str]]) -> list[str]:
        tools = self._tools
        variables = {**sandbox.variables((), tools.path, door=True), **step.env}
        return [
            *sandbox.root(self._job.folders.state + "/etc", memory=self._job.limits.amount(MEMORY)),
            *sandbox.toolchain(tools.shown, tools.hidden),
            *sandbox.programs(tools.named),
            *sandbox.read_only(tools.installer),
            *sandbox.writable([(self.folder, STAGE), *writable]),
            *("--chdir", STAGE),
            *sandbox.environment(variables),
            *sandbox.sealed(),
        ]


class Workshop:
    """Makes stages for the attempts of one install, and keeps what the gate told of them all."""

    def __init__(self, job: Job, tools: Toolchain, hear: Hear) -> None:
        self._job, self._tools, self._hear = job, tools, hear
        self._stages: list[Stage] = []

    def stage(self) -> Stage:
        """A new stage, with nothing in it."""
        self._stages.append(Stage(self._job, self._tools, self._hear))
        return self._stages[-1]

    @property
    def entries(self) -> list[Entry]:
        """What the gate told, of every attempt."""
        return [entry for stage in self._stages for entry in stage.entries]

    def close(self) -> None:
        """Remove all stages."""
        for stage in self._stages:
            stage.close()
