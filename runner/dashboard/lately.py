"""What was decided in the last seven days, and which line of a policy file decided it.

By the end of the ledger, and by the latest runs: what is refused for its name alone is asked of nobody.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.history import entry_of
from jhansi_runner.proxy.ledger import ALLOW, DENY, OBSERVED, WITHHELD, Entry
from jhansi_runner.proxy.paths import Paths
from jhansi_runner.proxy.policy.model import Policy
from jhansi_runner.proxy.policy.names import decide
from jhansi_runner.proxy.team.latest import end_of
from jhansi_runner.runner.evidence.refusals import runs_since, with_runs

MOST_BYTES, _MOST_RUNS = 32 << 20, 20_000
_DAYS, _DAY = 7, 86400.0


@dataclass(frozen=True, slots=True)
class Lately:
    """Entries of the ledger, oldest first. `cut` tells that there are more."""

    entries: Sequence[Entry]
    cut: bool


def lately(folder: str, now: float, most: int = MOST_BYTES) -> Lately:
    """The last seven days of a ledger, at most so many bytes of it. `now` is in seconds since the epoch."""
    found: list[Entry] = []
    for age in range(_DAYS + 1):
        day = time.strftime("%Y-%m-%d", time.gmtime(now - age * _DAY))
        data, whole = end_of(os.path.join(folder, f"{day}.jsonl"), most)
        most -= len(data)
        read = (entry_of(line.decode("ascii", "replace")) for line in data.splitlines())
        found = [one for one in read if one is not None and one.time >= now - _DAYS * _DAY] + found
        if not whole:
            return Lately(found, True)
    return Lately(found, False)


def with_refusals(past: Lately, folders: Paths, now: float) -> Lately:
    """The same with what was refused to runs without a request, as far back as the entries go. Raises OSError."""
    began = now - _DAYS * _DAY if not past.cut else past.entries[0].time if past.entries else now
    runs = list(runs_since(folders, began, _MOST_RUNS))
    every = with_runs(past.entries, runs)
    return Lately(sorted(every, key=lambda entry: entry.time), past.cut or len(runs) == _MOST_RUNS)


@dataclass(slots=True)
class Count:
    """What one line decided, in requests."""

    verdicts: Counter[str] = field(default_factory=Counter)
    last: float | None = None


def by_line(entries: Iterable[Entry], layers: Sequence[Policy], now: float) -> dict[str, Count]:
    """What each line decided, by file and line.

    The ledger says which line refused. Which one let something in it does not say: that is asked of the files as they
    are now.
    """
    found: dict[str, Count] = {}
    allowing: dict[str, tuple[str, ...]] = {}
    for entry in entries:
        times = entry.times or 1
        if entry.rule:
            count = found.setdefault(entry.rule, Count())
            count.verdicts[WITHHELD if entry.code == WITHHELD else entry.verdict] += times
            if entry.verdict in (DENY, OBSERVED):
                count.last = entry.time
        elif entry.verdict == ALLOW and entry.plane == "mirror" and entry.purl:
            if entry.purl not in allowing:
                allowing[entry.purl] = _allowing(entry.purl, layers, now)
            for where in allowing[entry.purl]:
                found.setdefault(where, Count()).verdicts[ALLOW] += times
    return found


def _allowing(purl: str, layers: Sequence[Policy], now: float) -> tuple[str, ...]:
    """The lines that let a package in, one of each file; none where a file has changed its mind."""
    try:
        coordinate = Coordinate.parse(purl)
    except ValueError:
        return ()
    decisions = [decide(policy, coordinate, now) for policy in layers]
    return tuple(one.where for one in decisions) if all(one.allowed for one in decisions) else ()
