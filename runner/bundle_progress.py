"""How far a bundle is, on stderr: redrawn on a terminal, elsewhere a line now and then."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from jhansi_runner.proxy.policy.sizes import size_text
from jhansi_runner.runner.console import PREFIX, say

_LIVE_SECONDS, _QUIET_SECONDS, _LONGEST_QUIET_SECONDS = 0.5, 15.0, 240.0


class Moving:
    """Tells how many bytes went by, from `with` to its end. `clock` is in seconds."""

    def __init__(self, doing: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._doing, self._clock = doing, clock
        self._live = sys.stderr is not None and os.isatty(2) and os.environ.get("TERM") != "dumb"
        self._patience = _LIVE_SECONDS if self._live else _QUIET_SECONDS
        self._began = self._said = clock()
        self._size = 0
        self._shown = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown:
            os.write(2, b"\r\x1b[K")

    def add(self, size: int) -> None:
        """So many bytes more."""
        self._size += size
        now = self._clock()
        if now - self._said < self._patience:
            return
        self._said = now
        words = f"{self._doing}: {size_text(self._size)} read and compared, {now - self._began:.0f} s"
        if self._live:
            os.write(2, f"\r\x1b[K{PREFIX}{words}".encode())
            self._shown = True
        else:
            self._patience = min(2 * self._patience, _LONGEST_QUIET_SECONDS)
            say(words)
