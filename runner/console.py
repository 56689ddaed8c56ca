"""What we say to the user: on stderr, one line a thought, never on the program's stdout."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable

PREFIX = "jhansi-runner: "
_QUIET_SECONDS, _BUILD_QUIET_SECONDS = 15.0, 3.0
_LONGEST_QUIET_SECONDS = 240.0


def shown(text: str) -> str:
    """A text with its control characters shown, so that a terminal does not obey them. Lines are told apart too."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def say(text: str) -> None:
    """Say one line; control characters in it are shown, not obeyed. A closed stderr is not an error."""
    try:
        os.write(2, (PREFIX + shown(text) + "\n").encode("utf-8", "backslashreplace"))
    except OSError:
        pass


def counted(number: int, noun: str) -> str:
    """A number of things, in words: `1 package`, `2 packages`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


class Progress:
    """What goes on right now: redrawn every second on a terminal, elsewhere a line now and then, ever more rarely.

    `coming` tells how many bytes are on their way, where something may come; `doing` says what goes on where nothing
    may. `clock` is in seconds.
    """

    def __init__(
        self, coming: Callable[[], int] = lambda: 0, clock: Callable[[], float] = time.monotonic, *, doing: str = ""
    ) -> None:
        self._live = sys.stderr is not None and os.isatty(2) and os.environ.get("TERM") != "dumb"
        self._shown = False
        self._coming, self._clock, self._doing = coming, clock, doing
        self._files, self._bytes, self._last = 0, 0, ""
        self._patience = _BUILD_QUIET_SECONDS if doing else _QUIET_SECONDS
        self._began = self._said = clock()

    def begin(self) -> None:
        """A step begins."""
        self._files, self._bytes, self._last = 0, 0, ""
        self._began = self._said = self._clock()
        self._patience = _BUILD_QUIET_SECONDS if self._doing else _QUIET_SECONDS

    def add(self, what: str, size: int) -> None:
        """Something came in, of so many bytes."""
        self._files, self._bytes, self._last = self._files + 1, self._bytes + size, what
        self._show()

    def tick(self) -> None:
        """About a second has passed."""
        self._show()
        if not self._live and self._clock() - self._said >= self._patience:
            self._said = self._clock()
            self._patience = min(max(2 * self._patience, _QUIET_SECONDS), _LONGEST_QUIET_SECONDS)
            say(self._summary() if self._doing else f"still at it: {self._summary()}")

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            os.write(2, b"\r\x1b[K")
            self._shown = False

    def _show(self) -> None:
        if self._live:
            width = os.get_terminal_size(2).columns or 80
            text = f"{PREFIX}{self._summary()}"[: width - 1]
            os.write(2, f"\r\x1b[K{text}".encode("utf-8", "backslashreplace"))
            self._shown = True

    def _summary(self) -> str:
        if self._doing:
            return f"{self._doing}: {self._clock() - self._began:.0f} s"
        coming = self._coming()
        parts = [f"{self._clock() - self._began:.0f} s, {counted(self._files, 'file')}, {self._bytes / 1e6:.1f} MB"]
        parts += [f"{coming / 1e6:.1f} MB more are on their way"] if coming else []
        parts += [f"last {shown(self._last)}"] if self._last else []
        if not coming and self._clock() - self._began > _QUIET_SECONDS:
            parts.append(
                "nothing is being fetched: the installer is at work, a package may be compiled, or an upstream is slow"
            )
        return "; ".join(parts)
