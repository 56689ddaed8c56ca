"""What CPython's last words say about something that is not installed.

The words are the program's own, so they may be invented: the worst that they do is name a package that a map knows.

Source: Python's documentation, module `traceback`, for the form; the messages are CPython's and those of well-known
packages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

MAX_WORDS = 64 * 1024
MAX_LINE = 500
_LAST_LINES = 3

_START = "Traceback (most recent call last):"
_CHAINED = ("During handling of the above exception", "The above exception was the direct cause")
_FRAME = re.compile(r'File "(?P<path>[^"]+)", line (?P<line>\d{1,9})(?:, in .*)?$')
_DOTTED = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"
_NO_MODULE = re.compile(rf"No module named (?P<quote>['\"]?)(?P<name>{_DOTTED})(?P=quote)")
_NO_PACKAGE = re.compile(rf"No module named '{_DOTTED}'; '(?P<name>{_DOTTED})' is not a package")
_OTHER_FILE = re.compile(
    rf"(?:cannot import name '\w+' from (?:partially initialized module )?"
    rf"|(?:partially initialized )?module )'(?P<name>{_DOTTED})'"
)
_DISTRIBUTION = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?(?:\[[A-Za-z0-9._,-]{1,99}\])?"
_HINTS = (
    re.compile(rf"Missing optional dependency ['\"](?P<name>{_DISTRIBUTION})['\"]"),
    re.compile(rf"pip3? install (?:-U |--upgrade |-q )*['\"]?(?P<name>{_DISTRIBUTION})"),
    re.compile(rf"(?P<name>{_DISTRIBUTION}) not found, please install it"),
    re.compile(rf"`Import (?P<name>{_DISTRIBUTION})` failed"),
    re.compile(rf"^(?:ModuleNotFound|Import)Error: (?P<name>{_DISTRIBUTION}) (?:must be|is not) installed"),
    re.compile(rf"features you requested: (?P<name>{_DISTRIBUTION})\. Do you need to install a parser"),
)
SIGNS = ("No module named", "ImportError", "pip install", "Do you need to install", "has no attribute")
"""Without one of these, words say of nothing that it was not there."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One place of a traceback, with its line of source as it was shown."""

    path: str
    line: int
    source: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that was not there. `kind` is one of the words below; `frames` has the innermost place last.

    `module`: an import name. `distribution`: a name for the installer, perhaps with extras. `shadow`: an import name
    that a file of another meaning has taken. `outer` are the frames of the last exception of the chain.
    """

    kind: str
    name: str
    frames: tuple[Frame, ...] = ()
    outer: tuple[Frame, ...] = ()


MODULE = "module"
DISTRIBUTION = "distribution"
SHADOW = "shadow"


@dataclass(slots=True)
class _Reader:
    """Reads line by line. `failures` are those of the last chain of exceptions: an earlier one was survived."""

    failures: list[Failure] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    indent: int | None = None
    """How far the frame was indented whose line of source may come next."""
    inside: bool = False
    chained: bool = False

    def line(self, text: str, indent: int, *, last: bool) -> None:
        of_frame = self.indent is not None and indent > self.indent
        self.indent = None
        if text.startswith(_CHAINED):
            self.chained = True
        elif text == _START:
            if not self.chained:
                self.failures = []
            self.frames, self.inside, self.chained = [], True, False
        elif found := _FRAME.match(text):
            self.frames.append(Frame(found["path"], int(found["line"])))
            self.indent = indent
        elif of_frame:
            self.frames[-1] = Frame(self.frames[-1].path, self.frames[-1].line, text)
        elif self.inside or last:
            self.failures.extend(Failure(kind, name, tuple(self.frames)) for kind, name in _named(text))


def failures(words: str) -> tuple[Failure, ...]:
    """What the last words on stderr say was missing, in the order of the words, each once."""
    lines = [line[:MAX_LINE] for line in words[-MAX_WORDS:].splitlines()]
    texts = [line.strip(" \t\r|+") for line in lines]
    filled = [number for number, text in enumerate(texts) if text]
    reader = _Reader()
    for number, text in enumerate(texts):
        reader.line(text, len(lines[number]) - len(lines[number].lstrip(" \t|+")), last=number in filled[-_LAST_LINES:])
    unique = {(each.kind, each.name): each for each in reversed(reader.failures)}
    return tuple(replace(each, outer=tuple(reader.frames)) for each in reversed(unique.values()))


def _named(text: str) -> Iterator[tuple[str, str]]:
    if found := _NO_PACKAGE.search(text):
        yield SHADOW, found["name"]
        return
    if found := _NO_MODULE.search(text):
        yield MODULE, found["name"]
    elif found := _OTHER_FILE.search(text):
        yield SHADOW, found["name"]
    for pattern in _HINTS:
        if found := pattern.search(text):
            yield DISTRIBUTION, found["name"]
            return
