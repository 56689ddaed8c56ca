"""What the cache knows of a package's releases, without asking anybody: for whoever wants a decision explained."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Mapping, Sequence

from jhansi_runner.proxy.cache.releases import release_of
from jhansi_runner.proxy.cache.store import Store
from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.mirror.documents import Documents
from jhansi_runner.proxy.mirror.seen import FirstSeen
from jhansi_runner.proxy.mirror.upstream_client import UpstreamClient
from jhansi_runner.proxy.policy.release import Needs, Release
from jhansi_runner.proxy.registries.all import registries
from jhansi_runner.proxy.registries.interface import Kind, Malformed, NothingThere
from jhansi_runner.proxy.registries.upstreams import Upstream, UpstreamFailure

_EVERYTHING = Needs(dates=True, licences=True)


def releases(cache: str, upstreams: Mapping[str, Upstream], coordinate: Coordinate) -> Sequence[Release]:
    """The releases of a package, or of one version of it: those that were fetched, then those that a listing names."""
    if not os.path.isdir(cache) or coordinate.type not in upstreams:
        return ()
    store = Store(cache)
    try:
        kept = [release_of(artifact) for _, artifact in store.artifacts()]
        listed = asyncio.run(_listed(store, upstreams[coordinate.type], coordinate))
        found: dict[tuple[str | None, str], Release] = {}
        for release in [*kept, *listed]:
            one = release.coordinate
            if one.at(None) == coordinate.at(None) and coordinate.version in (None, one.version):
                found.setdefault((one.version, release.filename or release.identity), release)
        return FirstSeen(store).recall(found.values())
    finally:
        store.close()


async def _listed(store: Store, upstream: Upstream, coordinate: Coordinate) -> list[Release]:
    registry = registries()[coordinate.type]
    wanted = registry.route(registry.listing_path(coordinate))
    if wanted is None or wanted.kind is not Kind.LISTING:
        return []
    client = UpstreamClient()  # for its type: offline it is not used
    try:
        fetch = Documents(store, client).fetching(upstream.serves_files, offline=True)
        wants = (_EVERYTHING, Needs(dates=True), Needs())  # as much as was asked for before
        for needs, shape in itertools.product(wants, registry.shapes):
            try:
                listing = await registry.listing(wanted, upstream, fetch, needs, shape)
            except (UpstreamFailure, NothingThere, Malformed):
                continue
            return [item.release for item in listing.items]
        return []
    finally:
        await client.close()
