"""The ledger: one line for every request that reached the gate or the mirror.

Lines are JSON objects in one file a day, appended whole, so that a kill loses at most the line being written. With each
new day, and with each start, the oldest days go that are too many (`retention.py`).
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from operator import attrgetter

from jhansi_runner.proxy.retention import prune

ALLOW, DENY, FAULT, OBSERVED = "allow", "deny", "fault", "observe"
WITHHELD = "JR-WITHHELD"
"""The code of an index that was shown, of which the policy withholds versions, or all: then none can be fetched."""
NOT_CACHED = "JR-NOT-CACHED"
"""Offline, the code of what is not in the cache, and of an index that was shown without the versions that are not."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One request and what became of it.

    `plane` is gate or mirror; `verdict` is allow, deny, fault (the upstream's or ours) or observe (what the policy
    would refuse if it did not observe); `cache` is hit, miss, stale, revalidated or ""; `size` is in bytes; `client` is
    the address of one that is no run; `rule` is `policy.yaml:12` or ""; `time` is in seconds since the epoch; `times`
    is how many requests the entry stands for, 0 for one.
    """

    plane: str
    verdict: str
    method: str
    url: str
    run: str = ""
    sandbox: str = ""
    phase: str = ""
    purl: str = ""
    code: str = ""
    reason: str = ""
    rule: str = ""
    status: int = 0
    size: int = 0
    cache: str = ""
    time: float = 0.0
    client: str = ""
    times: int = 0


NUMBERS = frozenset(["status", "size", "time", "times"])
"""The fields that are no text."""
# Every request pays for its line: with `asdict`, `replace` and `dumps` it took as long as all the rest of a hit.
_NAMES = tuple(name for name in Entry.__dataclass_fields__ if name != "time")
_KEYS = tuple(f'"{name}":' for name in _NAMES)
_VALUES = attrgetter(*_NAMES)
_ENCODE = json.JSONEncoder(ensure_ascii=True, check_circular=False, separators=(",", ":")).encode


def _pairs(entry: Entry) -> list[str]:
    """What is known, as JSON; numbers by themselves, since the encoder is slow on those."""
    values = zip(_KEYS, _VALUES(entry), strict=True)
    return [key + (_ENCODE(value) if isinstance(value, str) else repr(value)) for key, value in values if value]


class Ledger:
    """Appends entries to the file of the day, and tells whoever listens."""

    def __init__(self, folder: str, clock: Callable[[], float] = time.time) -> None:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        self._folder, self._clock = folder, clock
        self._day, self._descriptor = -1, -1
        self._torn = False
        self._listeners: list[Callable[[Entry], None]] = []

    def listen(self, listener: Callable[[Entry], None]) -> None:
        """Have every later entry told to a function."""
        self._listeners.append(listener)

    def now(self) -> float:
        """The time, as it is written into entries."""
        return round(self._clock(), 3)

    def record(self, entry: Entry) -> None:
        """Append an entry, with the time it is now unless it has one. Raises OSError when it is not there whole."""
        now = entry.time or self.now()
        line = f'{{{",".join(_pairs(entry))},"time":{now!r}}}\n'
        descriptor = self._file(now)
        if self._torn:
            line = "\n" + line
        self._append(descriptor, line.encode("ascii"))
        if self._listeners:
            dated = entry if entry.time else replace(entry, time=now)
            for listener in self._listeners:
                listener(dated)

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = self._day = -1

    def _append(self, descriptor: int, line: bytes) -> None:
        while line:  # a full disk takes a part first, and says so when it is given the rest
            line = line[os.write(descriptor, line) :]
            self._torn = bool(line)

    def _file(self, now: float) -> int:
        day = int(now // 86400)
        if day != self._day:
            self.close()
            name = time.strftime("%Y-%m-%d", time.gmtime(now))
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
            self._descriptor = os.open(f"{self._folder}/{name}.jsonl", flags, 0o600)
            self._day = day
            prune(self._folder, f"{name}.jsonl")
            size = os.fstat(self._descriptor).st_size
            self._torn = size > 0 and os.pread(self._descriptor, 1, size - 1) != b"\n"
        return self._descriptor
