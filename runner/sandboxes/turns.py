"""What one owner may have at once of what the server has once: others come in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary


class Turns:
    """So many at once of each owner; who comes when these are taken waits, and nobody else with them."""

    __slots__ = ("_each", "_owners")

    def __init__(self, each: int) -> None:
        self._each = each
        self._owners: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    def of(self, owner: str) -> asyncio.Semaphore:
        """Those of one owner."""
        found = self._owners.get(owner)
        if found is None:
            found = self._owners[owner] = asyncio.Semaphore(self._each)
        return found

    @asynccontextmanager
    async def turn(self, owner: str) -> AsyncIterator[None]:
        """One of them, for work that may keep the event loop: whoever else has something to do comes before it."""
        async with self.of(owner):
            await asyncio.sleep(0)
            yield
