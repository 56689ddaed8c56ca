"""What a program keeps waiting is waited for in small steps, not for long, and not twice."""

from __future__ import annotations

import threading
from collections.abc import Callable

from jhansi_runner.runner.limits.patience import Patience


def waited(patience: Patience, pid: str, read: Callable[[], bytes]) -> bytes | None:
    steps = patience.wait(pid, read)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found: bytes | None = end.value
            return found


def test_what_can_be_read_is() -> None:
    patience = Patience()
    assert [waited(patience, "2", lambda: b"text"), waited(patience, "2", lambda: b"")] == [b"text", b""]


def test_who_keeps_a_read_waiting_is_read_again_when_it_has_ended() -> None:
    patience, locked, begun = Patience(), threading.Event(), []

    def read() -> bytes:
        begun.append(1)
        locked.wait()
        return b"late"

    assert [waited(patience, "2", read) for _ in range(3)] == [None] * 3
    assert begun == [1] and patience.is_kept_by("2") and not patience.is_kept_by("3")
    assert waited(patience, "3", lambda: b"other") == b"other"
    locked.set()
    while patience.is_kept_by("2"):
        pass
    assert waited(patience, "2", read) == b"late"
