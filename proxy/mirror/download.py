"""One artifact on its way: fetched once, however many ask, written to disk while it is passed on.

The last bytes are held back until size and hash match what the index promised. So a client either gets exactly the
promised bytes, or a connection that breaks off: never a wrong file that ends cleanly.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass

from jhansi_runner.proxy.cache.artifacts import ArtifactFiles
from jhansi_runner.proxy.mirror.upstream_client import UpstreamClient, UpstreamFailure

_HELD_BACK = 1
_CHUNK = 1 << 17


@dataclass(frozen=True, slots=True)
class Promise:
    """What an index says of an artifact. `size` in bytes, or None when it does not say."""

    purl: str
    filename: str
    url: str
    sha256: str
    size: int | None
    at_most: int = 16 << 30
    """Bytes that are taken where `size` is None."""


class Download:
    """A download under way. It outlives the client that asked first."""

    def __init__(self, promise: Promise) -> None:
        self.promise = promise
        self.total: int | None = promise.size
        self.received = 0
        self.path = ""
        self._verified = False
        self._failure: UpstreamFailure | None = None
        self._changed = asyncio.Event()
        self._descriptor = -1

    async def run(self, client: UpstreamClient, files: ArtifactFiles, may_dial: Callable[[str, str], bool]) -> int:
        """Fetch, verify and keep the artifact; its size in bytes. Raises UpstreamFailure, and then keeps nothing."""
        try:
            adopted = await self._adopt(files)
            return await self._fetch(client, files, may_dial) if adopted is None else adopted
        except UpstreamFailure as failure:
            self._failure = failure
            raise
        except OSError as error:
            self._failure = UpstreamFailure(f"cannot keep {self.promise.filename}: {error.strerror}", 507)
            raise self._failure from error
        except BaseException:
            self._failure = UpstreamFailure(f"the download of {self.promise.filename} was given up", 503)
            raise
        finally:
            self._tell()

    async def _adopt(self, files: ArtifactFiles) -> int | None:
        """Take the artifact that is there under its hash already, and intact; its size, or None when it is not.

        So it is after a kill between the last byte and the index row, or when two URLs promise one content.
        """
        sha256 = self.promise.sha256
        if not files.has(sha256, self.promise.size) or not await asyncio.to_thread(files.verify, sha256):
            return None
        self.received = self.total = os.stat(files.path(sha256)).st_size
        self._verified = True
        return self.received

    @property
    def verified(self) -> bool:
        """Whether the artifact is complete and kept."""
        return self._verified

    async def started(self) -> None:
        """Wait until the upstream answers with the file, for `reader`. Raises UpstreamFailure when it does not."""
        while self._descriptor < 0 and not self._verified:
            await self._next()

    async def finished(self) -> None:
        """Wait until the artifact is verified and kept. Raises UpstreamFailure."""
        while not self._verified:
            await self._next()

    async def available(self, offset: int) -> int:
        """Wait for bytes beyond `offset`; how many of the file may be sent by now. Raises UpstreamFailure."""
        while True:
            limit = self.received if self._verified else self.received - _HELD_BACK
            if limit > offset or self._verified:
                return limit
            await self._next()

    def reader(self) -> int:
        """A descriptor of its own for reading what is there."""
        return os.dup(self._descriptor)

    async def _next(self) -> None:
        if self._failure is not None:
            raise self._failure
        await self._changed.wait()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _fetch(self, client: UpstreamClient, files: ArtifactFiles, may_dial: Callable[[str, str], bool]) -> int:
        promise = self.promise
        async with client.file(promise.url, may_dial) as response:
            announced = response.content_length
            if announced is not None and promise.size not in (None, announced):
                raise UpstreamFailure(
                    f"upstream announces {announced} bytes for {promise.filename}, its index {promise.size}"
                )
            if announced is not None and announced > promise.at_most:
                raise UpstreamFailure(f"upstream announces {announced} bytes for {promise.filename}, which is too much")
            self.total = promise.size if promise.size is not None else announced
            self._descriptor, self.path = files.incoming()
            try:
                self._tell()
                digest = hashlib.sha256()
                async for chunk in response.content.iter_chunked(_CHUNK):
                    self._write(chunk, digest.update)
                self._check(digest.hexdigest())
                await asyncio.to_thread(files.commit, self._descriptor, self.path, promise.sha256)
                self._verified = True
            except BaseException:
                files.discard(self.path)
                raise
            finally:
                self._tell()
                descriptor, self._descriptor = self._descriptor, -1
                # Readers that are about to start have dup'ed by now: they never await between lookup and dup.
                with contextlib.suppress(OSError):
                    os.close(descriptor)
        return self.received

    def _write(self, chunk: bytes, update: Callable[[bytes], None]) -> None:
        limit = self.promise.at_most if self.total is None else self.total
        if self.received + len(chunk) > limit:
            raise UpstreamFailure(f"upstream sent more than the {limit} bytes promised for {self.promise.filename}")
        view = memoryview(chunk)
        while view:
            view = view[os.write(self._descriptor, view) :]
        update(chunk)
        self.received += len(chunk)
        self._tell()

    def _check(self, sha256: str) -> None:
        promise = self.promise
        if self.total is not None and self.received != self.total:
            raise UpstreamFailure(f"upstream sent {self.received} of {self.total} bytes of {promise.filename}")
        if sha256 != promise.sha256:
            raise UpstreamFailure(
                f"{promise.filename} has sha256 {sha256}, but its index promises {promise.sha256}: nothing was kept",
                409,  # not a 5xx, which clients try again and then tell nothing of
            )
