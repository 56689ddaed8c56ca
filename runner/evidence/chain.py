"""Whether the journal is as it was written: each line against the one before, and the last against the head.

It finds whatever was changed by somebody who did not write all that follows anew, and the head as well. For that, the
last number and hash have to be noted elsewhere, and compared.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from jhansi_runner.runner.evidence.lines import Line, parse
from jhansi_runner.runner.journal import FAULT, FIRST

CHANGED, MISSING, MOVED, TORN, UNCONFIRMED = "changed", "missing", "moved", "torn", "unconfirmed"
Head = tuple[int, str, int]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is not as it was written: its kind, the line of the journal (1-based), and a sentence."""

    kind: str
    line: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Report:
    """What was found, how many records can be read, and the number and hash of the last: they vouch for all before."""

    problems: tuple[Problem, ...]
    records: int
    number: int
    digest: str


def verify(data: bytes, head: Head | None) -> Report:
    """Compare a journal with itself and with its head, as `read_head` gives it."""
    walk = _Walk(data, head)
    walk.go()
    problems = sorted(walk.problems.values(), key=lambda problem: problem.line)
    readable = [at for at, line in enumerate(walk.read) if line is not None]
    last = walk.hashes[readable[-1]] if readable else FIRST
    return Report(tuple(problems), len(readable), walk.number, last)


class _Walk:
    """One walk along the journal. `number` is that of the last record that was passed."""

    def __init__(self, data: bytes, head: Head | None) -> None:
        *whole, rest = data.split(b"\n")
        lines = [*whole, rest] if rest else whole
        self.read = [parse(line) for line in lines]
        self.hashes = [hashlib.sha256(line).hexdigest() for line in lines]
        self.problems: dict[tuple[str, int], Problem] = {}
        self.number = 0
        self._head = head
        self._places = set(self.hashes)
        if rest:
            self.read[-1] = None
        self._cut = len(lines) - 1 if rest else -1

    def go(self) -> None:
        """Look at every line, then at the end."""
        for at, line in enumerate(self.read):
            if line is None:
                self._unreadable(at)
                continue
            if line.before == (self.hashes[at - 1] if at else FIRST):
                self._linked(at, line)
            else:
                self._unlinked(at, line)
            if line.kind == FAULT:
                self._fault(at, line)
        self._end()

    def _tell(self, kind: str, at: int, sentence: str) -> None:
        self.problems.setdefault((kind, at), Problem(kind, at + 1, sentence))

    def _unreadable(self, at: int) -> None:
        following = self.read[at + 1] if at + 1 < len(self.read) else None
        mended = following is not None and following.kind == FAULT and following.before == self.hashes[at]
        if at == self._cut or mended:
            self._tell(TORN, at, f"line {at + 1} is torn: its writer was killed, or the disk was full")
        else:
            self._tell(CHANGED, at, f"line {at + 1} was changed: it is no record")
            self.number += 1

    def _linked(self, at: int, line: Line) -> None:
        if line.number > self.number + 1 and line.kind == FAULT:
            self._missing(at, line)
        elif line.number != self.number + 1:
            self._tell(
                CHANGED, at, f"line {at + 1} was changed: it is record {self.number + 1}, and says {line.number}"
            )
            self.number += 1
            return
        self.number = line.number

    def _unlinked(self, at: int, line: Line) -> None:
        """The line before is not the one that this one was written after."""
        if line.before in self._places or (line.before == FIRST and at):
            self._tell(MOVED, at, f"record {line.number} does not follow the one that it was written after")
        elif not self._is_confirmed(at):
            self._tell(CHANGED, at, f"record {line.number} was changed, or added by somebody else")
            self.number += 1  # its own number is nobody's word
            return
        elif line.number > self.number + 1:
            self._missing(at, line)
        elif line.number <= self.number or not at:
            self._tell(MOVED, at, f"record {line.number} is not in its place")
        elif self.read[at - 1] is not None:
            self._tell(
                CHANGED, at - 1, f"record {self.number} was changed: record {line.number} was written after another"
            )
        self.number = max(self.number, line.number)

    def _is_confirmed(self, at: int) -> bool:
        """Whether the next line, or the head, was written after this very line."""
        following = self.read[at + 1] if at + 1 < len(self.read) else None
        if following is not None:
            return following.before == self.hashes[at]
        return self._head is not None and self._head[1] == self.hashes[at]

    def _missing(self, at: int, line: Line) -> None:
        self._tell(MISSING, at, f"{_range(self.number + 1, line.number - 1)} missing before record {line.number}")

    def _fault(self, at: int, line: Line) -> None:
        if at and (TORN, at - 1) in self.problems:
            return
        said = line.parts("head")
        knew = f"its head knew {said[2]}, up to record {said[0]}" if len(said) == 3 else "it had no head"
        words = f"when record {line.number + 1} was written, the journal had {line.text('size')} bytes, and {knew}"
        self._tell(UNCONFIRMED, at, words)

    def _end(self) -> None:
        at = len(self.read) - 1
        if self._head is None:
            if self.read:
                self._tell(
                    UNCONFIRMED, at, f"there is no head that can be read: what followed line {at + 1} may be missing"
                )
            return
        number, digest, _ = self._head
        if number > self.number:
            self._tell(MISSING, at + 1, f"{_range(self.number + 1, number)} missing at the end")
        elif number < self.number:
            words = "not in the head: written by one that was killed then, or added by somebody else"
            self._tell(UNCONFIRMED, at, f"{_range(number + 1, self.number)} {words}")
        elif digest != self.hashes[at] and not any(line == at for _, line in self.problems):
            self._tell(CHANGED, at, f"record {number} was changed: it is not what the head knows")


def _range(first: int, last: int) -> str:
    return f"record {first} is" if first == last else f"records {first} to {last} are"
