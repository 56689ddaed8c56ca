"""Reads the ledger back: what was refused, for whom, by which rule, how often."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields

from jhansi_runner.proxy.ledger import ALLOW, NUMBERS, WITHHELD, Entry

_FIELDS = frozenset(field.name for field in fields(Entry))
_DAY = 86400.0
_SHOWN_CLIENTS = 5


@dataclass(frozen=True, slots=True)
class Line:
    """What happened to one package, or URL, by one rule. `first` and `last` are in seconds since the epoch.

    `who` are the sandboxes and clients it happened to, the latest first, at most five; `reason` is the last one.
    """

    verdict: str
    what: str
    code: str
    rule: str
    reason: str
    count: int
    first: float
    last: float
    who: tuple[str, ...]


def entries(folder: str, since: float, until: float | None = None) -> Iterator[Entry]:
    """The entries of a ledger within a time, oldest first; lines that are torn or not ours are passed over."""
    day = since
    last = math.inf if until is None else until  # not the time it is: that of an entry was rounded, perhaps up
    while day < (time.time() if until is None else until) + _DAY:
        path = os.path.join(folder, time.strftime("%Y-%m-%d", time.gmtime(day)) + ".jsonl")
        day += _DAY
        try:
            file = open(path, encoding="ascii", errors="replace")  # noqa: SIM115
        except FileNotFoundError:
            continue
        with file:
            for line in file:
                entry = entry_of(line)
                if entry is not None and since <= entry.time <= last:
                    yield entry


def entry_of(line: str) -> Entry | None:
    """The entry of a line of the ledger; None for one that is torn or not ours."""
    try:
        row = json.loads(line)
        given = {name: value for name, value in row.items() if name in _FIELDS}
        entry = Entry(**given)
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None
    sound = all(isinstance(value, int | float if name in NUMBERS else str) for name, value in given.items())
    return entry if sound else None


def summary(found: Iterable[Entry], *, everything: bool = False) -> list[Line]:
    """The entries in groups by package, code and rule, the latest group first.

    Without `everything` only what was refused, would have been (observe), or was withheld from an index.
    """
    groups: dict[tuple[str, str, str, str], Line] = {}
    for entry in found:
        if not everything and entry.verdict == ALLOW and entry.code != WITHHELD:
            continue
        what = entry.purl or entry.url
        key = entry.verdict, what, entry.code, entry.rule
        before = groups.get(key)
        who = entry.client or entry.sandbox or entry.run
        others = tuple(one for one in (before.who if before else ()) if one != who)
        groups[key] = Line(
            entry.verdict,
            what,
            entry.code,
            entry.rule,
            entry.reason or (before.reason if before else ""),
            (entry.times or 1) + (before.count if before else 0),
            min(before.first, entry.time) if before else entry.time,
            max(before.last, entry.time) if before else entry.time,
            (*((who,) if who else ()), *others)[:_SHOWN_CLIENTS],
        )
    return sorted(groups.values(), key=lambda line: -line.last)
