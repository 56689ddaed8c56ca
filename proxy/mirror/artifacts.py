"""Pull-through for artifacts: from the cache when it is there, otherwise one download that all who ask share.

All who ask are the clients of every process that uses the cache.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence

from jhansi_runner.proxy.cache.artifacts import ArtifactFiles
from jhansi_runner.proxy.cache.flights import Flight, Told
from jhansi_runner.proxy.cache.recheck import Rechecks
from jhansi_runner.proxy.cache.releases import release_of
from jhansi_runner.proxy.cache.store import Artifact, Store
from jhansi_runner.proxy.memory import Memory
from jhansi_runner.proxy.mirror.download import Download
from jhansi_runner.proxy.mirror.fetching import Fetching, MayDial, adopt
from jhansi_runner.proxy.mirror.following import begun, follow, interrupted
from jhansi_runner.proxy.mirror.upstream_client import UpstreamClient
from jhansi_runner.proxy.policy.release import Release
from jhansi_runner.proxy.registries.interface import Promise, Shelf
from jhansi_runner.proxy.registries.upstreams import Upstream, UpstreamFailure

_REMEMBERED = 20_000
_USE_SECONDS = 1.0
"""How often the use of one artifact is noted at most."""


class Artifacts:
    """The artifacts of the cache, by key (registry and path). `say` hears of damage, a sentence each."""

    def __init__(
        self,
        store: Store,
        files: ArtifactFiles,
        client: UpstreamClient,
        clock: Callable[[], float] = time.time,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._store, self._files, self._client, self._clock = store, files, client, clock
        self._downloads: dict[str, Download] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._remembered: Memory[str, Artifact] = Memory(_REMEMBERED)
        self._used: Memory[str, float] = Memory(_REMEMBERED)
        self._imports = store.imports
        self._rechecks = Rechecks(store, files, clock, say)

    def kept(self, key: str) -> Artifact | None:
        """The artifact, if it is in the cache with its whole size; one whose file is gone or cut is forgotten."""
        if self._imports != (imports := self._store.imports):
            self._remembered.clear()
            self._imports = imports
        artifact = self._remembered.get(key)
        if artifact is not None and self._is_whole(artifact):
            return artifact
        self._remembered.forget(key)
        artifact = self._store.artifact(key)
        if artifact is None:
            return None
        if not self._is_whole(artifact):
            self._store.forget_artifact(key, self._is_whole)
            return None
        self._remembered.keep(key, artifact)
        return artifact

    def shelf(self, upstream: Upstream) -> Shelf:
        """What is here of an upstream's."""
        return _Shelf(self, self._store, upstream)

    def keep(self, key: str, artifact: Artifact) -> None:
        """Remember what is known of an artifact."""
        self._store.keep_artifact(key, artifact)
        self._remembered.keep(key, artifact)

    def path(self, artifact: Artifact) -> str:
        """Where the file of an artifact is, for whoever is about to use it."""
        now = time.monotonic()
        noted = self._used.get(artifact.sha256)
        if noted is None or now - noted > _USE_SECONDS:
            self._used.keep(artifact.sha256, now)
            self._rechecks.use(artifact)
        return self._files.path(artifact.sha256)

    def download(self, key: str, promise: Promise, may_dial: MayDial) -> Download:
        """The download of an artifact: the one under way, or a new one."""
        under_way = self._downloads.get(key)
        if under_way is not None:
            return under_way
        download = self._downloads[key] = Download(promise)
        task = asyncio.create_task(self._run(key, download, may_dial))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return download

    @property
    def busy(self) -> bool:
        """Whether a download is under way."""
        return bool(self._downloads)

    async def close(self) -> None:
        """Give up what is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._rechecks.close()

    async def _run(self, key: str, download: Download, may_dial: MayDial) -> None:
        """Bring a download to its end, and tell everyone who waits for it, here and in other processes."""
        try:
            flight = Flight(self._files.flight(key))
        except OSError as error:
            self._downloads.pop(key, None)
            download.fail(_unkept(download, error))
            return
        failure = UpstreamFailure(f"the download of {download.promise.filename} was given up", 503)
        ended = False
        try:
            artifact = await self._obtained(key, download, flight, may_dial)
            ended = True
            if flight.leads:
                flight.end(Told(os.path.basename(download.path), artifact.size, kept=True))
            if download.read and not download.reads(self._files.path(artifact.sha256)):
                raise interrupted(download)
            self._downloads.pop(key, None)
            download.complete(artifact.size, artifact.digests)
        except UpstreamFailure as error:
            failure, ended = error, True
        except (OSError, sqlite3.Error) as error:
            failure, ended = _unkept(download, error), True
        finally:
            self._downloads.pop(key, None)
            if not download.verified:
                if ended and flight.leads:
                    self._files.discard(download.path)
                    flight.end(Told(failure=str(failure), status=failure.status, retry_after=failure.retry_after))
                download.fail(failure)
            alone = download.abandon()
            flight.leave(alone=alone)
            download.close()

    async def _obtained(self, key: str, download: Download, flight: Flight, may_dial: MayDial) -> Artifact:
        before = begun(download, flight, self._files) if flight.leads else await follow(download, flight, self._files)
        artifact = self.kept(key)  # others may have been faster than our asking for the lead
        if artifact is not None:
            return artifact
        if not flight.leads:
            raise interrupted(download)
        promise, release = download.promise, download.promise.release
        digests = await adopt(promise, self._files)
        if digests is None:
            if download.read and before is None:
                raise interrupted(download)
            size, digests = await Fetching(download, flight, self._files).run(self._client, may_dial, before)
        else:
            size = os.stat(self._files.path(digests["sha256"])).st_size
        artifact = Artifact(
            release.coordinate.purl,
            promise.filename,
            digests["sha256"],
            size,
            self._clock(),
            published=release.published,
            identity=release.identity,
            licence=release.licence,
            runs=release.runs,
            dated_as=release.filename,
            digests=digests,
        )
        self.keep(key, artifact)
        return artifact

    def _is_whole(self, artifact: Artifact) -> bool:
        return self._files.has(artifact.sha256, artifact.size)


class _Shelf:
    """What is in the cache of one upstream's, for its registry to look at."""

    def __init__(self, artifacts: Artifacts, store: Store, upstream: Upstream) -> None:
        self._artifacts, self._store, self._upstream = artifacts, store, upstream

    def below(self, folder: str) -> Sequence[tuple[str, Release]]:
        """As `Shelf.below`."""
        beginning, own = self._upstream.key(folder), self._upstream.key("")
        found = [(key.removeprefix(own), one) for key, one in self._store.artifacts_below(beginning)]
        return [(path, release_of(one)) for path, one in found if self._artifacts.kept(own + path) is not None]

    def file(self, path: str) -> tuple[Release, Mapping[str, str]] | None:
        """As `Shelf.file`."""
        found = self._artifacts.kept(self._upstream.key(path))
        return (release_of(found), found.digests) if found is not None else None


def _unkept(download: Download, error: Exception) -> UpstreamFailure:
    words = getattr(error, "strerror", None) or str(error)
    return UpstreamFailure(f"cannot keep {download.promise.filename}: {words}", 507)
