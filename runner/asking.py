"""Asking the build of a project what it depends on, where the project leaves that to code.

The code runs in a sandbox that sees a copy of the sources and what the build requires, which came through the gate. It
has no network, and no folder of the host that it can write to: all that is taken from it is a text on its stdout.

Source: ADR 0011.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import tarfile
from collections.abc import Mapping

from jhansi_runner.proxy import paths, whole_file
from jhansi_runner.resolvers.interface import Unbuilt, ViewError
from jhansi_runner.resolvers.resolver import PROJECT, STAGE, Asking, Launch, Resolver
from jhansi_runner.runner import sandbox
from jhansi_runner.runner.errors import RunnerError
from jhansi_runner.runner.inside import run_inside
from jhansi_runner.runner.install import Installed
from jhansi_runner.runner.job import Job
from jhansi_runner.runner.limits.model import MEMORY
from jhansi_runner.runner.required_end import require_own_end
from jhansi_runner.runner.stage import Stage
from jhansi_runner.runner.ticket import signature
from jhansi_runner.runner.toolchain import Toolchain
from jhansi_runner.runner.view import RecordingView

SECONDS = 600.0
"""How long a build may take to answer; one without the hook for metadata makes a whole wheel."""
_FORMAT = "asked 1"
_MAX_ANSWER, _SHOWN = 8 << 20, 25
_CORRECT = "correct the build, or write what the project depends on where it can be read (docs/languages.md)"


class Asker:
    """Asks builds for one job."""

    def __init__(self, job: Job, view: RecordingView, tools: Toolchain) -> None:
        self._job, self._view, self._tools = job, view, tools

    def question(self, resolver: Resolver, unbuilt: Unbuilt) -> tuple[Asking, Launch]:
        """Who asks a build, and with which command. Raises RunnerError, ManifestError."""
        if not isinstance(resolver, Asking):
            raise RunnerError(f"the resolver for {resolver.language} leaves to a build what it cannot ask")
        return resolver, resolver.ask(unbuilt, self._tools.tools)

    def told(self, resolver: Resolver, unbuilt: Unbuilt, required: Installed) -> Resolver:
        """The resolver, knowing what a build says. `required` is what the build requires, installed.

        Raises RunnerError, ManifestError.
        """
        asking, launch = self.question(resolver, unbuilt)
        try:
            files, digest = self._view.sources(unbuilt.folder)
        except ViewError as error:
            message = f"{unbuilt.file}:{unbuilt.line}: the project cannot be shown to its build: it {error.reason}"
            raise RunnerError(message, lines=(_CORRECT,)) from None
        programs = [signature(path) for path in (*self._tools.programs, *(path for path, _ in launch.mounts))]
        key = _digest(_FORMAT, repr(launch), self._tools.tools.tag, *programs, required.name, digest)
        path = f"{paths.make(f'{self._job.private}/asked')}/{_digest(unbuilt.folder)[:32]}"
        kept = _kept(path, key)
        if kept is not None:
            return asking.told(unbuilt, kept)
        words = self._ask(unbuilt, launch, files, required, resolver.place)
        found = asking.told(unbuilt, words)
        with contextlib.suppress(OSError):  # it only saves time
            whole_file.write(path, f"{key}\n{words}".encode())
        return found

    def _ask(
        self, unbuilt: Unbuilt, launch: Launch, files: Mapping[str, bytes], required: Installed, place: str
    ) -> str:
        stage = Stage(self._job, self._tools)
        answer = bytearray()
        try:
            _pack(files, stage.folder + PROJECT.removeprefix(STAGE))
            ended = run_inside(
                self._job,
                self._arguments(launch, stage.folder, required, place),
                launch.argv,
                limits=self._job.limits,
                sinks=(-1, -1),
                keep=(lambda data: _head(answer, data), None),
                timeout=SECONDS,
            )
        finally:
            stage.close()
        where = f"{unbuilt.file}:{unbuilt.line}"
        require_own_end(ended, "the project's build", SECONDS, where=where, hint=_CORRECT)
        if ended.code != 0:
            lines = [line for line in ended.words.decode("utf-8", "replace").splitlines() if line.strip()][-_SHOWN:]
            raise RunnerError(
                f"{where}: the project's build ({unbuilt.backend}) could not say what the project depends on",
                lines=(*lines, _CORRECT),
            )
        return answer.decode("utf-8", "replace") if len(answer) <= _MAX_ANSWER else ""

    def _arguments(self, launch: Launch, sources: str, required: Installed, place: str) -> list[str]:
        job, tools = self._job, self._tools
        site = job.site(required.name, private=required.private)
        return [
            *sandbox.root(job.folders.state + "/etc", memory=job.limits.amount(MEMORY)),
            *sandbox.toolchain(tools.shown, tools.hidden),
            *sandbox.programs(tools.named),
            *sandbox.read_only([(sources, STAGE), *launch.mounts]),
            *sandbox.read_only([(site, place)] if site else []),
            *("--chdir", STAGE),
            *sandbox.environment({**sandbox.variables(launch.path, tools.path, door=False), **launch.env}),
            *sandbox.sealed(),
        ]


def _head(answer: bytearray, data: bytes) -> None:
    answer += data[: _MAX_ANSWER + 1 - len(answer)]


def _pack(files: Mapping[str, bytes], path: str) -> None:
    with tarfile.open(path, "x", format=tarfile.PAX_FORMAT) as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode("utf-8", "surrogateescape")).hexdigest()


def _kept(path: str, key: str) -> str | None:
    """What a build said before, of the same sources with the same requirements."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            known, _, words = file.read().partition("\n")
    except (OSError, UnicodeDecodeError):
        return None
    return words if known == key else None
