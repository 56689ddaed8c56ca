"""What we say to the user: on stderr, one line a thought, never on the program's stdout."""

from __future__ import annotations

import os
import sys

PREFIX = "jhansi-runner: "


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
    """What goes on right now, redrawn on a terminal; elsewhere nothing, since `say` tells the steps."""

    def __init__(self) -> None:
        self._live = sys.stderr is not None and os.isatty(2) and os.environ.get("TERM") != "dumb"
        self._shown = False

    def show(self, text: str) -> None:
        """Show one line in place of the last."""
        if self._live:
            width = os.get_terminal_size(2).columns if os.isatty(2) else 80
            os.write(2, f"\r\x1b[K{PREFIX}{text}"[: width + 4].encode("utf-8", "backslashreplace"))
            self._shown = True

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            os.write(2, b"\r\x1b[K")
            self._shown = False
