"""One artifact on its way, as those who wait for it see it: however many ask, it is fetched once.

The last bytes are held back until the whole is verified and kept. So a client either gets exactly the promised bytes,
or a connection that breaks off: never a wrong file that ends cleanly.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from collections.abc import Mapping

from jhansi_runner.proxy.registries.interface import Promise
from jhansi_runner.proxy.registries.upstreams import UpstreamFailure

_HELD_BACK = 1


class Download:
    """A download under way, here (`fetching.py`) or in another process (`following.py`). It outlives its clients."""

    def __init__(self, promise: Promise) -> None:
        self.promise = promise
        self.digests: Mapping[str, str] = {}
        """What was computed of the whole file, once it is verified; sha256 is always among them."""
        self.total: int | None = promise.release.size
        self.received = 0
        self.path = ""
        """Where the file is that grows, "" as long as there is none."""
        self.read = False
        """Whether somebody reads from the file already, so that no other can take its place."""
        self._verified = False
        self._failure: UpstreamFailure | None = None
        self._changed = asyncio.Event()
        self._descriptor = -1

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
        self.read = True
        return os.dup(self._descriptor)

    def reads(self, path: str) -> bool:
        """Whether what its readers read is the file at a path."""
        try:
            return os.path.samestat(os.fstat(self._descriptor), os.stat(path))
        except OSError:
            return False

    def begin(self, descriptor: int, path: str, total: int | None) -> None:
        """The file comes, in as many bytes as that, through this descriptor, which is closed with the download."""
        if descriptor != self._descriptor:
            self.close()
        self._descriptor, self.path, self.total = descriptor, path, total
        self._tell()

    def grow(self, received: int) -> None:
        """So many bytes are there."""
        self.received = received
        self._tell()

    def complete(self, size: int, digests: Mapping[str, str]) -> None:
        """All of it is there, verified and kept."""
        self.received = self.total = size
        self.digests = digests
        self._verified = True
        self._tell()

    def fail(self, failure: UpstreamFailure) -> None:
        """It does not come."""
        self._failure = failure
        self._tell()

    def abandon(self) -> bool:
        """Remove what was not kept, unless another process has it open; whether there is nothing left to go on with."""
        if self._descriptor < 0:
            return True
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        return True

    def close(self) -> None:
        """Close the file; for its readers it stays open.

        Those who are about to start have theirs by now: they never await between waiting and `reader`.
        """
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            with contextlib.suppress(OSError):
                os.close(descriptor)

    async def _next(self) -> None:
        if self._failure is not None:
            raise self._failure
        await self._changed.wait()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
