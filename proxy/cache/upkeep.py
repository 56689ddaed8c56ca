"""Keeps the cache within its limit while mirrors serve from it, whichever of their processes gets to it first."""

from __future__ import annotations

import asyncio
import fcntl
import sqlite3
import time
from collections.abc import Callable, Mapping

from jhansi_runner.proxy.cache.artifacts import ArtifactFiles
from jhansi_runner.proxy.cache.choice import Sort, aged, down_to, total
from jhansi_runner.proxy.cache.contents import mark_all, remove_marked, things
from jhansi_runner.proxy.cache.pins import pinned
from jhansi_runner.proxy.cache.removal import GRACE_SECONDS
from jhansi_runner.proxy.cache.store import Store
from jhansi_runner.proxy.policy.quantities import parse_size
from jhansi_runner.proxy.policy.sizes import size_text

LIMIT = "JHANSI_CACHE_LIMIT"
"""The variable that holds the limit of the sandboxes' service, such as `20GiB`."""
LOCK = "upkeep"
"""Whose lock is held by the one process that makes room."""
QUARANTINE_SECONDS = 30 * 86400.0
_DAY = 86400.0
_DOCUMENTS_SECONDS = 300.0
"""How often to look with a limit where no artifact was added: documents take room too."""
_LOOK_SECONDS = 0.5
_REST = 20
"""After a look that took a second, so many seconds pass until the next."""
_SHORTEST_REST = 2.0


class BadLimit(OSError):
    """The limit is no size."""


def limit_of(env: Mapping[str, str]) -> int:
    """The limit that an environment sets, in bytes; 0 for none. Raises BadLimit."""
    text = env.get(LIMIT, "").strip()
    if text in ("", "0"):
        return 0
    try:
        return parse_size(text)
    except ValueError as error:
        raise BadLimit(f"{LIMIT}: {error}") from None


class Upkeep:
    """Makes room in one cache. `limit` is in bytes, 0 for none; `state` is the folder that holds the pins.

    `say` hears, from a thread and once, when what is pinned is more than the limit, or what keeps us from making room.
    """

    def __init__(
        self,
        store: Store,
        files: ArtifactFiles,
        state: str,
        limit: int,
        say: Callable[[str], None] = lambda _: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store, self._files, self._state, self._limit = store, files, state, limit
        self._say, self._clock = say, clock
        self._said = ""

    async def run(self) -> None:
        """Look when something was added, when something marked may go, and once a day, until cancelled."""
        seen, due, rest = -1, 0.0, 0.0
        while True:
            now = time.monotonic()
            added = self._limit > 0 and self._files.committed != seen
            if now >= rest and (added or now >= due):
                seen = self._files.committed
                left = await asyncio.to_thread(self._once)
                taken = time.monotonic() - now
                due = now + (GRACE_SECONDS + taken if left else _DOCUMENTS_SECONDS if self._limit else _DAY)
                rest = now + max(_SHORTEST_REST, _REST * taken)
                if left is None:  # another process is at it, and does not know what we added
                    seen, due = -1, rest
            await asyncio.sleep(_LOOK_SECONDS)

    def _once(self) -> int | None:
        try:
            return self.once()
        except (OSError, sqlite3.Error) as error:
            self._tell(f"no room can be made in the cache: {error}")
            return 0

    def once(self) -> int | None:
        """Look once; how much is marked to go a little later, None when another process is at it. Raises OSError."""
        try:
            with self._files.lock(fcntl.LOCK_EX | fcntl.LOCK_NB, LOCK):
                return self._make_room()
        except BlockingIOError:
            return None

    def _make_room(self) -> int:
        left = remove_marked(self._store, self._files, self._clock())
        there = things(self._store, self._files, frozenset())
        old = aged(there, stored=self._clock() - QUARANTINE_SECONDS)
        mark_all(self._store, self._files, [one for one in old if one.sort is Sort.QUARANTINED], self._clock())
        if not self._limit or total(there) <= self._limit:
            return left
        there = things(self._store, self._files, pinned(self._state))
        gone = mark_all(self._store, self._files, down_to(self._limit - self._limit // 16, there), self._clock())
        stays = total(there) - total(gone)
        if stays > self._limit:
            fixed = total(one for one in there if one.pinned)
            words = f"the cache holds {size_text(stays)}, more than its limit of {size_text(self._limit)}"
            self._tell(f"{words}: {size_text(fixed)} of it are pinned by what is installed")
        return left + sum(one.sort is Sort.ARTIFACT for one in gone)

    def _tell(self, text: str) -> None:
        kind = text[:40]
        if kind != self._said:
            self._say(text)
        self._said = kind
