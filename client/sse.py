"""Server-sent events, from bytes as they come.

Source: HTML Living Standard, "Server-sent events". Lines end at CR, LF or both, and nowhere else: what a program prints
may hold any of the other characters that Python takes for ends of lines.
"""

from __future__ import annotations

import json
import re

from jhansi_runner.client.errors import bad_answer
from jhansi_runner.client.model import Event

_END = re.compile(rb"\r\n|\n|\r(?!\Z)")


class Decoder:
    """Takes bytes in, gives whole events. `last` is the number of the last one."""

    def __init__(self, last: int = 0) -> None:
        self.last = last
        self._rest = bytearray()
        self._name, self._data = "", list[str]()

    def feed(self, data: bytes) -> list[Event]:
        """The events that are whole now. Raises JhansiError."""
        self._rest += data
        if b"\n" not in data and b"\r" not in data:
            return []
        *lines, rest = _END.split(bytes(self._rest))
        self._rest = bytearray(rest)
        found = (self._line(line.decode("utf-8", "replace")) for line in lines)
        return [event for event in found if event is not None]

    def _line(self, line: str) -> Event | None:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            return self._whole()
        if field == "event":
            self._name = value
        elif field == "data":
            self._data.append(value)
        elif field == "id" and value.isascii() and value.isdigit():
            self.last = int(value)
        return None

    def _whole(self) -> Event | None:
        name, text = self._name, "\n".join(self._data)
        self._name, self._data = "", []
        if not text:
            return None
        try:
            found = json.loads(text)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise bad_answer("an event of a run is no JSON object")
        return Event(self.last, name, found)
