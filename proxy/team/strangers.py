"""Those who ask without the token: of each address and minute one line for the first request, and one for the rest.

A line for each request would let anybody who can reach the mirror fill the disk.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from jhansi_runner.proxy.ledger import Entry
from jhansi_runner.proxy.mirror.http.house import peer_of

SECONDS = 60.0
MOST = 100
"""Addresses that are told apart within a minute; all further ones are counted as one."""


@dataclass(slots=True)
class _Count:
    began: float
    rest: Entry


class Strangers:
    """Counts requests by address. Times are in seconds, of any clock that does not go back."""

    def __init__(self) -> None:
        self._counts: dict[str, _Count] = {}

    def is_first(self, request: Entry, now: float) -> bool:
        """Whether a request is to be recorded by itself; if not it is counted. `request` is as it would be recorded."""
        peer = peer_of((request.client,))
        if peer not in self._counts and len(self._counts) >= MOST:
            peer = ""
        count = self._counts.get(peer)
        if count is None:
            self._counts[peer] = _Count(now, replace(request, times=0))
            return True
        client = count.rest.client if count.rest.client == request.client else peer
        count.rest = replace(request, client=client, times=count.rest.times + 1, time=0.0)
        return False

    def due(self, now: float) -> list[Entry]:
        """What was counted of minutes that are over, to be recorded."""
        over = {peer: count for peer, count in self._counts.items() if now - count.began >= SECONDS}
        for peer in over:
            del self._counts[peer]
        return [count.rest for count in over.values() if count.rest.times]
