"""Which version of Java a program was written for, where an older one says that it does not know what is in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

_PLACE = (
    r"(?:\[ERROR\] )?(?P<file>[^\s:][^:\n]*\.java):"
    r"(?:\[(?P<line>[0-9]{1,9}),[0-9]+\]|(?P<plain>[0-9]{1,9}):(?: error:)?)"
)
_NO_SYMBOL = re.compile(rf"{_PLACE} cannot find symbol")
_SYMBOL = re.compile(r"(?:\[ERROR\] )?\s*symbol:\s+(?P<kind>method|class|variable) (?P<name>\w+)")
_LOCATION = re.compile(
    r"(?:\[ERROR\] )?\s*location:\s+(?:(?:class|interface)|variable \w+ of type) (?:\w+\.)*(?P<of>\w+)"
)
_PREVIEW = re.compile(rf"{_PLACE} (?P<what>[a-z' -]{{3,60}}) (?:is|are) a preview feature")
_WRONG = re.compile(r".*class file has wrong version (?P<found>[0-9]{2,3})\.0, should be [0-9]+\.0")
_UNSUPPORTED = re.compile(
    r".*UnsupportedClassVersionError: (?P<what>\S{1,200}) .*\(class file version (?P<found>[0-9]{2,3})\.0\)"
)
_STAYED = {
    "patterns in switch statements": 21,
    "deconstruction patterns": 21,
    "record patterns": 21,
    "unnamed variables": 22,
    "unnamed patterns": 22,
    "unnamed classes": 25,
    "implicitly declared classes": 25,
    "instance main methods": 25,
    "flexible constructors": 25,
    "module imports": 25,
}
"""The version in which what javac calls a preview came to stay. Source: JEP 440, 441, 456, 511, 512, 513."""
_CLASS_FILES = 44
"""What the version of class files is ahead of Java's. Source: Java Virtual Machine Specification, 4.1."""


@dataclass(frozen=True, slots=True)
class Newer:
    """Something of a later Java, and where it is used; `file` is as the message has it."""

    what: str
    release: int
    file: str = ""
    line: int = 0


def newer(lines: Sequence[str]) -> Iterator[Newer]:
    """What these lines of javac's, Maven's or java's did not know because it came later."""
    at = symbol = None
    for line in lines:
        if found := _NO_SYMBOL.match(line):
            at, symbol = found, None
        elif found := _SYMBOL.match(line):
            symbol = found
            if at is not None and (release := _since().get((found["kind"], found["name"], "*"))):
                yield Newer(found["name"], release, at["file"], _line(at))
        elif (found := _LOCATION.match(line)) and at is not None and symbol is not None:
            if release := _since().get((symbol["kind"], symbol["name"], found["of"])):
                yield Newer(f"{found['of']}.{symbol['name']}", release, at["file"], _line(at))
        elif (found := _PREVIEW.match(line)) and (release := _STAYED.get(found["what"])):
            yield Newer(found["what"], release, found["file"], _line(found))
        elif found := _WRONG.match(line):
            yield Newer("a package that is installed", int(found["found"]) - _CLASS_FILES)
        elif found := _UNSUPPORTED.match(line):
            yield Newer(found["what"].replace("/", "."), int(found["found"]) - _CLASS_FILES)


def _line(found: re.Match[str]) -> int:
    return int(found["line"] or found["plain"])


@cache
def _since() -> Mapping[tuple[str, str, str], int]:
    text = (resources.files(__package__) / "data" / "since.txt").read_text("utf-8")
    rows = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    return {(kind, name, of): int(release) for release, kind, name, *types in rows for of in types}
