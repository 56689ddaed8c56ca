"""Listings: read from upstream documents, judged item by item, rendered by their registry, with tags of our own."""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from jhansi_runner.proxy.ledger import NOT_CACHED, WITHHELD
from jhansi_runner.proxy.memory import Memory
from jhansi_runner.proxy.mirror.answer import SAFE, Answer, Asker, Request
from jhansi_runner.proxy.mirror.artifacts import Artifacts
from jhansi_runner.proxy.mirror.documents import Documents, Kept
from jhansi_runner.proxy.mirror.ranges import is_unchanged
from jhansi_runner.proxy.mirror.seen import FirstSeen
from jhansi_runner.proxy.mirror.view import View, view
from jhansi_runner.proxy.policy.release import Needs
from jhansi_runner.proxy.registries.interface import (
    Ask,
    Document,
    Item,
    Listing,
    NothingThere,
    Registry,
    Rendered,
    Source,
    Wanted,
)
from jhansi_runner.proxy.registries.upstreams import NotCached, Upstream, UpstreamFailure

_PAGES = 192 << 20
_MISSED_SECONDS = 60.0
_ADVISED_SECONDS = 15.0
_VIEWS = 64 << 20


@dataclass(frozen=True, slots=True)
class _Page:
    """A listing, what it was made of, and a number that no other has."""

    listing: Listing
    sources: tuple[tuple[Source, Document], ...]
    number: int
    until: float
    """When it is read again in any case: something that is not there now may come to be."""


@dataclass(frozen=True, slots=True)
class _Shown:
    view: View
    rendered: Rendered
    etag: str


class Listings:
    """Answers what is a LISTING, from memory where neither the documents, the policy nor the clock say otherwise."""

    def __init__(self, documents: Documents, artifacts: Artifacts, seen: FirstSeen, clock: Callable[[], float]) -> None:
        self._documents, self._artifacts, self._seen, self._clock = documents, artifacts, seen, clock
        self._pages: Memory[tuple[object, ...], _Page] = Memory(_PAGES, _weight)
        self._views: Memory[tuple[object, ...], _Shown] = Memory(_VIEWS, lambda shown: len(shown.rendered.body) + 512)
        self._numbers = itertools.count()

    async def answer(
        self, registry: Registry, wanted: Wanted, request: Request, asker: Asker, upstream: Upstream
    ) -> Answer:
        """Answer a request. Raises what `Registry.listing` and `Registry.render` raise."""
        needs = asker.policy.needs(registry.type)
        shape = registry.shape(request.header("accept"))
        page, how = await self._page(registry, wanted, upstream, needs, shape, _wants_fresh(request), asker.offline)
        has = (lambda path: self._has(upstream, path)) if asker.offline else None
        ask = Ask(shape, f"{asker.base}/{registry.type}" if asker.base else "", has)
        shown = self._show(registry, wanted, page, ask, asker, upstream)
        denied = shown.view.denied
        if denied is not None and (registry.refused_in_listing or not shown.view.items):
            return denied
        headers = (
            ("content-type", shown.rendered.content_type),
            ("etag", shown.etag),
            ("cache-control", "max-age=0, must-revalidate"),
            *SAFE,
            *shown.rendered.headers,
        )
        body = shown.rendered.body
        answer = Answer(
            200,
            headers,
            body,
            size=len(body),
            purl=page.listing.package.purl,
            cache=how,
            code=WITHHELD if shown.view.withheld else NOT_CACHED if shown.view.lacking else "",
            reason=shown.view.withheld or shown.view.lacking,
            rule=shown.view.rule,
            observed=shown.view.observed,
        )
        unchanged = is_unchanged(request.header("if-none-match"), shown.etag)
        return replace(answer, status=304, body=b"", size=0) if unchanged else answer

    async def _page(
        self,
        registry: Registry,
        wanted: Wanted,
        upstream: Upstream,
        needs: Needs,
        shape: str,
        fresh: bool,
        offline: bool,
    ) -> tuple[_Page, str]:
        """The listing as of now, and how its first document was come by."""
        key = registry.type, wanted.path, upstream, needs, shape
        page = self._pages.get(key)
        if page is not None and self._clock() < page.until and not offline:
            now = [await self._get(source, upstream, fresh, offline) for source, _ in page.sources]
            if all(kept.document.body is before.body for kept, (_, before) in zip(now, page.sources, strict=True)):
                return page, now[0].how if now else "hit"
        used: dict[str, tuple[Source, Kept]] = {}
        missed: list[Source] = []

        async def fetch(source: Source) -> Document:
            try:
                kept = await self._get(source, upstream, fresh, offline)
            except UpstreamFailure:
                missed.append(source)
                raise
            used.setdefault(source.key, (source, kept))
            return kept.document

        try:
            found = await registry.listing(wanted, upstream, fetch, needs, shape)
        except NotCached:
            recalled = registry.listed(wanted, self._artifacts.shelf(upstream)) if offline else None
            if recalled is None or not recalled.items:
                raise
            found = recalled
        listing = self._dated(registry, found, needs, offline)
        sources = tuple((source, kept.document) for source, kept in used.values())
        until = self._clock() + _MISSED_SECONDS if missed else math.inf
        page = _Page(listing, sources, next(self._numbers), until)
        self._pages.keep(key, page)
        return page, next((kept.how for _, kept in used.values()), "hit")

    async def _get(self, source: Source, upstream: Upstream, fresh: bool, offline: bool) -> Kept:
        return await self._documents.get(source, upstream.serves_files, revalidate=fresh, offline=offline)

    def _dated(self, registry: Registry, listing: Listing, needs: Needs, offline: bool) -> Listing:
        """The listing with the second clock's time for what has no date; noted also where no policy asks for it yet."""
        if registry.dated and not needs.dates:
            return listing
        undated = [item for item in listing.items if item.release.published is None]
        if not undated:
            return listing
        releases = [item.release for item in undated]
        dated = self._seen.recall(releases) if offline else self._seen.note(releases, self._clock())
        times = {id(item): release for item, release in zip(undated, dated, strict=True)}
        items = tuple(replace(item, release=times.get(id(item), item.release)) for item in listing.items)
        return replace(listing, items=items)

    def _show(
        self, registry: Registry, wanted: Wanted, page: _Page, ask: Ask, asker: Asker, upstream: Upstream
    ) -> _Shown:
        names = tuple(policy.source for policy in asker.policy.layers)  # refusals name them, digests do not count them
        key = page.number, wanted, asker.policy.digest, names, ask
        now = self._clock()
        known = None if asker.offline else self._views.get(key)
        if known is not None and (known.view.until is None or now < known.view.until):
            return known
        shown = view(page.listing, asker, now, lambda item: self._is_kept(upstream, item))
        shown = replace(shown, until=min(_next_change(asker, now), shown.until or math.inf))
        try:
            rendered = registry.render(wanted, page.listing, shown.items, ask)
        except NothingThere as failure:
            raise NotCached(f"offline, and {failure.args[0]}") if shown.lacking else failure from None
        found = _Shown(shown, rendered, f'"{hashlib.sha256(rendered.body).hexdigest()[:32]}"')
        if not asker.offline:  # what is in the cache changes from one moment to the next
            self._views.keep(key, found)
        return found

    def _is_kept(self, upstream: Upstream, item: Item) -> bool:
        return not item.path or self._has(upstream, item.path)

    def _has(self, upstream: Upstream, path: str) -> bool:
        return self._artifacts.kept(upstream.key(path)) is not None


def _weight(page: _Page) -> int:
    """About what a page takes in memory, in bytes: its documents, what was read of them, and its items."""
    return 4096 + 3 * sum(len(document.body) for _, document in page.sources) + 1024 * len(page.listing.items)


def _next_change(asker: Asker, now: float) -> float:
    """When a policy may say otherwise without having changed: a rule expires, or advisories come in."""
    ends = [end for layer in asker.policy.layers for end in layer.expiries if end > now]
    if any(layer.advisories is not None for layer in asker.policy.layers):
        ends.append(now + _ADVISED_SECONDS)
    return min(ends, default=math.inf)


def _wants_fresh(request: Request) -> bool:
    wanted = request.header("cache-control")
    return "max-age=0" in wanted or "no-cache" in wanted
