"""The end of the ledger, for the page: what was refused lately, at a cost that has a limit."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass

from jhansi_runner.proxy.history import Line, entry_of, summary
from jhansi_runner.proxy.ledger import ALLOW, FAULT, WITHHELD

MOST_BYTES = 8 << 20
MOST_LINES = 20_000
_DAY = 86400.0
_DAYS = 7
_LET_IN = f'"verdict":"{ALLOW}"'.encode()  # within a text of JSON's, the quotes have a backslash
_WITHHELD = WITHHELD.encode()


@dataclass(frozen=True, slots=True)
class Refused:
    """What was refused, and what failed, in the last seven days.

    `cut` tells that the ledger was too long to be read in full.
    """

    lines: Sequence[Line] = ()
    failed: Sequence[Line] = ()
    cut: bool = False


def refused(folder: str, now: float, most_bytes: int = MOST_BYTES, most_lines: int = MOST_LINES) -> Refused:
    """Read a ledger from its end: at most so many bytes of it, and at most so many lines that tell of a refusal.

    `now` is in seconds since the epoch.
    """
    found: list[bytes] = []
    cut = False
    for age in range(_DAYS + 1):
        day = time.strftime("%Y-%m-%d", time.gmtime(now - age * _DAY))
        data, whole = end_of(os.path.join(folder, f"{day}.jsonl"), most_bytes)
        most_bytes -= len(data)
        found = [line for line in io.BytesIO(data) if _counts(line)] + found
        cut = not whole or len(found) > most_lines
        if cut:
            break
    read = (entry_of(line.decode("ascii", "replace")) for line in found[-most_lines:])
    since = now - _DAYS * _DAY
    lines = summary(entry for entry in read if entry is not None and since <= entry.time <= now)
    failed = [line for line in lines if line.verdict == FAULT]
    return Refused(_told_once([line for line in lines if line.verdict != FAULT]), failed, cut)


def _told_once(lines: Sequence[Line]) -> list[Line]:
    """Without what was withheld where the same was refused as a file, in the same words."""
    refused = {(line.what, line.reason) for line in lines if line.code != WITHHELD}
    return [line for line in lines if line.code != WITHHELD or (line.what, line.reason) not in refused]


def _counts(line: bytes) -> bool:
    return _LET_IN not in line or _WITHHELD in line


def end_of(path: str, most: int) -> tuple[bytes, bool]:
    """The last lines of a file of the ledger, in at most so many bytes, and whether they are all of it."""
    try:
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - most))
            data = file.read(min(size, most))
    except FileNotFoundError:
        return b"", True
    return (data, True) if size <= most else (data.partition(b"\n")[2], False)
