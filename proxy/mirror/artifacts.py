"""Pull-through for artifacts: from the cache when it is there, otherwise one download that all who ask share."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from jhansi_runner.proxy.cache.artifacts import ArtifactFiles
from jhansi_runner.proxy.cache.store import Artifact, Store
from jhansi_runner.proxy.mirror.download import Download, Promise
from jhansi_runner.proxy.mirror.upstream_client import UpstreamClient

_REMEMBERED = 20_000


class Artifacts:
    """The artifacts of the cache, by key (registry, host and path)."""

    def __init__(
        self,
        store: Store,
        files: ArtifactFiles,
        client: UpstreamClient,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store, self._files, self._client, self._clock = store, files, client, clock
        self._downloads: dict[str, Download] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._remembered: dict[str, Artifact] = {}

    def kept(self, key: str) -> Artifact | None:
        """The artifact, if it is in the cache with its whole size; one whose file is gone or cut is forgotten."""
        artifact = self._remembered.get(key) or self._store.artifact(key)
        if artifact is None:
            return None
        if not self._files.has(artifact.sha256, artifact.size):
            self._remembered.pop(key, None)
            self._store.forget_artifact(key)
            return None
        self._remember(key, artifact)
        return artifact

    def path(self, artifact: Artifact) -> str:
        """Where the file of an artifact is."""
        return self._files.path(artifact.sha256)

    def download(self, key: str, promise: Promise, may_dial: Callable[[str, str], bool]) -> Download:
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

    async def _run(self, key: str, download: Download, may_dial: Callable[[str, str], bool]) -> None:
        promise = download.promise
        try:
            size = await download.run(self._client, self._files, may_dial)
            artifact = Artifact(promise.purl, promise.filename, promise.sha256, size, self._clock())
            self._store.keep_artifact(key, artifact)
            self._remember(key, artifact)
        except Exception:  # noqa: S110  # the download tells everyone who waits for it
            pass
        finally:
            self._downloads.pop(key, None)

    def _remember(self, key: str, artifact: Artifact) -> None:
        if len(self._remembered) >= _REMEMBERED:
            self._remembered.pop(next(iter(self._remembered)))
        self._remembered[key] = artifact
