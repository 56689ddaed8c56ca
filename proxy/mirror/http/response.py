"""The head of an answer. Pure."""

from __future__ import annotations

import re
import time
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus

from jhansi_runner.proxy.mirror.answer import REASON_HEADER, Answer

_PHRASES = {status.value: status.phrase for status in HTTPStatus}
_NAME = re.compile(r"[a-z0-9-]+")
_UNFIT = re.compile(r"[^\t -~\x80-\xff]")
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
    told = _begun(answer.status, answer.headers) + date
    if answer.status not in _BODILESS:
        told += f"\r\ncontent-length: {length(answer)}"
    if not keep_alive:
        told += "\r\nconnection: close"
    elif old:
        told += "\r\nconnection: keep-alive"
    return f"{told}\r\n\r\n".encode("latin-1")


@lru_cache(maxsize=1024)
def _begun(status: int, headers: tuple[tuple[str, str], ...]) -> str:
    """The status line and the lines of an answer's own headers."""
    phrase = _PHRASES.get(status, "")
    for name, value in headers:
        if _UNFIT.search(value) or not _NAME.fullmatch(name):
            raise UnfitHeader(f"the header {name!r:.80} of an answer cannot be sent: {value!r:.400}")
        if name == REASON_HEADER:
            phrase = f"{phrase}: {value}"
    return f"HTTP/1.1 {status} {phrase}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers)


def length(answer: Answer) -> int:
    """The number of bytes of an answer's body."""
    return answer.size or len(answer.body)


def has_body(answer: Answer, method: str) -> bool:
    """Whether bytes follow the head."""
    return method != "HEAD" and answer.status not in _BODILESS
