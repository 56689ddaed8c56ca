"""Holding a sandbox busy while it is changed as a whole, or copied."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from jhansi_runner.runner.sandboxes.errors import busy
from jhansi_runner.runner.sandboxes.places import Place

_AGAIN_SECONDS = 0.05


@asynccontextmanager
async def held(
    place: Place, *, until: float = 0.0, first: Callable[[], Awaitable[None]] | None = None
) -> AsyncIterator[int]:
    """Hold it, and wait for it until then by the monotonic clock, doing `first` before each attempt.

    One whose folder is gone is nobody's to change: -1. Raises SandboxError while it is busy, OSError.
    """
    while True:
        if first is not None:
            await first()
        try:
            lock = place.hold()
        except FileNotFoundError:
            yield -1
            return
        if lock is not None:
            break
        if time.monotonic() >= until:
            raise busy(place.id)
        await asyncio.sleep(_AGAIN_SECONDS)
    try:
        place.mend()
        yield lock
    finally:
        os.close(lock)
