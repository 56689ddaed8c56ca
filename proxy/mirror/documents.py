"""Raw upstream documents: kept as they came, revalidated, served stale when the upstream fails."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from jhansi_runner.proxy.cache.store import Document, Store
from jhansi_runner.proxy.mirror.upstream_client import UpstreamClient, UpstreamFailure

FRESH_SECONDS = 600.0
"""How long a document is used without asking again."""
_ABSENT_SECONDS = 60.0
_SETTLED_SECONDS = 2.0


class NotCached(UpstreamFailure):
    """Offline, and the document was never fetched."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A document and how it was come by: hit, miss, revalidated or stale."""

    document: Document
    how: str


class Documents:
    """Pull-through for documents, with one upstream request however many ask."""

    def __init__(self, store: Store, client: UpstreamClient, clock: Callable[[], float] = time.time) -> None:
        self._store, self._client, self._clock = store, client, clock
        self._flights: dict[tuple[str, str], asyncio.Task[Kept]] = {}

    async def get(
        self,
        key: str,
        url: str,
        accept: str,
        may_dial: Callable[[str, str], bool],
        check: Callable[[Document], object],
        *,
        revalidate: bool = False,
        offline: bool = False,
    ) -> Kept:
        """The document of a URL, under a key of the cache's.

        `revalidate` asks the upstream even about a fresh one. `check` raises ValueError for a document that is not
        worth keeping. Raises UpstreamFailure (404 when there is no such document), and NotCached offline.
        """
        kept = self._store.document(key)
        if kept is not None and kept.url != url and not offline:
            kept = None  # the operator changed the upstream
        if offline:
            if kept is None or kept.status == 404:
                raise NotCached(f"offline, and {url} was never fetched", 404)
            return Kept(kept, "hit")
        if kept is not None and self._clock() - kept.fetched < self._lifetime(kept, revalidate):
            return Kept(_present(kept), "hit")
        flight = self._flights.get((key, url))
        if flight is None:
            flight = asyncio.create_task(self._refresh(key, url, accept, may_dial, check, kept))
            self._flights[key, url] = flight
            flight.add_done_callback(lambda _: self._flights.pop((key, url), None))
        found = await asyncio.shield(flight)
        return Kept(_present(found.document), found.how)

    def _lifetime(self, kept: Document, revalidate: bool) -> float:
        if revalidate:
            return _SETTLED_SECONDS
        return FRESH_SECONDS if kept.status == 200 else _ABSENT_SECONDS

    async def _refresh(
        self,
        key: str,
        url: str,
        accept: str,
        may_dial: Callable[[str, str], bool],
        check: Callable[[Document], object],
        kept: Document | None,
    ) -> Kept:
        try:
            document, how = await self._fetch(url, accept, may_dial, check, kept)
        except UpstreamFailure as failure:
            if failure.status == 404:
                absent = Document(url, 404, "", "", self._clock(), b"")
                self._store.keep_document(key, absent)
                return Kept(absent, "miss")
            if kept is not None and kept.status == 200:
                return Kept(kept, "stale")
            raise
        self._store.keep_document(key, document)
        return Kept(document, how)

    async def _fetch(
        self,
        url: str,
        accept: str,
        may_dial: Callable[[str, str], bool],
        check: Callable[[Document], object],
        kept: Document | None,
    ) -> tuple[Document, str]:
        etag = kept.etag if kept else ""
        fetched = await self._client.document(url, accept, etag, may_dial)
        if fetched.status == 304:
            if kept is None or not etag:
                raise UpstreamFailure(f"upstream says that {url} is unchanged, which was not asked")
            return replace(kept, fetched=self._clock()), "revalidated"
        document = Document(url, 200, fetched.content_type, fetched.etag, self._clock(), fetched.body)
        try:
            check(document)
        except ValueError as error:
            raise UpstreamFailure(f"upstream's {error}") from error
        return document, "miss"


def _present(document: Document) -> Document:
    if document.status == 404:
        raise UpstreamFailure(f"upstream has no {document.url}", 404)
    return document
