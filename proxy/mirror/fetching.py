"""Fetches an artifact: written to disk while it is passed on, and kept only when it is what was promised."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence

from jhansi_runner.proxy.cache.artifacts import ArtifactFiles
from jhansi_runner.proxy.cache.flights import Flight, Told
from jhansi_runner.proxy.mirror.download import Download
from jhansi_runner.proxy.mirror.upstream_client import UpstreamClient
from jhansi_runner.proxy.registries.interface import Promise
from jhansi_runner.proxy.registries.upstreams import UpstreamFailure

_CHUNK = 1 << 17
MayDial = Callable[[str, str], bool]


async def adopt(promise: Promise, files: ArtifactFiles) -> dict[str, str] | None:
    """The digests of the artifact that is there under its hash already, and intact; None when it is not.

    So it is after a kill between the last byte and the index row, or when two URLs promise one content.
    """
    sha256 = promise.digests.get("sha256", "")
    if not sha256 or not files.has(sha256, promise.release.size):
        return None
    try:
        found = await asyncio.to_thread(_digests, files.path(sha256), {"sha256", *promise.digests})
    except FileNotFoundError:
        return None
    return found if all(found[name] == value for name, value in promise.digests.items()) else None


TOO_LARGE = 413
"""The status of a failure that whoever asked brought about, by the most that they would take."""


class Fetching:
    """One fetch. What another process had fetched before it was killed is fetched again, and must be the same."""

    def __init__(self, download: Download, flight: Flight, files: ArtifactFiles) -> None:
        self._download, self._flight, self._files = download, flight, files
        self._there = self._descriptor = 0
        self._path = ""

    async def run(
        self, client: UpstreamClient, may_dial: MayDial, before: tuple[int, str] | None
    ) -> tuple[int, dict[str, str]]:
        """Fetch, verify and commit the file; its size and digests. Raises UpstreamFailure, and then keeps nothing.

        `before` is the file that somebody else began, as `ArtifactFiles.incoming` gives it.
        """
        download, promise = self._download, self._download.promise
        async with client.file(promise.url, promise.headers, may_dial) as response:
            announced, promised = response.content_length, promise.release.size
            if announced is not None and promised not in (None, announced):
                raise UpstreamFailure(
                    f"upstream announces {announced} bytes for {promise.filename}, its index {promised}"
                )
            if announced is not None and announced > promise.at_most:
                words = f"upstream announces {announced} bytes for {promise.filename}, which is too much"
                raise UpstreamFailure(words, TOO_LARGE)
            if before is not None and download.total not in (None, announced, promised):
                raise _changed(promise)  # clients have been told another size
            self._descriptor, self._path = before or self._files.incoming()
            self._there = os.fstat(self._descriptor).st_size
            total = promised if promised is not None else announced
            download.begin(self._descriptor, self._path, total)
            self._flight.tell(Told(os.path.basename(self._path), total))
            try:
                hashes = [hashlib.new(name, usedforsecurity=False) for name in {"sha256", *promise.digests}]
                size = 0
                async for chunk in response.content.iter_chunked(_CHUNK):
                    self._write(chunk, size, [one.update for one in hashes])
                    size += len(chunk)
                    download.grow(max(size, download.received))
                found = {one.name: one.hexdigest() for one in hashes}
                await self._check(size, found)
                await asyncio.to_thread(self._files.commit, self._descriptor, self._path, found["sha256"])
            except Exception:
                self._files.discard(self._path)
                raise
        return size, found

    def _write(self, chunk: bytes, size: int, updates: Sequence[Callable[[bytes], None]]) -> None:
        promise, total = self._download.promise, self._download.total
        limit = promise.at_most if total is None else total
        if size + len(chunk) > limit:
            words = f"upstream sent more than the {limit} bytes promised for {promise.filename}"
            raise UpstreamFailure(words, TOO_LARGE if total is None else 502)
        old = min(max(self._there - size, 0), len(chunk))
        if old and os.pread(self._descriptor, old, size) != chunk[:old]:  # clients have the other bytes by now
            raise _changed(promise)
        view = memoryview(chunk)[old:]
        at = size + old
        while view:
            written = os.pwrite(self._descriptor, view, at)
            view, at = view[written:], at + written
        for update in updates:
            update(chunk)

    async def _check(self, size: int, found: Mapping[str, str]) -> None:
        promise, total = self._download.promise, self._download.total
        expected = max(self._there, size if total is None else total)
        if size != expected:
            raise UpstreamFailure(f"upstream sent {size} of {expected} bytes of {promise.filename}")
        for name, promised in promise.digests.items():
            if found[name] != promised:
                # A 409 and not a 5xx, which clients try again and then tell nothing of.
                words = f"{promise.filename} has {name} {found[name]}, but its index promises {promised}"
                raise UpstreamFailure(f"{words}: nothing was kept", 409)
        if promise.check is not None:
            try:
                await asyncio.to_thread(promise.check, self._path)
            except ValueError as error:
                raise UpstreamFailure(f"{promise.filename} {error}: nothing was kept", 409) from error


def _changed(promise: Promise) -> UpstreamFailure:
    return UpstreamFailure(f"upstream sent something else for {promise.filename} than at first: try again", 503)


def _digests(path: str, names: Iterable[str]) -> dict[str, str]:
    hashes = [hashlib.new(name, usedforsecurity=False) for name in names]
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            for one in hashes:
                one.update(chunk)
    return {one.name: one.hexdigest() for one in hashes}
