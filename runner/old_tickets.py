"""How many tickets are kept: each program in each workspace has one, and nothing else takes them away."""

from __future__ import annotations

import contextlib
import os

MOST = 4096


def prune(folder: str, most: int = MOST) -> None:
    """Remove the older half when there are too many, by when they were made: a ticket that is missed is made anew.

    Where that fails nothing is lost, and nobody is kept from running.
    """
    with contextlib.suppress(OSError):
        if len(os.listdir(folder)) <= most:
            return
        with os.scandir(folder) as entries:
            made = sorted((entry.stat(follow_symlinks=False).st_mtime_ns, entry.path) for entry in entries)
        for _, path in made[: len(made) - most // 2]:
            with contextlib.suppress(OSError):  # another run may have been faster
                os.unlink(path)
