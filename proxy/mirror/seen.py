"""The second clock: when this cache first saw a release, for registries that say no date that can be trusted.

It is bound to the content: a release that comes with another content than before is as young as that content.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace

import diskcache

from jhansi_runner.proxy.cache.store import Store
from jhansi_runner.proxy.policy.release import Release


class FirstSeen:
    """Notes releases when they are first met, and says when that was."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def note(self, releases: Sequence[Release], now: float) -> list[Release]:
        """The releases of one package, each with the time it was first seen; what is new is noted as seen now."""
        if not releases:
            return []
        package = releases[0].coordinate.at(None).purl
        known = self._store.seen(package)
        found = dict(known)
        for release in releases:
            name = _name(release)
            found[name] = _first(found.get(name), release.identity, now)
        if found != known:
            with contextlib.suppress(sqlite3.Error, OSError, diskcache.Timeout):  # then it is as young the next time
                self._store.keep_seen(package, found)
        return [replace(release, seen=found[_name(release)][0]) for release in releases]

    def recall(self, releases: Iterable[Release]) -> list[Release]:
        """The same without noting anything."""
        releases = list(releases)
        known = self._store.seen(releases[0].coordinate.at(None).purl) if releases else {}
        return [replace(one, seen=known[_name(one)][0]) if _name(one) in known else one for one in releases]


def _name(release: Release) -> str:
    return release.filename or release.coordinate.version or ""


def _first(known: tuple[float, str] | None, identity: str, now: float) -> tuple[float, str]:
    if known is None:
        return now, identity
    time, before = known
    if before and identity and before != identity:
        return now, identity
    return time, before or identity
