"""What clients of the mirror send: one head is one request, and no bytes of it can begin another."""

from __future__ import annotations

import re
from collections.abc import Hashable

from fuzz.engine import Target

from jhansi_runner.proxy.mirror.http.head import Malformed, read_head

_PATH = re.compile(r"/[!\"$->@-~]*")


def head(data: bytes) -> Hashable:
    """A head as a connection cuts it out: up to the first empty line."""
    data = (data + b"\r\n\r\n").partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    try:
        found = read_head(data)
    except Malformed as error:
        return _refusal(error)
    lines = data.removesuffix(b"\r\n\r\n").split(b"\r\n")
    assert not any(b"\r" in line or b"\n" in line or b"\0" in line for line in lines)
    target = f"{found.path}?{found.query}" if b"?" in lines[0] else found.path
    assert lines[0].decode() == f"{found.method} {target} HTTP/1.{'0' if found.old else '1'}"
    assert _PATH.fullmatch(found.path)
    names = [line.partition(b":")[0].decode("latin-1").lower() for line in lines[1:]]
    assert set(names) == set(found.headers)
    assert names.count("host") <= 1 and (found.old or found.headers["host"] is not None)
    assert names.count("content-length") + names.count("transfer-encoding") <= 1
    if "transfer-encoding" in names:
        assert (found.body, found.old, found.keep_alive) == (-1, False, False)
    else:
        assert found.body == int(found.headers.get("content-length", "0")) >= 0
    assert not (found.body and found.keep_alive)
    return found.method, found.old, found.body > 0, found.keep_alive, tuple(sorted(found.headers))[:6]


def _refusal(error: Malformed) -> Hashable:
    assert 400 <= error.status < 500 and error.reason.isprintable()
    return error.status, error.reason[:60]


TARGETS = (
    Target(
        "http-head",
        head,
        (
            b"\r\n",
            b"\n",
            b"\r",
            b"\0",
            b" ",
            b"\t",
            b":",
            b"GET /",
            b" HTTP/1.1\r\n",
            b" HTTP/1.0\r\n",
            b"HTTP/2.0",
            b"Host: a\r\n",
            b"Content-Length: 5\r\n",
            b"Transfer-Encoding: chunked\r\n",
            b"Connection: close\r\n",
            b"Connection: Upgrade\r\nUpgrade: h2c\r\n",
            b"Expect: 100-continue\r\n",
            b"%2f",
            b"?",
            b"#",
            b"http://a/",
        ),
    ),
)
