"""What this process has open, to tell what was left open from what somebody else closed meanwhile."""

from __future__ import annotations

import contextlib
import os


def descriptors() -> set[tuple[str, str]]:
    """The numbers of what is open, and what each leads to.

    Compare with `<=`: the garbage of earlier tests may close what they left, at any time.
    """
    found = set()
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):  # that of the listing itself
            found.add((name, os.readlink(f"/proc/self/fd/{name}")))
    return found
