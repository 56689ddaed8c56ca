"""The core: everything that can be done with sandboxes, for whoever asks, whichever way the question came.

One instance per process; asyncio. Methods raise SandboxError for what cannot be done; nothing is half-done then.

Source: ADR 16.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from importlib.metadata import version
from typing import ParamSpec

from jhansi_runner.proxy.paths import Paths
from jhansi_runner.proxy.policy.explain import explain
from jhansi_runner.proxy.policy.explained import explanation_data
from jhansi_runner.resolvers.all import resolvers
from jhansi_runner.runner.console import say
from jhansi_runner.runner.errors import RunnerError
from jhansi_runner.runner.evidence import dossier
from jhansi_runner.runner.evidence.sbom import bom
from jhansi_runner.runner.explaining import facts_of, package, policy_of_sandbox
from jhansi_runner.runner.sandboxes import making, snapshots, tally, waste
from jhansi_runner.runner.sandboxes.asking import check_within, checked
from jhansi_runner.runner.sandboxes.database import Database
from jhansi_runner.runner.sandboxes.errors import NO_SPACE, SandboxError, bad_request, damaged, not_found
from jhansi_runner.runner.sandboxes.files import Files
from jhansi_runner.runner.sandboxes.holding import held
from jhansi_runner.runner.sandboxes.model import (
    LOCAL,
    QUEUED,
    RUNNING,
    Caller,
    Entry,
    Event,
    NewSandbox,
    Program,
    Run,
    Sandbox,
    Snapshot,
)
from jhansi_runner.runner.sandboxes.names import failed
from jhansi_runner.runner.sandboxes.owners import Presence
from jhansi_runner.runner.sandboxes.places import Place, is_id
from jhansi_runner.runner.sandboxes.programs import Programs
from jhansi_runner.runner.sandboxes.run_rows import Runs
from jhansi_runner.runner.sandboxes.settings import Settings as Settings
from jhansi_runner.runner.sandboxes.store import Sandboxes
from jhansi_runner.runner.sandboxes.threads import threaded
from jhansi_runner.runner.sandboxes.tokens import Tokens
from jhansi_runner.runner.sandboxes.told import Metrics, Server
from jhansi_runner.runner.sandboxes.upkeep import drop_logs, expire, upkeep

_UPKEEP_SECONDS, _ENDING_SECONDS = 30.0, 10.0
_DEFAULTS = Settings()
P = ParamSpec("P")


class Service:
    """The core. Use it as an asynchronous context manager: it starts the nursery, and ends all that runs.

    Without `runs` nothing can be run, and nothing is started.
    """

    def __init__(
        self, folders: Paths, env: Mapping[str, str], settings: Settings = _DEFAULTS, *, runs: bool = True
    ) -> None:
        self._folders, self._env, self._settings, self._can_run = folders, env, settings, runs
        self._languages = resolvers()
        self._files = Files(folders, settings)

    async def __aenter__(self) -> Service:
        self._began = time.time()
        self._database = Database(self._folders)
        self._sandboxes, self._runs = Sandboxes(self._database), Runs(self._database)
        self._tokens = Tokens(self._database)
        self._presence = Presence(self._folders.service)
        self._programs = Programs(self._folders, self._env, self._settings, self._runs, self._presence.name)
        self._upkeep: asyncio.Task[None] | None = None
        try:
            self._programs.settle()
            if self._can_run:
                await self._programs.engine.start()
                self._upkeep = asyncio.create_task(self._keep_up())
            else:
                await threaded(expire, self._folders, self._sandboxes, self._runs)
        except BaseException:
            self._close()
            raise
        return self

    async def __aexit__(self, *exc: object) -> None:
        try:
            if self._upkeep is not None:
                self._upkeep.cancel()
                await asyncio.wait([self._upkeep])
                await self._programs.engine.stop()
                self._write_rest()
        finally:
            self._close()

    def _close(self) -> None:
        self._presence.close()
        self._database.close()

    async def _keep_up(self) -> None:
        while True:
            self._write_rest()
            await self._upkept(upkeep, self._folders, self._sandboxes, self._runs, self._settings.logs)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_UPKEEP_SECONDS):
                    while await self._programs.much.wait():
                        self._programs.much.clear()
                        await self._upkept(drop_logs, self._folders, self._runs, self._settings.logs)

    async def _upkept(self, act: Callable[P, None], *words: P.args, **more: P.kwargs) -> None:
        try:
            await threaded(act, *words, **more)
        except (SandboxError, OSError) as error:  # it is tried again
            say(f"warning: old sandboxes and logs could not be removed: {error}")

    def _write_rest(self) -> None:
        with contextlib.suppress(SandboxError):  # it was told when it happened
            self._programs.write_rest()

    async def caller(self, token: str) -> Caller | None:
        """Whom a token stands for, None for nobody."""
        return self._tokens.caller(token)

    async def holder(self, digest: bytes) -> Caller | None:
        """Whom a token stands for of which only the digest is known, None for nobody, as for one that was revoked."""
        return self._tokens.holder(digest)

    async def good_tokens(self) -> Mapping[bytes, str]:
        """The names of the tokens that are good, by their digests."""
        return self._tokens.good()

    async def end_all_but(self, owners: Collection[str]) -> None:
        """End what runs or waits here for anybody else."""
        await self._programs.end_all_but(owners)

    async def create(self, caller: Caller, asked: NewSandbox) -> Sandbox:
        """A new, empty sandbox."""
        if asked.policy:  # it may be long
            await threaded(checked, asked, self._languages, self._settings.longest_ttl)
        else:
            checked(asked, self._languages, self._settings.longest_ttl)
        if asked.limits and caller.name != LOCAL:
            await threaded(lambda: check_within(asked, policy_of_sandbox(asked.policy, self._env)))
        most = self._settings.sandboxes_each
        return making.make(self._folders, self._sandboxes, caller.name, asked, most=most)

    async def sandbox(self, caller: Caller, sandbox: str, *, deleted: bool = False) -> Sandbox:
        """A sandbox that is there; those that were are found only when `deleted` ones are asked for too."""
        return self._found(caller, sandbox, deleted=deleted)

    def _found(self, caller: Caller, sandbox: str, *, deleted: bool = False) -> Sandbox:
        self._programs.settle()
        found = self._sandboxes.get(caller, sandbox, deleted=deleted) if is_id(sandbox) else None
        if found is None:
            raise not_found("sandbox of this id", "sandbox_not_found", "see those that are there: list sandboxes")
        return found

    async def sandboxes(
        self, caller: Caller, *, active: bool = False, limit: int = 50, offset: int = 0
    ) -> list[Sandbox]:
        """The latest first; deleted ones too, unless `active`."""
        self._programs.settle()
        return self._sandboxes.latest(caller, active=active, limit=limit, offset=offset)

    async def delete(self, caller: Caller, sandbox: str) -> None:
        """End what runs there, and remove it with all that is kept for it alone. Again: nothing more happens."""
        found = self._found(caller, sandbox, deleted=True)
        if found.deleted_at is not None:
            return
        place, until = Place(self._folders, found.id), time.monotonic() + _ENDING_SECONDS
        try:
            async with held(place, until=until, first=lambda: self._programs.cancel_all(found.id)):
                if self._sandboxes.delete(found.id):
                    await threaded(waste.discard, self._folders, found.id)
        except OSError as error:
            raise failed(error, found.id, "deleted") from None

    async def fork(self, caller: Caller, sandbox: str, *, wait: bool = False) -> Sandbox:
        """A new sandbox with a copy of the files, as they are at one moment."""
        found = self._used(caller, sandbox)
        source = Place(self._folders, found.id)
        asked = NewSandbox(found.language, found.ttl, found.limits, found.policy, found.agent, found.created_by)

        def make() -> Sandbox:
            return making.make(
                self._folders, self._sandboxes, caller.name, asked,
                most=self._settings.sandboxes_each,
                parent=found.id,
                fill=lambda target: snapshots.fill(source, target, self._settings.sandbox),
            )  # fmt: skip

        async with self._held(found, wait):
            return await threaded(make)

    async def snapshot(self, caller: Caller, sandbox: str, name: str, *, wait: bool = False) -> Snapshot:
        """Keep a copy of the files under a name; one with this name is replaced."""
        found = self._used(caller, sandbox)
        async with self._held(found, wait) as place:
            return await threaded(snapshots.keep, self._folders, place, name, self._settings.sandbox)

    async def snapshots(self, caller: Caller, sandbox: str) -> list[Snapshot]:
        """What is kept, the latest first."""
        return await threaded(snapshots.kept, Place(self._folders, self._found(caller, sandbox).id))

    async def restore(self, caller: Caller, sandbox: str, name: str, *, wait: bool = False) -> Sandbox:
        """Make the files what they were in a snapshot, in one step."""
        found = self._used(caller, sandbox)
        async with self._held(found, wait) as place:
            await threaded(snapshots.go_back, self._folders, place, name, self._settings.sandbox)
        return self._found(caller, sandbox)

    async def drop_snapshot(self, caller: Caller, sandbox: str, name: str) -> None:
        """Remove a snapshot."""
        found = self._used(caller, sandbox)
        async with self._held(found, wait=False) as place:
            await threaded(snapshots.drop, self._folders, place, name)

    @contextlib.asynccontextmanager
    async def _held(self, sandbox: Sandbox, wait: bool) -> AsyncIterator[Place]:
        place = Place(self._folders, sandbox.id)
        try:
            async with held(place, until=math.inf if wait else 0.0) as lock:
                if lock < 0:
                    raise damaged(sandbox.id)
                yield place
        except OSError as error:
            raise failed(error, sandbox.id, "copied") from None

    async def files(self, caller: Caller, sandbox: str, path: str = "", *, deep: bool = False) -> list[Entry]:
        """What is in a folder, by name; with `deep` all that is below. Bounded: too many are an error."""
        return await self._files.entries(self._found(caller, sandbox).id, path, deep=deep)

    async def entry(self, caller: Caller, sandbox: str, path: str) -> Entry:
        """What is at a path."""
        return await self._files.entry(self._found(caller, sandbox).id, path)

    async def read(self, caller: Caller, sandbox: str, path: str) -> tuple[Entry, int]:
        """A file: what it is, and a descriptor to read it from, which the caller closes."""
        return await self._files.read(self._found(caller, sandbox).id, path)

    async def write(
        self, caller: Caller, sandbox: str, path: str, data: AsyncIterator[bytes], *, executable: bool = False
    ) -> Entry:
        """Write a file, whole or not at all; folders on its way are made."""
        found = self._used(caller, sandbox)
        return await self._files.write(found.id, path, data, executable=executable)

    async def remove(self, caller: Caller, sandbox: str, path: str) -> None:
        """Remove a file, or a folder with all that is in it."""
        await self._files.remove(self._used(caller, sandbox).id, path)

    async def unpack(self, caller: Caller, sandbox: str, archive: int, folder: str = "") -> list[Entry]:
        """Put what is in an archive (zip, or tar as it is or with gzip, bzip2, xz) into a folder, all or nothing.

        `archive` is a descriptor of a file, which stays the caller's.
        """
        return await self._files.unpack(self._used(caller, sandbox).id, archive, folder)

    async def pack(self, caller: Caller, sandbox: str, path: str = "") -> AsyncIterator[bytes]:
        """A folder as a tar archive, with its files and folders; what is wrong is told before the first piece."""
        async with contextlib.aclosing(self._files.pack(self._found(caller, sandbox).id, path)) as pieces:
            async for piece in pieces:
                yield piece

    def _used(self, caller: Caller, sandbox: str) -> Sandbox:
        found = self._found(caller, sandbox)
        try:
            self._sandboxes.use(found.id)
        except SandboxError as error:  # whoever makes room must not be kept from it
            if error.name != NO_SPACE:
                raise
        return found

    async def submit(self, caller: Caller, sandbox: str, program: Program) -> Run:
        """Let a program run, at once or when its turn comes; it is queued or running when this returns."""
        return await self._programs.submit(caller, self._found(caller, sandbox), program)

    def events(self, caller: Caller, run: str, after: int = 0) -> AsyncIterator[Event]:
        """The events of a run with a number above `after`, those that were and those to come, to the last, `done`."""
        return self._programs.events(caller, run, after)

    async def finished(self, caller: Caller, run: str) -> Run:
        """A run with its whole outcome, once it has ended."""
        return await self._programs.finished(caller, run)

    async def end_of(self, caller: Caller, run: str) -> None:
        """Wait until a run has ended, without what it wrote."""
        await self._programs.end_of(caller, run)

    async def cancel(self, caller: Caller, run: str) -> Run:
        """End a run, queued or running; of one that has ended nothing changes. It has ended when this returns."""
        return await self._programs.cancel(caller, run)

    async def run(self, caller: Caller, run: str) -> Run:
        """A run, with its whole outcome."""
        return self._programs.get(caller, run)

    async def runs(self, caller: Caller, sandbox: str = "", *, limit: int = 50, offset: int = 0) -> list[Run]:
        """Runs, the latest first: of one sandbox, which may be deleted, or all that are the caller's."""
        if sandbox:
            self._found(caller, sandbox, deleted=True)
        self._programs.settle()
        return self._runs.latest(caller, sandbox, limit=limit, offset=offset)

    async def log(self, caller: Caller, run: str, stream: str = "") -> AsyncIterator[bytes]:
        """What a run wrote (`stdout`, `stderr`, or both in their order), as far as it is kept."""
        async with contextlib.aclosing(self._programs.log(caller, run, stream)) as parts:
            async for part in parts:
                yield part

    async def sbom(self, caller: Caller, run: str) -> Mapping[str, object]:
        """What a run had installed, as a CycloneDX document."""
        found = self._programs.get(caller, run)
        try:
            return await threaded(self._bom, found.id)
        except SandboxError:
            raise
        except RunnerError as error:
            raise SandboxError(409, "no_sbom", str(error), "; ".join(error.lines)) from None

    def _bom(self, run: str) -> Mapping[str, object]:
        try:
            with dossier.index(self._folders) as index:
                recorded = dossier.named(index, run)
        except RunnerError:
            hint = "a run is on record when its program has begun, and ended"
            raise SandboxError(409, "no_sbom", f"nothing is on record of {run}", hint) from None
        found = dossier.dossier(self._folders, recorded, or_nothing=True)
        return bom(recorded, found.components, version("jhansi-runner"), complete=not found.problems)

    async def explain(self, caller: Caller, sandbox: str, purl: str) -> Mapping[str, object]:
        """What the policy of a sandbox ("" for the operator's) says of a package, as `policy explain --json` does."""
        own = self._found(caller, sandbox).policy if sandbox else ""
        try:
            return await threaded(self._explained, own, purl)
        except RunnerError as error:
            raise bad_request(str(error), "; ".join(error.lines)) from None

    def _explained(self, own: str, purl: str) -> Mapping[str, object]:
        found = policy_of_sandbox(own, self._env)
        return explanation_data(explain(found, package(purl), facts_of(found, self._folders), time.time()))

    async def metrics(self, caller: Caller) -> Metrics:
        """Counts of what is and was: of the caller's own things, or of all."""
        self._programs.settle()
        under_way = self._runs.under_way(caller)
        return Metrics(
            version("jhansi-runner"),
            tally.read(self._database, caller),
            self._sandboxes.living(caller),
            under_way[QUEUED],
            under_way[RUNNING],
            self._server() if caller.sees_all else None,
        )

    def _server(self) -> Server:
        engine, settings = self._programs.engine, self._settings
        folders = {"data": self._folders.data, "state": self._folders.state, "cache": self._folders.cache}
        return Server(
            since=self._began,
            running=engine.running,
            waiting=engine.waiting,
            most_running=engine.most,
            most_waiting=settings.queue,
            most_log_bytes=settings.logs,
            free_bytes=dict(_free(folders)),
        )


def _free(folders: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    """What is free where folders are; one that is not there yet has none."""
    for name, folder in folders.items():
        with contextlib.suppress(OSError):
            found = os.statvfs(folder)
            yield name, found.f_bavail * found.f_frsize
