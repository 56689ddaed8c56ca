"""TOML with the line where things stand."""

from __future__ import annotations

import re
import tomllib

from jhansi_runner.resolvers.interface import ManifestError

Table = dict[str, object]


def parse(data: bytes, file: str, *, first_line: int = 1) -> tuple[Table, str]:
    """The document and its text. Raises ManifestError with file and line when it is not TOML."""
    try:
        text = data.decode("utf-8-sig")
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
    word = re.escape(value)
    pattern = re.compile(rf"^\s*[\"']?{word}[\"']?\s*[=.]|^\s*{word}\s*$|[\"']{word}[\"']")
    lines = text.splitlines()
    return next((number for number in range(start, len(lines) + 1) if pattern.search(lines[number - 1])), start)
