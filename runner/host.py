"""Find the host's bubblewrap.

On the path of every run, so it only looks at PATH. What is wrong with a host is worked out in
`host_diagnosis.py`, and only after bwrap has failed.
"""

from __future__ import annotations

import os

# `--disable-userns` came with 0.8.0 and `--size` with 0.7.0.
BWRAP_MINIMUM = (0, 8, 0)

_SETUID = 0o4000


def find_bwrap(path_env: str) -> str | None:
    """The absolute path of the first executable `bwrap` on `path_env` (the value of PATH), or None.

    Relative and empty entries are passed over: they would mean whatever lies in the current directory.
    """
    for folder in path_env.split(":"):
        candidate = folder + "/bwrap"
        if folder.startswith("/") and os.access(candidate, os.X_OK) and not os.path.isdir(candidate):
            return candidate
    return None


def parse_version(output: str) -> tuple[int, int, int] | None:
    """The version in what `bwrap --version` prints, such as `bubblewrap 0.11.1`; None if it is not that."""
    words = output.split()
    if len(words) < 2 or words[0] != "bubblewrap":
        return None
    numbers = [int(part) for part in words[1].split(".") if part.isascii() and part.isdigit()]
    return (numbers[0], numbers[1], (*numbers, 0)[2]) if len(numbers) >= 2 else None


def is_setuid(status: os.stat_result) -> bool:
    """Whether a bwrap with this status runs as its owner; its namespaces would then be root's, not ours."""
    return bool(status.st_mode & _SETUID)
