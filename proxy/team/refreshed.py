"""A value that takes its time: worked out beside everything else, and once for all who ask meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

T = TypeVar("T")

_REST = 20
"""What took a second is left alone for so many seconds."""


class Refreshed(Generic[T]):
    """Makes a value in a thread of its own, never twice at a time, nor before `interval` seconds have passed."""

    def __init__(self, make: Callable[[], T], interval: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._make, self._interval, self._clock = make, interval, clock
        self._thread = ThreadPoolExecutor(1)
        self._value: T | None = None
        self._due = float("-inf")
        self._making: asyncio.Task[None] | None = None

    async def get(self, patience: float) -> T | None:
        """The value; after so many seconds an older one, or None while there is none. Raises what making it raises."""
        if self._making is None and self._clock() >= self._due:
            self._making = asyncio.create_task(self._refresh())
        making = self._making
        if making is not None:
            await asyncio.wait([making], timeout=patience)
            if making.done():
                making.result()
        return self._value

    async def _refresh(self) -> None:
        began = self._clock()
        try:
            self._value = await asyncio.get_running_loop().run_in_executor(self._thread, self._make)
        finally:
            ended = self._clock()
            self._due = ended + max(self._interval, _REST * (ended - began))
            self._making = None
