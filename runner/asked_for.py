"""What others asked a mirror that is offline for and did not get: out of the ledger, as `cache warm` takes it.

Only clients know whether they failed, and which version they wanted. So a package of which somebody was shown some
versions, and then fetched none, is listed without a version.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.ledger import Entry
from jhansi_runner.proxy.registries.all import registries
from jhansi_runner.proxy.shortage import shortage
from jhansi_runner.runner.kept import opened
from jhansi_runner.runner.warm.lists import line_of
from jhansi_runner.runner.warm.wants import Exact, Open, Want

_MOST_CLIENTS = 3


@dataclass(frozen=True, slots=True)
class AskedFor:
    """One want, the clients or sandboxes that had it, and when it was asked for last, in seconds since the epoch."""

    want: Want
    who: tuple[str, ...]
    last: float

    @property
    def line(self) -> str:
        """Its line of the list."""
        when = time.strftime("%Y-%m-%d %H:%M", time.gmtime(self.last))
        return line_of(self.want, f"asked for by {', '.join(self.who)}, last at {when}")


def asked_for(entries: Iterable[Entry], cache: str) -> Sequence[AskedFor]:
    """What is missing in the cache until now, by package."""
    by_client: dict[str, list[Entry]] = {}
    for entry in entries:
        by_client.setdefault(entry.client or entry.run, []).append(entry)
    found: dict[Coordinate, AskedFor] = {}
    with opened(cache) as kept:
        for own in by_client.values():
            missed = shortage(own, registries())
            both = (*missed.coordinates, *missed.partly)
            for one in (each for each in both if each.version or kept.is_needed(each, missed, ())):
                before = found.get(one)
                last = max(own[-1].time, before.last if before else 0.0)
                if one.version in kept.versions(one.at(None)) if one.version else kept.latest(one) > last:
                    continue  # it has come since
                who = dict.fromkeys((*(before.who if before else ()), own[-1].client or own[-1].sandbox or own[-1].run))
                want: Want = Exact(one, "") if one.version else Open(one, "", "")
                found[one] = AskedFor(want, tuple(who)[:_MOST_CLIENTS], last)
    return [found[one] for one in sorted(found, key=lambda one: one.purl)]
