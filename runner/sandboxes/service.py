"""The core: everything that can be done with sandboxes, for whoever asks, whichever way the question came.

One instance per process; asyncio. Methods raise SandboxError for what cannot be done; nothing is half-done then.

Source: ADR 16.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from jhansi_runner.proxy.paths import Paths
from jhansi_runner.resolvers.all import resolvers
from jhansi_runner.runner.console import say
from jhansi_runner.runner.sandboxes import making, waste
from jhansi_runner.runner.sandboxes.asking import checked
from jhansi_runner.runner.sandboxes.database import Database
from jhansi_runner.runner.sandboxes.errors import SandboxError, not_found
from jhansi_runner.runner.sandboxes.model import Caller, Entry, Event, NewSandbox, Program, Run, Sandbox, Snapshot
from jhansi_runner.runner.sandboxes.owners import Presence
from jhansi_runner.runner.sandboxes.places import is_id
from jhansi_runner.runner.sandboxes.run_rows import Runs
from jhansi_runner.runner.sandboxes.store import Sandboxes
from jhansi_runner.runner.sandboxes.tokens import Tokens
from jhansi_runner.runner.sandboxes.upkeep import settle, upkeep

_SETTLE_SECONDS, _UPKEEP_SECONDS = 1.0, 30.0


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator decides. Sizes are in bytes, times in seconds.

    `runs` at once, 0 for twice the CPUs; `queue` requests wait at most, `queue_each` for one owner. `timeout` is that
    of programs that ask for none. `upload` is the most that one request may bring, unpacked too; `sandbox` what the
    files of one sandbox may take. `log` is the most that is kept of one run, `logs` of all. `offline` as in `exec`.
    """

    runs: int = 0
    queue: int = 1000
    queue_each: int = 100
    timeout: float = 600.0
    upload: int = 256 << 20
    sandbox: int = 4 << 30
    sandboxes_each: int = 1000
    log: int = 16 << 20
    logs: int = 500 << 20
    ttl: float = 3600.0
    longest_ttl: float = 30 * 86400.0
    offline: bool = False


class Service:
    """The core. Use it as an asynchronous context manager: it starts the nursery, and ends all that runs.

    Without `runs` nothing can be run, and nothing is started.
    """

    def __init__(
        self, folders: Paths, env: Mapping[str, str], settings: Settings = Settings(), *, runs: bool = True
    ) -> None:
        self._runs_programs = runs
        self._folders, self._env, self._settings = folders, env, settings
        self._languages = resolvers()

    async def __aenter__(self) -> Service:
        self._database = Database(self._folders)
        self._sandboxes = Sandboxes(self._database)
        self._tokens = Tokens(self._database)
        self._runs = Runs(self._database)
        self._presence = Presence(self._folders.service)
        self._settled = -_SETTLE_SECONDS
        await self._settle()
        self._upkeep = asyncio.create_task(self._keep_up())
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._upkeep.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._upkeep
        self._presence.close()
        self._database.close()

    async def _keep_up(self) -> None:
        """Upkeep, again and again; a failure is said, and tried again. Without runs there is nobody to wait for it."""
        while self._runs_programs:
            try:
                await asyncio.to_thread(upkeep, self._folders, self._sandboxes, self._runs, self._settings.logs)
            except (SandboxError, OSError) as error:
                say(f"warning: old sandboxes and logs could not be removed: {error}")
            await asyncio.sleep(_UPKEEP_SECONDS)

    async def _settle(self) -> None:
        """See that what is told of runs is so: their processes may have ended without a word."""
        now = time.monotonic()
        if now - self._settled >= _SETTLE_SECONDS:
            self._settled = now
            settle(self._folders, self._runs)

    async def caller(self, token: str) -> Caller | None:
        """Whom a token stands for, None for nobody."""
        return self._tokens.caller(token)

    async def holder(self, digest: bytes) -> Caller | None:
        """Whom a token stands for of which only the digest is known, None for nobody, as for one that was revoked."""
        return self._tokens.holder(digest)

    async def create(self, caller: Caller, asked: NewSandbox) -> Sandbox:
        """A new, empty sandbox."""
        if asked.policy:
            await asyncio.to_thread(checked, asked, self._languages, self._settings.longest_ttl)
        else:
            checked(asked, self._languages, self._settings.longest_ttl)
        most = self._settings.sandboxes_each
        return making.make(self._folders, self._sandboxes, caller.name, asked, most=most)

    async def sandbox(self, caller: Caller, sandbox: str) -> Sandbox:
        """A sandbox that is there; deleted ones are not found."""
        await self._settle()
        found = self._sandboxes.get(caller, sandbox) if is_id(sandbox) else None
        if found is None:
            raise not_found("sandbox of this id", "sandbox_not_found", "see those that are there: list sandboxes")
        return found

    async def sandboxes(
        self, caller: Caller, *, active: bool = False, limit: int = 50, offset: int = 0
    ) -> list[Sandbox]:
        """The latest first; deleted ones too, unless `active`."""
        await self._settle()
        return self._sandboxes.latest(caller, active=active, limit=limit, offset=offset)

    async def delete(self, caller: Caller, sandbox: str) -> None:
        """End what runs there, and remove it with all that is kept for it alone. Again: nothing more happens."""
        found = await self.sandbox(caller, sandbox)
        if self._sandboxes.delete(found.id):
            await asyncio.to_thread(waste.discard, self._folders, found.id)

    async def fork(self, caller: Caller, sandbox: str, *, wait: bool = False) -> Sandbox:
        """A new sandbox with a copy of the files, as they are at one moment."""
        raise NotImplementedError

    async def snapshot(self, caller: Caller, sandbox: str, name: str, *, wait: bool = False) -> Snapshot:
        """Keep a copy of the files under a name; one with this name is replaced."""
        raise NotImplementedError

    async def snapshots(self, caller: Caller, sandbox: str) -> list[Snapshot]:
        """What is kept, the latest first."""
        raise NotImplementedError

    async def restore(self, caller: Caller, sandbox: str, name: str, *, wait: bool = False) -> Sandbox:
        """Make the files what they were in a snapshot, in one step."""
        raise NotImplementedError

    async def drop_snapshot(self, caller: Caller, sandbox: str, name: str) -> None:
        """Remove a snapshot."""
        raise NotImplementedError

    async def files(self, caller: Caller, sandbox: str, path: str = "", *, deep: bool = False) -> list[Entry]:
        """What is in a folder, by name; with `deep` all that is below. Bounded: too many are an error."""
        raise NotImplementedError

    async def entry(self, caller: Caller, sandbox: str, path: str) -> Entry:
        """What is at a path."""
        raise NotImplementedError

    async def read(self, caller: Caller, sandbox: str, path: str) -> tuple[Entry, int]:
        """A file: what it is, and a descriptor to read it from, which the caller closes."""
        raise NotImplementedError

    async def write(
        self, caller: Caller, sandbox: str, path: str, data: AsyncIterator[bytes], *, executable: bool = False
    ) -> Entry:
        """Write a file, whole or not at all; folders on its way are made."""
        raise NotImplementedError

    async def remove(self, caller: Caller, sandbox: str, path: str) -> None:
        """Remove a file, or a folder with all that is in it."""
        raise NotImplementedError

    async def unpack(self, caller: Caller, sandbox: str, archive: int, folder: str = "") -> list[Entry]:
        """Put what is in an archive (zip, or tar as it is or with gzip, bzip2, xz) into a folder, all or nothing.

        `archive` is a descriptor of a file, which stays the caller's.
        """
        raise NotImplementedError

    async def submit(self, caller: Caller, sandbox: str, program: Program) -> Run:
        """Let a program run, at once or when its turn comes; it is queued or running when this returns."""
        raise NotImplementedError

    def events(self, caller: Caller, run: str, after: int = 0) -> AsyncIterator[Event]:
        """The events of a run with a number above `after`, those that were and those to come, to the last, `done`."""
        raise NotImplementedError

    async def finished(self, caller: Caller, run: str) -> Run:
        """Wait until a run has ended."""
        raise NotImplementedError

    async def cancel(self, caller: Caller, run: str) -> Run:
        """End a run, queued or running; of one that has ended nothing changes. It has ended when this returns."""
        raise NotImplementedError

    async def run(self, caller: Caller, run: str) -> Run:
        """A run, with its whole outcome."""
        raise NotImplementedError

    async def runs(self, caller: Caller, sandbox: str = "", *, limit: int = 50, offset: int = 0) -> list[Run]:
        """Runs, the latest first: of one sandbox, which may be deleted, or all that are the caller's."""
        raise NotImplementedError

    async def log(self, caller: Caller, run: str, stream: str = "") -> AsyncIterator[bytes]:
        """What a run wrote (`stdout`, `stderr`, or both in their order), as far as it is kept."""
        raise NotImplementedError

    async def sbom(self, caller: Caller, run: str) -> Mapping[str, object]:
        """What a run had installed, as a CycloneDX document."""
        raise NotImplementedError

    async def explain(self, caller: Caller, sandbox: str, purl: str) -> Mapping[str, object]:
        """What the policy of a sandbox ("" for the operator's) says of a package, as `policy explain --json` does."""
        raise NotImplementedError

    async def metrics(self, caller: Caller) -> Mapping[str, object]:
        """Counts of what is and was: of the caller's own things, or of all."""
        raise NotImplementedError
