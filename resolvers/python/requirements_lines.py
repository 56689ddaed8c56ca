"""Splits a requirements file into logical lines, and a line into what it asks for.

Source: pip's documentation, "Requirements File Format".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from jhansi_runner.resolvers.interface import ManifestError

COMMENT = re.compile(r"(?:^|\s)#.*$")
COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
OPTION = re.compile(r"(?P<name>--?[A-Za-z][\w-]*)(?:\s*=\s*|\s+|$)(?P<value>.*)", re.DOTALL)
SHORT = re.compile(r"(?P<name>-[rceif])\s*=?\s*(?P<value>\S.*)", re.DOTALL)
HASH = re.compile(r"\s--hash(?:\s*=\s*|\s+)(?P<value>\S+)")
HASH_VALUE = re.compile(r"sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}")
PER_REQUIREMENT = re.compile(r"\s--(?:global-option|install-option|config-settings?|build-option)\b.*$")

LONG = {
    "-r": "--requirement",
    "-c": "--constraint",
    "-e": "--editable",
    "-i": "--index-url",
    "-f": "--find-links",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One logical line: an option with its value, or requirement text with hashes. `number` is 1-based."""

    number: int
    option: str = ""
    value: str = ""
    hashes: tuple[str, ...] = ()
    ignored: str = ""


def decode(data: bytes, file: str) -> str:
    """The text by its byte order mark, its encoding cookie, or UTF-8. Raises ManifestError."""
    encoding = "utf-8-sig"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    else:
        for first in data.split(b"\n")[:2]:
            if cookie := COOKIE.match(first):
                encoding = cookie[1].decode("ascii", "replace")
    try:
        text = data.decode(encoding)
    except (LookupError, UnicodeError, ValueError) as fault:
        raise ManifestError(file, 0, f"is not text: {fault}", "save it as UTF-8") from None
    if "\0" in text:
        raise ManifestError(file, text[: text.index("\0")].count("\n") + 1, "holds a null byte", "save it as UTF-8")
    return text


def lines(text: str, file: str) -> Iterator[Line]:
    """The lines that ask for something. Raises ManifestError for an option that we do not know."""
    for number, whole in _joined(text):
        stripped = COMMENT.sub("", whole).strip()
        if stripped.startswith("-"):
            yield _option(stripped, file, number)
        elif stripped:
            yield _requirement(stripped, file, number)


def _joined(text: str) -> Iterator[tuple[int, str]]:
    """Physical lines, those that end in a backslash joined with the next; a comment ends the joining."""
    parts: list[str] = []
    first = 1
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), 1):
        if not parts:
            first = number
        comment = line.lstrip().startswith("#")
        if line.endswith("\\") and not comment:
            parts.append(line[:-1])
            continue
        parts.append(f" {line}" if comment else line)
        yield first, "".join(parts)
        parts = []
    if parts:
        yield first, "".join(parts)


def _option(text: str, file: str, number: int) -> Line:
    found = SHORT.fullmatch(text) or OPTION.fullmatch(text)
    if found is None:
        raise ManifestError(file, number, f"{text[:80]!r} is not an option", "remove the line")
    name = found["name"].replace("_", "-")
    return Line(number, LONG.get(name, name), found["value"].strip().strip("\"'"))


def _requirement(text: str, file: str, number: int) -> Line:
    hashes = []
    for found in HASH.finditer(text):
        if not HASH_VALUE.fullmatch(found["value"]):
            hint = "write sha256:, sha384: or sha512: and the digest in hex"
            raise ManifestError(file, number, f"{found['value'][:80]!r} is not a hash", hint)
        hashes.append(found["value"])
    bare = HASH.sub("", text)
    ignored = PER_REQUIREMENT.search(bare)
    bare = PER_REQUIREMENT.sub("", bare).strip()
    return Line(number, "", bare, tuple(hashes), ignored[0].strip() if ignored else "")
