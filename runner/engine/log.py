"""The log of a run: its events, a JSON object a line, numbered from 1; the last is `done`, with the outcome.

A log has a bound. Output beyond it is counted and not kept, and one event, `truncated`, tells how much that was; the
outcome is always kept. Whoever writes may be killed: a last line without an end is no event.

Source: ADR 16, "Events are a file".
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping

from jhansi_runner.proxy import paths
from jhansi_runner.runner.console import PREFIX, shown
from jhansi_runner.runner.record import as_line

DONE, OUTPUT, MESSAGE, TRUNCATED = "done", "output", "message", "truncated"
LONGEST_LINE = 64 << 20
"""Bytes of an event; the outcome is the longest, with three texts of a MiB, whose characters JSON may write as six."""
_SPARE = 1 << 20
"""Bytes beyond the bound for events that are no output, such as refusals."""
_MOST_TEXT = 4096
_HEAD = re.compile(rb'\{"event": "([a-z]{1,20})", "seq": ([0-9]{1,12}), ')


def folder(service: str) -> str:
    """Where logs are, below the folder of the service's state."""
    return f"{service}/logs"


def path(service: str, run: str) -> str:
    """The log of a run. Its id is one of ours: whoever takes one from elsewhere has checked it."""
    return f"{folder(service)}/{run}"


class Log:
    """The log of one run, open for writing. `number` is that of its last event."""

    __slots__ = ("_file", "_left", "_left_out", "_most", "_spare", "number")

    def __init__(self, service: str, run: str, most: int) -> None:
        """`most` are the bytes that are kept of what is told. Raises OSError, UnsafeFolder."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            self._file = os.open(path(service, run), flags, 0o600)
        except FileNotFoundError:
            paths.make(os.path.dirname(service))
            paths.make(service)
            paths.make(folder(service))
            self._file = os.open(path(service, run), flags, 0o600)
        self._most = self._left = most
        self._spare = _SPARE
        self._left_out = [0, 0]
        self.number = 0

    def add(self, line: bytes) -> bool:
        """Take in a line of `runner/events.py`, unless it is `done`; whether it was written. Raises OSError."""
        found = _HEAD.match(line)
        if found is None:
            return False
        name = found[1].decode()
        if len(line) <= self._left:
            self._left -= len(line)
        elif name != OUTPUT and len(line) <= self._spare:
            self._spare -= len(line)
        else:
            self._left = 0  # what comes later is not kept either: no gap but one
            self._left_out[0] += 1
            self._left_out[1] += len(line)
            return False
        self.number += 1
        self._write(b'{"event": "%s", "seq": %d, %s' % (found[1], self.number, line[found.end() :]))
        return True

    def message(self, words: bytes) -> bool:
        """Take in a line of what we say on stderr; whether it was written. Raises OSError."""
        text = shown(words.decode("utf-8", "replace").removeprefix(PREFIX))[:_MOST_TEXT]
        return self.add(as_line({"event": MESSAGE, "seq": 0, "text": text}))

    def close(self, outcome: Mapping[str, object]) -> None:
        """Write what was left out, and the outcome, which ends it. Raises OSError."""
        try:
            if self._left_out[0]:
                events, size = self._left_out
                self._tell(TRUNCATED, {"events": events, "bytes": size, "kept": self._most})
            self._tell(DONE, outcome)
        finally:
            os.close(self._file)

    def _tell(self, name: str, what: Mapping[str, object]) -> None:
        self.number += 1
        self._write(as_line({"event": name, "seq": self.number, **what}))

    def _write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._file, data) :]


def parsed(line: bytes) -> tuple[str, dict[str, object]] | None:
    """The name of an event, and all that it says; None for a line that is none."""
    try:
        data = json.loads(line)
        return str(data["event"]), data
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
