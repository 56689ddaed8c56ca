"""Who is signed in: cookies that are random, known here by their hash, forgotten after half a day or a restart.

A cookie leads to the digest of a token, and never is one: what is stolen with it is a view of pages, until it ends or
the token is revoked.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable

COOKIE = "jhansi_session"
SECONDS = 12 * 3600
_EACH, _ALL = 20, 2000
_TRIES, _WINDOW, _PLACES = 10, 60.0, 1000


class Sessions:
    """The sessions of one server. A token has at most 20, all together 2,000: the oldest go first.

    `clock` is in seconds, and never goes back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: OrderedDict[bytes, tuple[bytes, float]] = OrderedDict()

    def open(self, token: bytes) -> str:
        """Begin a session of a token, of which the digest is given; the value of the cookie."""
        self._expire()
        own = [key for key, (one, _) in self._known.items() if one == token]
        for key in own[: max(0, len(own) - _EACH + 1)]:
            del self._known[key]
        while len(self._known) >= _ALL:
            self._known.popitem(last=False)
        cookie = secrets.token_urlsafe(32)
        self._known[_key(cookie)] = token, self._clock() + SECONDS
        return cookie

    def token(self, cookie: str) -> bytes | None:
        """The digest of the token whose session it is; None for a session that is not known, or over."""
        found = self._known.get(_key(cookie))
        return found[0] if found is not None and self._clock() < found[1] else None

    def close(self, cookie: str) -> None:
        """End a session."""
        self._known.pop(_key(cookie), None)

    def _expire(self) -> None:
        while self._known and next(iter(self._known.values()))[1] <= self._clock():
            self._known.popitem(last=False)


class Throttle:
    """Counts failed attempts to sign in by where they come from: ten a minute each. `clock` as in `Sessions`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failed: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait(self, place: str) -> int:
        """For how many seconds nothing more is heard from a place; 0 for one that may try."""
        count, began = self._failed.get(place, (0, 0.0))
        left = began + _WINDOW - self._clock()
        return max(1, round(left)) if count >= _TRIES and left > 0 else 0

    def failed(self, place: str) -> None:
        """Count a failed attempt."""
        count, began = self._failed.pop(place, (0, self._clock()))
        if self._clock() - began >= _WINDOW:
            count, began = 0, self._clock()
        self._failed[place] = count + 1, began
        while len(self._failed) > _PLACES:
            self._failed.popitem(last=False)


def _key(cookie: str) -> bytes:
    return hashlib.sha256(cookie.encode("utf-8", "surrogatepass")).digest()
