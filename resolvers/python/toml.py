"""TOML with the line where things stand."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left
from functools import lru_cache

from jhansi_runner.resolvers.interface import ManifestError

Table = dict[str, object]

_LONG_KEY = re.compile(r"""(?<![\w-])(?:(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*){100}""", re.ASCII)
"""More parts than any key has: the time that they take grows with their square."""
_QUOTED = re.compile(r"\"([^\"]*)\"|'([^']*)'")


def parse(data: bytes, file: str, *, first_line: int = 1) -> tuple[Table, str]:
    """The document and its text. Raises ManifestError with file and line when it is not TOML."""
    try:
        text = data.decode("utf-8-sig")
        if long := _LONG_KEY.search(text):
            raise tomllib.TOMLDecodeError(
                f"a key has too many parts (at line {text.count(chr(10), 0, long.start()) + 1})"
            )
        return tomllib.loads(text.replace("\r\n", "\n")), text
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError, ValueError) as fault:
        reason = str(fault) or "is nested too deeply"
        found = re.search(r"line (\d+)", reason)
        line = int(found[1]) + first_line - 1 if found else first_line
        reason = reason.partition(" (at ")[0]
        raise ManifestError(file, line, f"is not TOML: {reason}", "correct the file, or remove it to scan") from None


def table(parent: Table, key: str, file: str, text: str) -> Table:
    """The table at `key`, empty when absent."""
    value = parent.get(key, {})
    if not isinstance(value, dict):
        raise wrong(file, text, key, "a table")
    return value


def strings(parent: Table, key: str, file: str, text: str) -> list[str]:
    """The list of strings at `key`, empty when absent."""
    value = parent.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise wrong(file, text, key, "a list of strings")
    return value


def string(parent: Table, key: str, file: str, text: str) -> str:
    """The string at `key`, "" when absent."""
    value = parent.get(key, "")
    if not isinstance(value, str):
        raise wrong(file, text, key, "a string")
    return value


def wrong(file: str, text: str, key: str, expected: str) -> ManifestError:
    """The error for a value of another type than its specification says."""
    return ManifestError(file, line_of(text, key), f"{key} is not {expected}", "see the specification of the file")


def line_of(text: str, value: str, start: int = 1) -> int:
    """The 1-based line from `start` on that first holds a key, header or quoted string, else `start`."""
    lines = _lines(text).get(value, [])
    place = bisect_left(lines, start)
    return lines[place] if place < len(lines) else start


@lru_cache(maxsize=4)
def _lines(text: str) -> dict[str, list[int]]:
    """Where things stand, of the whole text at once: a manifest asks for each of thousands of names."""
    found: dict[str, list[int]] = {}
    for number, line in enumerate(text.split("\n"), 1):
        key = line.partition("=")[0].strip()
        words = {line.strip(), key.strip("\"'"), key.partition(".")[0].strip().strip("\"'")}
        words.update(one or other for one, other in _QUOTED.findall(line))
        for word in words:
            found.setdefault(word, []).append(number)
    return found
