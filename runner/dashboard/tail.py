"""The end of what a run printed, within bounds that no program can push."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from jhansi_runner.runner.dashboard import words
from jhansi_runner.runner.sandboxes.model import Event

MOST_LINES, MOST_CHARACTERS = 2000, 256 << 10
OUT, ERR, NOTE = "stdout", "stderr", "note"
_AGAIN = "\n[the program is run again, with more packages]\n"
_JOINED = 4096
_MOST_PIECES = 4000
"""A program that changes streams with each character would have a page of markup."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some text of one stream, ready to be escaped. `stream` is stdout, stderr or note, which is ours."""

    stream: str
    text: str


@dataclass(frozen=True, slots=True)
class Tail:
    """What is shown of the output. `cut` tells that there was more before."""

    pieces: tuple[Piece, ...] = ()
    cut: bool = False


class Keeper:
    """Takes events in, and keeps the last of their output: at most so many lines, and characters."""

    def __init__(self, lines: int = MOST_LINES, characters: int = MOST_CHARACTERS) -> None:
        self._most_lines, self._most_characters = lines, characters
        self._pieces: deque[Piece] = deque()
        self._lines = self._size = 0
        self._cut = False

    def add(self, event: Event) -> None:
        """Take one event in; those that bring no output change nothing."""
        if event.name == "again":
            self.put(NOTE, _AGAIN)
        elif event.name == "output":
            text = event.data.get("text")
            self.put(ERR if event.data.get("stream") == ERR else OUT, text if isinstance(text, str) else "")

    def put(self, stream: str, text: str) -> None:
        """Take a text in."""
        kept = _end(text, self._most_lines, self._most_characters)
        self._cut |= len(kept) < len(text)
        last = self._pieces[-1] if self._pieces else None
        if last is not None and last.stream == stream and len(last.text) + len(kept) <= _JOINED:
            self._pieces[-1] = Piece(stream, last.text + kept)
        elif kept:
            self._pieces.append(Piece(stream, kept))
        self._size += len(kept)
        self._lines += kept.count("\n")
        while self._is_too_much():
            gone = self._pieces.popleft()
            self._size -= len(gone.text)
            self._lines -= gone.text.count("\n")
            self._cut = True

    def _is_too_much(self) -> bool:
        too_long = self._lines > self._most_lines or self._size > self._most_characters
        return too_long or len(self._pieces) > _MOST_PIECES

    def take(self) -> Tail:
        """What is kept, with all that cannot be seen shown by its code; then it is empty again."""
        found = Tail(tuple(Piece(one.stream, words.output(one.text)) for one in self._pieces), self._cut)
        self._pieces.clear()
        self._lines = self._size = 0
        self._cut = False
        return found


def _end(text: str, lines: int, characters: int) -> str:
    text = text[-characters:]
    return text if text.count("\n") <= lines else "\n".join(text.rsplit("\n", lines + 1)[1:])
