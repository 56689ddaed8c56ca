"""What is cached, for the page: counted row by row, with rests, since the same process serves meanwhile."""

from __future__ import annotations

import heapq
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jhansi_runner.proxy.cache.store import Artifact, Store
from jhansi_runner.proxy.team.page import Kept, Recent

_ROWS = 50
_TURN_SECONDS = 0.005
_REST_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Tally:
    """What is cached by registry, and what came in last."""

    kept: Sequence[Kept]
    recent: Sequence[Recent]


def tally(store: Store, rest: Callable[[float], None] = time.sleep) -> Tally:
    """Count the artifacts. Reads every row of theirs, and rests most of the time."""
    counts, sizes = Counter[str](), Counter[str]()
    packages: dict[str, set[str]] = {}
    latest: list[tuple[float, int, Artifact]] = []
    turn = time.monotonic() + _TURN_SECONDS
    for number, (_, one) in enumerate(store.artifacts()):
        kind = one.purl.removeprefix("pkg:").partition("/")[0]
        counts[kind] += 1
        sizes[kind] += one.size
        packages.setdefault(kind, set()).add(one.purl.rpartition("@")[0])
        (heapq.heappush if len(latest) < _ROWS else heapq.heappushpop)(latest, (one.stored, number, one))
        if time.monotonic() > turn:
            rest(_REST_SECONDS)
            turn = time.monotonic() + _TURN_SECONDS
    return Tally(
        [Kept(kind, len(packages[kind]), counts[kind], sizes[kind]) for kind in sorted(counts)],
        [Recent(one.purl, one.filename, one.size, one.stored) for _, _, one in sorted(latest, reverse=True)],
    )
