"""An HTTP request as it was seen, and the answer before faults and framing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from support.registry.artifact import Content

Framing = Literal["length", "chunked", "close"]


class Request(NamedTuple):
    """What a client sent. `path` includes the query; names of headers are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as the wire will carry it.

    `length` is what Content-Length says under framing "length", true or not. "chunked" ends with the last
    chunk, "close" with the connection. `ending` says what follows the body: "keep" the connection, "cut" it
    with a FIN where more was due, or "reset" it. `before` is called before the first byte leaves. A `status`
    of 0 closes the connection without an answer.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Iterable[bytes] = ()
    length: int = 0
    framing: Framing = "length"
    ending: Literal["keep", "cut", "reset"] = "keep"
    before: Callable[[], None] | None = None


def text_reply(status: int, text: str, headers: Mapping[str, str] | None = None) -> Reply:
    """An answer in plain text."""
    data = text.encode()
    return Reply(status, {"Content-Type": "text/plain", **(headers or {})}, [data], len(data))


def file_reply(request: Request, content: Content, etag: str, content_type: str) -> Reply:
    """A file: whole, 206 for one range, 304 where the client has it, 416 for a range outside.

    Several ranges in one header are answered with the whole file. Source: RFC 9110, sections 13 and 14.
    """
    quoted = f'"{etag}"'
    headers = {"Content-Type": content_type, "ETag": quoted, "Accept-Ranges": "bytes"}
    headers["Cache-Control"] = "max-age=365000000, immutable, public"
    if request.headers.get("if-none-match") in {quoted, "*"}:
        return Reply(304, headers)
    size = content.size
    wanted = request.headers.get("range")
    if wanted is None or request.headers.get("if-range", quoted) != quoted:
        return Reply(200, headers, content.read(), size)
    span = _span(wanted, size)
    if span is None:
        return Reply(200, headers, content.read(), size)
    start, stop = span
    if start >= stop:
        return text_reply(416, "range outside of the file", {"Content-Range": f"bytes */{size}"})
    headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    return Reply(206, headers, content.read(start, stop), stop - start)


def _span(header: str, size: int) -> tuple[int, int] | None:
    """Start and stop of a single byte range; start >= stop where it lies outside, None where not single."""
    unit, _, text = header.partition("=")
    first, dash, last = text.strip().partition("-")
    if unit.strip() != "bytes" or not dash or not (first + last).isdigit():
        return None
    if not first:
        return max(size - int(last), 0), size
    return int(first), min(int(last) + 1, size) if last else size
