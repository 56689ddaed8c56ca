"""Texts of programs, cut to what a model can take; what cannot be sent is shown."""

from __future__ import annotations

import codecs

_HEAD, _TAIL = 8_000, 12_000


def plain(text: str) -> str:
    """A text that can be sent: what no text can be, such as a file's name in no known encoding, is shown."""
    return text.encode("utf-8", "backslashreplace").decode()


def cut(text: str, run: str) -> str:
    """Head and tail of a long text, with what to do for the rest between them."""
    if len(text) <= _HEAD + _TAIL:
        return text
    head, left_out = text[:_HEAD], len(text) - _HEAD - _TAIL
    more = f"read_outcome with run {run} and offset {len(head.encode('utf-8', 'replace'))} shows them"
    return f"{head}\n[... {left_out} characters are left out here: {more} ...]\n{text[-_TAIL:]}"


def short(text: str, most: int = 4_000) -> str:
    """A text of ours, as far as an answer has room for it."""
    return text if len(text) <= most else f"{text[:most]}\n[... {len(text) - most} more characters]"


def whole_characters(data: bytes, *, more: bool) -> int:
    """How many bytes of a piece to show, so that it ends with a whole character where `more` follows; at least one."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    decoder.decode(data)
    pending = len(decoder.getstate()[0]) if more else 0
    return len(data) - pending or len(data)


def one_line(text: str, most: int = 120) -> str:
    """The last line of a text that has anything in it, short and printable."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    last = "".join(char if char.isprintable() else " " for char in lines[-1]) if lines else ""
    return last if len(last) <= most else last[: most - 3] + "..."
