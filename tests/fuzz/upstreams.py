"""An upstream that gives one document, for reading it as the mirror does."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from jhansi_runner.proxy.policy.release import Needs
from jhansi_runner.proxy.registries.interface import Ask, Document, Item, Listing, Registry, Rendered, Source, Wanted
from jhansi_runner.proxy.registries.upstreams import Upstream, UpstreamFailure

T = TypeVar("T")
HOST, PUBLIC, FILES = "index.test", "public.test", "files.test"
BASE = "http://127.0.0.1:8080"
_NOTHING = Needs()
_LOOP = asyncio.new_event_loop()


def upstream(type_: str, public: str = PUBLIC) -> Upstream:
    """An operator's upstream that nobody dials."""
    return Upstream(type_, f"https://{HOST}/", public, frozenset([FILES]))


@dataclass(frozen=True, slots=True)
class OneDocument:
    """Gives the same bytes for every source that `ends` so, and has nothing else."""

    body: bytes
    content_type: str = ""
    ends: str = ""
    modified: str = ""

    async def __call__(self, source: Source) -> Document:
        """As `Fetch`: what the registry says is not worth keeping is a failure."""
        if not source.url.endswith(self.ends):
            raise UpstreamFailure(f"there is no {source.url}", 404, absent=True)
        document = Document(source.url, 200, self.content_type, "", 0.0, self.body, self.modified)
        source.check(document)
        return document


def result(running: Coroutine[Any, Any, T]) -> T:
    """What a coroutine returns."""
    return _LOOP.run_until_complete(running)


def read(registry: Registry, path: str, fetch: OneDocument, needs: Needs = _NOTHING, shape: str = "") -> Listing:
    """The listing at a path. Raises what `Registry.listing` raises."""
    wanted = registry.route(path)
    assert wanted is not None
    return result(registry.listing(wanted, upstream(registry.type), fetch, needs, shape))


def shown(registry: Registry, path: str, listing: Listing, items: tuple[Item, ...], shape: str, base: str) -> Rendered:
    """A listing with some of its items."""
    wanted = registry.route(path)
    assert wanted is not None
    return registry.render(wanted, listing, items, Ask(shape, f"{base}/{registry.type}" if base else ""))


def items_are_sound(registry: Registry, listing: Listing) -> None:
    """What a listing names is of its package, and what it says can be asked for is that."""
    for item in listing.items:
        release = item.release
        assert release.coordinate.at(None) == listing.package
        assert release.published is None or isinstance(release.published, float)
        assert release.size is None or release.size >= 0
        found: Wanted | None = registry.route(item.path) if item.path else None
        if found is not None:
            assert found.path == item.path
            assert found.package is None or found.package.at(None) == listing.package
