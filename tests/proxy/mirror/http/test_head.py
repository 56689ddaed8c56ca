"""One head is read in one way, or it is refused."""

from __future__ import annotations

import pytest

from jhansi_runner.proxy.mirror.http.head import HEAD_BYTES, Malformed, read_head
from support.wire import get


def _refused(data: bytes) -> int:
    with pytest.raises(Malformed) as caught:
        read_head(data)
    assert caught.value.reason.isprintable()
    return caught.value.status


def test_a_request_is_read() -> None:
    head = read_head(get("/pypi/simple/a%2fb/?x=1?y", "Accept: text/html", "X-Empty:", method="HEAD"))
    assert (head.method, head.path, head.query) == ("HEAD", "/pypi/simple/a%2fb/", "x=1?y")
    assert head.headers == {"host": "mirror.test", "accept": "text/html", "x-empty": ""}
    assert (head.keep_alive, head.old, head.body) == (True, False, 0)


@pytest.mark.parametrize("path", ["/%2e%2e/%2F", "/%25", "/%00", "/a//b", "/%zz", "/%C3%A9", "/a|b{}", "/'()"])
def test_a_path_is_passed_on_as_it_was_sent(path: str) -> None:
    assert read_head(get(path)).path == path


@pytest.mark.parametrize(
    ("version", "lines", "stays"),
    [
        ("1.1", (), True),
        ("1.1", ("Connection: close",), False),
        ("1.1", ("Connection: x, Close",), False),
        ("1.1", ("Connection: keep-alive", "Connection: close"), False),
        ("1.0", (), False),
        ("1.0", ("Connection: Keep-Alive",), True),
        ("1.0", ("Connection: keep-alive, close",), False),
        ("1.1", ("Content-Length: 0",), True),
        ("1.1", ("Content-Length: 1",), False),
        ("1.1", ("Transfer-Encoding: chunked",), False),
    ],
)
def test_a_connection_stays_where_both_sides_know_where_the_next_request_begins(
    version: str, lines: tuple[str, ...], stays: bool
) -> None:
    assert read_head(get("/", *lines, version=version)).keep_alive is stays


@pytest.mark.parametrize(
    ("line", "body"), [("Content-Length: 7", 7), ("Content-Length: 007", 7), ("Transfer-Encoding: Chunked", -1)]
)
def test_the_length_of_a_body_is_known_or_known_to_be_unknown(line: str, body: int) -> None:
    assert read_head(get("/", line, method="PUT")).body == body


@pytest.mark.parametrize(
    "lines",
    [
        ("Content-Length: 5", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: chunked", "Content-Length: 5"),
        ("Content-Length: 5", "Content-Length: 5"),
        ("Content-Length: 5", "Content-Length: 6"),
        ("Content-Length: 5, 5",),
        ("Content-Length: +5",),
        ("Content-Length: -5",),
        ("Content-Length: 0x5",),
        ("Content-Length: 5 5",),
        ("Content-Length:",),
        ("Content-Length: 99999999999999999999",),
        ("Content-Length : 5",),
        ("Transfer-Encoding: gzip, chunked",),
        ("Transfer-Encoding: chunked, identity",),
        ("Transfer-Encoding: xchunked",),
        ("Transfer-Encoding: identity",),
        ("Transfer-Encoding:",),
        ("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: \x0bchunked",),
        ("Transfer-Encoding : chunked",),
    ],
    ids=repr,
)
def test_a_body_whose_length_is_told_in_two_ways_or_none_is_refused(lines: tuple[str, ...]) -> None:
    assert _refused(get("/", *lines, method="POST")) == 400


def test_an_old_client_sends_no_chunks() -> None:
    assert _refused(get("/", "Transfer-Encoding: chunked", version="1.0")) == 400


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\nHost: a\n\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n continued\r\n\r\n",
        b"GET / HTTP/1.1\r\n Host: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX y: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n",
        b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
        b" GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\rGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/0.9\r\n\r\n",
        b"GET / HTTP/1.2\r\nHost: a\r\n\r\n",
        b"GET / HTTP/2.0\r\nHost: a\r\n\r\n",
        b"GET / RTSP/1.0\r\nHost: a\r\n\r\n",
        b"SOURCE / ICE/1.0\r\nHost: a\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\n",
        b"get / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"NONSENSE / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
        b"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /a\tb HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\r\n\r\n",
        b"\r\n\r\n",
    ],
    ids=repr,
)
def test_what_others_might_read_otherwise_is_refused(data: bytes) -> None:
    assert _refused(data) == 400


@pytest.mark.parametrize("name", ["Authorization", "Range", "If-Range", "Expect", "X-Jhansi-Run"])
def test_what_counts_once_comes_once(name: str) -> None:
    assert _refused(get("/", f"{name}: a", f"{name.lower()}: b")) == 400


def test_a_list_may_come_in_lines() -> None:
    assert read_head(get("/", 'If-None-Match: "a"', 'If-None-Match: "b"')).headers["if-none-match"] == '"a", "b"'


def test_an_offer_to_speak_something_else_is_passed_over() -> None:
    """Java's client makes it with every first request."""
    head = read_head(get("/", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAEAAEAA"))
    assert (head.path, head.keep_alive) == ("/", True)


def test_there_are_bounds() -> None:
    assert _refused(get("/" + "a" * 8192)) == 414
    assert _refused(get("/", *(f"X-{number}: a" for number in range(100)))) == 431
    assert len(read_head(get("/", *(f"X-{number}: a" for number in range(99)))).headers) == 100
    assert read_head(get("/", "X: " + "a" * (HEAD_BYTES - 200))).path == "/"
