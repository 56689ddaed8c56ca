"""How much load: a little in the suite, all of it with `JHANSI_LOAD=full`."""

from __future__ import annotations

import os

FULL = os.environ.get("JHANSI_LOAD") == "full"


def sized(small: int, full: int) -> int:
    """A number of repeats."""
    return full if FULL else small
