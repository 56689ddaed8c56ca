"""Reads the head of one request. Pure: bytes in, a request or a refusal out.

Connections cut heads out of what arrives, at the first empty line, and a parser never sees more than one. What follows
a head that announces a body is thrown away, and the connection with it: no body is ever looked at, so that none can
be taken for a request.

Source: RFC 9112; llhttp in its strict mode, which httptools uses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

import httptools

from jhansi_runner.proxy.mirror.answer import RUN_HEADER

HEAD_BYTES = 1 << 16
"""The most bytes of a head."""
_HEADERS = 100
_TARGET_BYTES = 8192
"""The longest path that names a package has about 2,000."""
_TARGET = re.compile(r"/[!\"$-~]*")
"""The form that starts with a slash, without a fragment. llhttp takes others too."""
_LINE = re.compile(rb"[A-Z-]+ [!-~]+ HTTP/1\.[01]")
"""llhttp passes over line breaks before it and more blanks in it, and takes HTTP/0.9 and RTSP."""
_CONTINUED = frozenset(["accept", "accept-encoding", "cache-control", "connection", "if-none-match", "via"])
"""Headers that are lists, and may come in several lines."""
_SINGLE = frozenset(
    ["authorization", "content-length", "expect", "host", "if-range", "range", "transfer-encoding", RUN_HEADER]
)
"""Headers of which two might be read as one thing here and as another elsewhere."""


class Malformed(ValueError):
    """Not a request that is served here: the status, and a sentence that says why. The connection ends with it."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


class Head(NamedTuple):  # a dataclass takes four times as long, for every request
    """A request's line and headers. `path` and `query` are as they were sent; header names are in lower case.

    `body` is the number of bytes that follow and are no request: 0 for none, -1 where that is not known.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    keep_alive: bool
    old: bool
    """Whether it is HTTP/1.0."""
    body: int


class _Seen:
    """What the parser finds."""

    __slots__ = ("complete", "headers", "target")

    def __init__(self) -> None:
        self.target, self.complete = b"", False
        self.headers: list[tuple[bytes, bytes]] = []

    def on_url(self, part: bytes) -> None:
        self.target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        self.complete = True


def read_head(data: bytes) -> Head:
    """Read a head, with the empty line that ends it. Raises Malformed."""
    line, _, _ = data.partition(b"\r\n")
    if not _LINE.fullmatch(line):
        raise Malformed(400, "the request line is none of HTTP/1.1 or HTTP/1.0, which are spoken here")
    seen = _Seen()
    parser = httptools.HttpRequestParser(seen)
    try:
        parser.feed_data(data)
    except httptools.HttpParserUpgrade:  # an offer, which may be passed over. Source: RFC 9110, section 7.8
        pass
    except httptools.HttpParserError as error:
        raise Malformed(400, f"the request cannot be read: {error}") from None
    if not seen.complete:
        raise Malformed(400, "the request cannot be read: its head does not end where it should")
    target, old = seen.target.decode("latin-1"), line.endswith(b"0")
    if len(target) > _TARGET_BYTES:
        raise Malformed(414, f"the path has more than {_TARGET_BYTES} bytes")
    if not _TARGET.fullmatch(target):
        raise Malformed(400, "the request names no path: only the form /path is served")
    headers = _headers(seen.headers)
    if "host" not in headers and not old:
        raise Malformed(400, "the request has no Host header")
    body = _body(headers, old)
    path, _, query = target.partition("?")
    method = parser.get_method().decode("latin-1")
    return Head(method, path, query, headers, not body and _stays(headers, old), old, body)


def _headers(lines: list[tuple[bytes, bytes]]) -> dict[str, str]:
    if len(lines) > _HEADERS:
        raise Malformed(431, f"the request has more than {_HEADERS} headers")
    headers: dict[str, str] = {}
    for raw, value in lines:
        name = raw.decode("latin-1").lower()
        if name not in headers:
            headers[name] = value.decode("latin-1")
        elif name in _SINGLE:
            raise Malformed(400, f"the request has the header {name} twice")
        elif name in _CONTINUED:
            headers[name] += ", " + value.decode("latin-1")
    return headers


def _body(headers: Mapping[str, str], old: bool) -> int:
    """The length of what follows. llhttp has refused what does not say it in one way, and plainly."""
    if "transfer-encoding" in headers:
        if old or "content-length" in headers or headers["transfer-encoding"].lower() != "chunked":
            raise Malformed(400, "the length of the request's body is not told in one way")
        return -1
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdecimal() and len(length) < 19):
        raise Malformed(400, "the length of the request's body is no number")
    return int(length)


def _stays(headers: Mapping[str, str], old: bool) -> bool:
    """Whether the client may ask once more on its connection. Source: RFC 9112, section 9.3."""
    said = headers.get("connection")
    if said is None:
        return not old
    options = [option.strip() for option in said.lower().split(",")]
    return "keep-alive" in options if old and "close" not in options else "close" not in options and not old
