"""Raw upstream documents: kept as they came, revalidated, served stale when the upstream fails."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import diskcache

from jhansi_runner.proxy.cache.store import Store
from jhansi_runner.proxy.memory import Memory
from jhansi_runner.proxy.mirror.upstream_client import UpstreamClient
from jhansi_runner.proxy.registries.interface import Document, Fetch, Source
from jhansi_runner.proxy.registries.upstreams import NotCached, UpstreamFailure

FRESH_SECONDS = 600.0
"""How long a document is used without asking again."""
_ABSENT_SECONDS = 60.0
_SETTLED_SECONDS = 2.0
_PATIENCE_SECONDS = 5.0
_LARGE = 1 << 18
_REMEMBERED_BYTES = 160 << 20
MayDial = Callable[[str, str], bool]


@dataclass(frozen=True, slots=True)
class Kept:
    """A document and how it was come by: hit, miss, revalidated or stale."""

    document: Document
    how: str


class Documents:
    """Pull-through for documents, with one upstream request however many ask.

    A document that did not change comes with the same body object each time: what was made of it is known by that.
    """

    def __init__(self, store: Store, client: UpstreamClient, clock: Callable[[], float] = time.time) -> None:
        self._store, self._client, self._clock = store, client, clock
        self._flights: dict[tuple[str, str], asyncio.Task[Kept]] = {}
        self._memory: Memory[str, Document] = Memory(_REMEMBERED_BYTES, lambda document: len(document.body) + 512)
        self._imports = store.imports

    async def get(self, source: Source, may_dial: MayDial, *, revalidate: bool = False, offline: bool = False) -> Kept:
        """The document of a source; `revalidate` asks the upstream even about a fresh one.

        Raises UpstreamFailure (404 when there is no such document), and NotCached offline.
        """
        kept = await self._kept(source)
        if offline or source.kept_only:
            if kept is None:
                raise NotCached(f"offline, and {source.url} was never fetched")
            return Kept(_present(kept), "hit")
        if kept is not None and kept.url != source.url:
            kept = None  # the operator changed the upstream
        if kept is not None and self._is_fresh(kept, source, revalidate or source.fresh):
            return Kept(_present(kept), "hit")
        flight = self._flights.get((source.key, source.url))
        if flight is None:
            flight = asyncio.create_task(self._refresh(source, may_dial, kept))
            self._flights[source.key, source.url] = flight
            flight.add_done_callback(lambda done: self._landed((source.key, source.url), done))
        if kept is None or kept.status != 200 or source.fresh:
            found = await asyncio.shield(flight)
        else:  # whoever has something to go by waits for a moment only
            finished, _ = await asyncio.wait([flight], timeout=_PATIENCE_SECONDS)
            found = flight.result() if finished else Kept(kept, "stale")
        return Kept(_present(found.document), found.how)

    def _landed(self, flight: tuple[str, str], done: asyncio.Task[Kept]) -> None:
        self._flights.pop(flight, None)
        if not done.cancelled():
            done.exception()  # whoever waited for it has it; with nobody left it is not to be complained of

    def fetching(self, may_dial: MayDial, *, offline: bool = False) -> Fetch:
        """The way in which a registry asks for documents."""

        async def fetch(source: Source) -> Document:
            return (await self.get(source, may_dial, offline=offline)).document

        return fetch

    async def _kept(self, source: Source) -> Document | None:
        if self._imports != (imports := self._store.imports):
            self._memory.clear()
            self._imports = imports
        kept = self._memory.get(source.key)
        if kept is None:
            kept = self._store.document(source.key)
            if kept is not None:
                if kept.status == 200:
                    with contextlib.suppress(ValueError):  # whoever reads it finds the same
                        await _checked(source, kept)
                self._memory.keep(source.key, kept)
        return kept

    def _keep(self, source: Source, document: Document) -> None:
        self._memory.keep(source.key, document)
        try:
            self._store.keep_document(source.key, document)
        except (OSError, sqlite3.Error, diskcache.Timeout) as error:  # served all the same; nobody depends on its row
            print(f"the cache cannot keep {source.key}: {error}", file=sys.stderr, flush=True)

    def _is_fresh(self, kept: Document, source: Source, revalidate: bool) -> bool:
        if kept.status == 200 and source.immutable:
            return True
        lifetime = FRESH_SECONDS if kept.status == 200 else _ABSENT_SECONDS
        return self._clock() - kept.fetched < (_SETTLED_SECONDS if revalidate else lifetime)

    async def _refresh(self, source: Source, may_dial: MayDial, kept: Document | None) -> Kept:
        try:
            document, how = await self._fetch(source, may_dial, kept)
        except UpstreamFailure as failure:
            if failure.absent:
                absent = Document(source.url, 404, "", "", self._clock(), b"")
                self._keep(source, absent)
                return Kept(absent, "miss")
            if kept is not None and kept.status == 200:
                return Kept(kept, "stale")
            raise
        self._keep(source, document)
        return Kept(document, how)

    async def _fetch(self, source: Source, may_dial: MayDial, kept: Document | None) -> tuple[Document, str]:
        etag = kept.etag if kept else ""
        fetched = await self._client.document(source, etag, may_dial)
        if fetched.status == 304:
            if kept is None or not etag:
                raise UpstreamFailure(f"upstream says that {source.url} is unchanged, which was not asked")
            return replace(kept, fetched=self._clock()), "revalidated"
        document = Document(
            source.url, 200, fetched.content_type, fetched.etag, self._clock(), fetched.body, fetched.modified
        )
        if kept is not None and kept.status == 200 and kept.body == document.body:
            document = replace(document, body=kept.body)
        try:
            await _checked(source, document)
        except ValueError as error:
            raise UpstreamFailure(f"upstream's {error}") from error
        return document, "miss"


async def _checked(source: Source, document: Document) -> None:
    """Let the registry read a document; a large one beside the requests of others, which it remembers having read."""
    if len(document.body) < _LARGE:
        source.check(document)
    else:
        await asyncio.to_thread(source.check, document)


def _present(document: Document) -> Document:
    if document.status == 404:
        raise UpstreamFailure(f"upstream has no {document.url}", 404, absent=True)
    return document
