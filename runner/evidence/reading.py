"""Reading the journal while others write to it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
from collections.abc import Iterator

from jhansi_runner.runner.journal import JOURNAL, RUNNING, WRITING, lock, read_head


def opened(folder: str) -> int:
    """The journal, open for reading. Raises OSError."""
    return os.open(f"{folder}/{JOURNAL}", os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)


@contextlib.contextmanager
def quiet(file: int) -> Iterator[None]:
    """Keep writers out: journal and head agree, if nobody was killed or changed them."""
    lock(file, fcntl.F_OFD_SETLKW, fcntl.F_RDLCK, WRITING)
    try:
        yield
    finally:
        lock(file, fcntl.F_OFD_SETLK, fcntl.F_UNLCK, WRITING)


def snapshot(folder: str) -> tuple[bytes, tuple[int, str, int] | None]:
    """The whole journal with its head; nothing where no run was ever recorded. Raises OSError."""
    try:
        file = opened(folder)
    except FileNotFoundError:
        return b"", read_head(folder)
    with open(file, "rb") as journal, quiet(file):
        return journal.read(), read_head(folder)


def is_running(file: int, number: int) -> bool:
    """Whether the run that began with this record still goes on."""
    answer: int = struct.unpack_from("h", lock(file, fcntl.F_OFD_GETLK, fcntl.F_WRLCK, RUNNING + number))[0]
    return answer != fcntl.F_UNLCK
