"""A walk through a JSON object member by member, so that a document of 100 MB is never a tree of Python objects."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NoReturn

_SPACE = re.compile(r"[ \t\n\r]*")


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse)


class Cursor:
    """A place in a JSON text. Reading raises ValueError where that is no JSON, RecursionError where it is too deep."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._skip()

    def value(self) -> object:
        """Read the value that stands here."""
        value, self._at = _DECODER.raw_decode(self._text, self._at)
        self._skip()
        return value

    def members(self) -> Iterator[str]:
        """The keys of the object that stands here. After each, its value must be read before the next is asked for."""
        self._take("{")
        if self._is("}"):
            self._take("}")
            return
        while True:
            key = self.value()
            if not isinstance(key, str):
                raise ValueError(f"a key that is no string before character {self._at}")
            self._take(":")
            yield key
            if self._is("}"):
                self._take("}")
                return
            self._take(",")

    def end(self) -> None:
        """Make sure that nothing follows."""
        if self._at != len(self._text):
            raise ValueError(f"something follows the JSON at character {self._at}")

    def _is(self, character: str) -> bool:
        return self._text.startswith(character, self._at)

    def _take(self, character: str) -> None:
        if not self._is(character):
            raise ValueError(f"{character} is expected at character {self._at}")
        self._at += 1
        self._skip()

    def _skip(self) -> None:
        found = _SPACE.match(self._text, self._at)
        self._at = found.end() if found else self._at
