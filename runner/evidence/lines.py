"""Lines of the journal, read back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from jhansi_runner.runner.journal import BEGIN, END, FAULT, FIRST

_DIGEST = re.compile(r"[0-9a-f]{64}")
_NUMBER = re.compile(r"[1-9][0-9]{0,14}")


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its number, the sha256 of the line that it was written after, its kind and its fields, in order."""

    number: int
    before: str
    kind: str
    fields: Sequence[tuple[str, tuple[str, ...]]] = field(default=())

    def parts(self, name: str) -> tuple[str, ...]:
        """The parts of the first field of a name."""
        return next((parts for each, parts in self.fields if each == name), ())

    def text(self, name: str) -> str:
        """The first part of a field, "" where there is none."""
        return (self.parts(name) or ("",))[0]

    def every(self, name: str) -> tuple[tuple[str, ...], ...]:
        """The parts of every field of a name."""
        return tuple(parts for each, parts in self.fields if each == name)


def parse(data: bytes) -> Line | None:
    """A line, without its end; None for what is not one."""
    number, *rest = data.decode("utf-8", "surrogateescape").split("\t")
    if len(rest) < 2 or not _NUMBER.fullmatch(number):
        return None
    before, kind, *fields = rest
    if kind not in (BEGIN, END, FAULT) or not (before == FIRST or _DIGEST.fullmatch(before)):
        return None
    if any("=" not in each for each in fields):
        return None
    pairs = (each.partition("=") for each in fields)
    return Line(
        int(number),
        before,
        kind,
        tuple((name, tuple(map(_unquoted, parts.split(" "))) if parts else ()) for name, _, parts in pairs),
    )


def _unquoted(text: str) -> str:
    for code, character in (("%20", " "), ("%0A", "\n"), ("%09", "\t"), ("%25", "%")):
        text = text.replace(code, character)
    return text
