"""The head of an answer. Pure."""

from __future__ import annotations

import time
from email.utils import formatdate
from http import HTTPStatus

from jhansi_runner.proxy.mirror.answer import REASON_HEADER, Answer

_PHRASES = {status.value: status.phrase for status in HTTPStatus}
_BODILESS = (204, 304)


class UnfitHeader(ValueError):
    """An answer with a header that cannot be sent: it would be read as something else."""


class Dates:
    """The header `Date`, made once a second."""

    def __init__(self) -> None:
        self._second, self._line = -1, ""

    def line(self) -> str:
        """The line for now."""
        now = int(time.time())
        if now != self._second:
            self._second, self._line = now, f"date: {formatdate(now, usegmt=True)}"
        return self._line


def answer_head(answer: Answer, date: str, *, keep_alive: bool, old: bool) -> bytes:
    """The status line and the headers, with the empty line. `date` is a line; `old` tells of a client of HTTP/1.0.

    The reason of a refusal stands in the status line too, since that is all that some clients print. Raises
    UnfitHeader.
    """
    status = answer.status
    phrase = _PHRASES.get(status, "")
    lines = [date]
    for name, value in answer.headers:
        lines.append(f"{name}: {value}")
        if name == REASON_HEADER:
            phrase = f"{phrase}: {value}"
    if status not in _BODILESS:
        lines.append(f"content-length: {length(answer)}")
    if not keep_alive:
        lines.append("connection: close")
    elif old:
        lines.append("connection: keep-alive")
    text = f"HTTP/1.1 {status} {phrase}\r\n" + "\r\n".join(lines) + "\r\n\r\n"
    if text.count("\n") != len(lines) + 2 or text.count("\r") != len(lines) + 2 or "\0" in text:
        raise UnfitHeader(f"a header of the answer has a line break or a null in it: {lines!r:.400}")
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        raise UnfitHeader(f"a header of the answer has characters beyond Latin-1: {lines!r:.400}") from None


def length(answer: Answer) -> int:
    """The number of bytes of an answer's body."""
    return answer.size or len(answer.body)


def has_body(answer: Answer, method: str) -> bool:
    """Whether bytes follow the head."""
    return method != "HEAD" and answer.status not in _BODILESS
