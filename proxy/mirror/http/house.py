"""What the connections of one server share: who is in it, for whom it waits, and when it gives up."""

from __future__ import annotations

import asyncio
import ipaddress
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Protocol

from jhansi_runner.proxy.mirror.answer import Answer, Request
from jhansi_runner.proxy.mirror.http.response import Dates
from jhansi_runner.proxy.mirror.http.waiting import Waiting

Handler = Callable[[Request], Awaitable[Answer]]
_IDLE_SECONDS = 75.0
"""Clients keep connections for less, or ask again on a new one."""
_HEAD_SECONDS = 30.0
_STALLED_SECONDS = 600.0
"""How long a client may take nothing of what it asked for. Some pause to unpack what they have."""
_DRAIN_SECONDS = 5.0
_BUFFER = 1 << 16


class Guest(Protocol):
    """A connection, as far as the house ends it."""

    def leave(self) -> None:
        """End without a word: nothing is under way."""

    def make_room(self) -> None:
        """End at once, because somebody else wants in."""

    def hurry(self) -> None:
        """End because a head did not come whole in time."""

    def abort(self) -> None:
        """Break off what is under way."""

    def end(self) -> None:
        """End everything, because the server does."""

    @property
    def task(self) -> asyncio.Task[None] | None:
        """What works on a request, if anything does."""


class House:
    """The connections of one server. `free` is called whenever one is gone."""

    def __init__(
        self, handler: Handler, scheme: str, loop: asyncio.AbstractEventLoop, free: Callable[[], None]
    ) -> None:
        self.handler, self.scheme, self.loop, self._free = handler, scheme, loop, free
        self.dates = Dates()
        self.coming: dict[Guest, asyncio.Task[None]] = {}
        """Those who have been let in, and have not come to where they can ask: their TLS greeting is under way."""
        self._peers: dict[Guest, str] = {}
        self._of: Counter[str] = Counter()
        self.guests: set[Guest] = set()
        self.idle: Waiting[Guest] = Waiting(_IDLE_SECONDS)
        self.asking: Waiting[Guest] = Waiting(_HEAD_SECONDS)
        self.taking: Waiting[Guest] = Waiting(_STALLED_SECONDS)
        self.draining: Waiting[Guest] = Waiting(_DRAIN_SECONDS)
        self.buffer = memoryview(bytearray(_BUFFER))
        """What is read goes through it, from one call of the loop to the next: no connection has one of its own."""

    def admit(self, guest: Guest, peer: str, welcome: asyncio.Task[None]) -> None:
        """Let a connection of a peer's in; `welcome` is what greets it."""
        self.coming[guest] = welcome
        self._peers[guest] = peer
        self._of[peer] += 1

    def arrived(self, guest: Guest) -> None:
        """A connection can ask from now on."""
        self.coming.pop(guest, None)
        self.guests.add(guest)
        self.idle.begin(guest, self.loop.time())

    def released(self, guest: Guest) -> None:
        """A connection is gone, and nothing is worked on for it any more."""
        self.forget(guest)
        self.coming.pop(guest, None)
        self.guests.discard(guest)
        peer = self._peers.pop(guest, None)
        if peer is not None:
            self._of[peer] -= 1
            if not self._of[peer]:
                del self._of[peer]
        self._free()

    def count_of(self, peer: str) -> int:
        """How many of a peer's there are."""
        return self._of[peer]

    def make_room(self, peer: str = "") -> bool:
        """End the connection that is the least loss, of a peer's or of all; whether there was one.

        Who is worked for never goes, so that nobody loses an answer.
        """
        for waiting in (self.idle, self.draining, self.asking):
            for guest in waiting:
                if not peer or self._peers.get(guest) == peer:
                    self.forget(guest)
                    guest.make_room()
                    return True
        for guest, welcome in self.coming.items():
            if not welcome.cancelling() and (not peer or self._peers[guest] == peer):
                welcome.cancel()
                return True
        return False

    @property
    def count(self) -> int:
        """How many there are in all."""
        return len(self.coming) + len(self.guests)

    def forget(self, guest: Guest) -> None:
        """Wait for nothing of a connection."""
        for waiting in (self.idle, self.asking, self.taking, self.draining):
            waiting.end(guest)

    def look(self) -> None:
        """End those whose time is up."""
        now = self.loop.time()
        for guest in self.idle.overdue(now):
            guest.leave()
        for guest in self.asking.overdue(now):
            guest.hurry()
        for guest in self.taking.overdue(now):
            guest.abort()
        for guest in self.draining.overdue(now):
            guest.leave()


def peer_of(address: object) -> str:
    """Whose connections are counted together: those of one address, in IPv6 of one network of 64 bits.

    `address` is what `accept` gives, and "" stands for what has none.
    """
    host = address[0] if isinstance(address, tuple) and address else ""
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return str(host)
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    return str(found.ipv4_mapped or ipaddress.IPv6Address(int(found) >> 64 << 64))
