"""What must stay in the cache: what stored sets were installed from, and whatever else is pinned.

A pin is a text in the folder of the state that names files by their sha256, in hex: the lock of a stored set, the list
of what it was made from, the lock that a request was resolved to, or any file in `pins/`, whoever wrote it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

_SHA256 = re.compile(rb"(?<![0-9a-fA-F])[0-9a-f]{64}(?![0-9a-fA-F])")


def pinned(state: str) -> frozenset[str]:
    """The files that are pinned. Raises OSError when a pin is there and cannot be read: then nothing may go."""
    found: set[str] = set()
    for path in _pins(state):
        try:
            with open(path, "rb") as file:
                found.update(match.decode() for match in _SHA256.findall(file.read()))
        except (FileNotFoundError, NotADirectoryError):  # it was taken away meanwhile, or is something else
            continue
    return frozenset(found)


def _pins(state: str) -> Iterator[str]:
    for name in _names(f"{state}/sets"):
        yield from _of_set(f"{state}/sets/{name}")
    for sandbox in _names(f"{state}/private"):
        for name in _names(f"{state}/private/{sandbox}"):
            yield from _of_set(f"{state}/private/{sandbox}/{name}")
    for folder in ("requests", "pins"):
        for name in _names(f"{state}/{folder}"):
            yield f"{state}/{folder}/{name}"


def _of_set(folder: str) -> Iterator[str]:
    """Its lock, and the files that the mirror handed out for it: not every lock names them by sha256."""
    yield from (f"{folder}/lock.txt", f"{folder}/artifacts.txt")


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
