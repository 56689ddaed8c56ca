"""How much of the ledger is kept: its newest days, so that nobody's requests can fill the disk for good."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Mapping

DAYS = 90
"""Days of which there is a file; by name and not by the clock, which may be wrong once."""
BYTES = 1 << 30
"""Of all days together. The day at hand stays, however large it is."""
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\.jsonl", re.ASCII)


def excess(sizes: Mapping[str, int], today: str) -> list[str]:
    """The files of whole days that are too many or too much, by their names; `sizes` are in bytes."""
    others = sorted((name for name in sizes if _DAY.fullmatch(name) and name != today), reverse=True)
    room, gone = BYTES - sizes.get(today, 0), []
    for number, name in enumerate(others, 2 if today in sizes else 1):
        room -= sizes[name]
        if number > DAYS or room < 0:
            gone.append(name)
    return gone


def prune(folder: str, today: str) -> None:
    """Remove what is in excess. Where that fails nothing is lost, and nobody is kept from recording."""
    with contextlib.suppress(OSError):
        with os.scandir(folder) as found:
            sizes = {one.name: one.stat(follow_symlinks=False).st_size for one in found}
        for name in excess(sizes, today):
            with contextlib.suppress(OSError):  # another process may have been faster
                os.unlink(os.path.join(folder, name))
