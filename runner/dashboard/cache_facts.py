"""What the cache holds, by registry, and what came in last."""

from __future__ import annotations

import heapq
from collections.abc import Mapping

from jhansi_runner.proxy.cache import contents
from jhansi_runner.proxy.cache.artifacts import ArtifactFiles
from jhansi_runner.proxy.cache.contents import Part
from jhansi_runner.proxy.cache.store import Store
from jhansi_runner.runner.cache_words import uses
from jhansi_runner.runner.dashboard.facts import Arrival, CacheFacts, Shelf
from jhansi_runner.runner.dashboard.lately import Lately

_ARRIVALS = 20


def cache_facts(store: Store, files: ArtifactFiles, past: Lately) -> CacheFacts:
    """All of it. Reads every row."""
    stats, used = contents.stats(store, files), uses(past.entries)
    latest = heapq.nlargest(_ARRIVALS, (one for _, one in store.artifacts()), key=lambda one: one.stored)
    return CacheFacts(
        files.folder,
        stats.size,
        tuple(_shelf(name, stats.parts.get(name), used.get(name, {})) for name in sorted({*stats.parts, *used})),
        tuple(Arrival(one.purl, one.filename, one.size, one.stored) for one in latest),
        stats.incoming,
        stats.incoming_size,
        stats.quarantined,
        stats.quarantined_size,
        past.cut,
    )


def _shelf(name: str, part: Part | None, used: Mapping[str, int]) -> Shelf:
    held = part or Part(0, 0, 0, 0, 0)
    return Shelf(
        name,
        held.packages,
        held.artifacts,
        held.size,
        held.documents,
        held.documents_size,
        used.get("hit", 0),
        used.get("miss", 0),
    )
