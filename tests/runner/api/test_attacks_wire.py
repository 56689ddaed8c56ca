"""What hostile clients send: no byte of one request is ever taken for another, and no connection is held for free."""

from __future__ import annotations

import re

import pytest

from jhansi_runner.runner.sandboxes.model import CANCELLED, RUNNING
from support.api import Serving, exchange, read_rest
from support.user import wait_for

pytestmark = pytest.mark.attack
_POST = b"POST /v1/sandboxes HTTP/1.1\r\nHost: localhost\r\n"
_CHUNKED = _POST + b"Transfer-Encoding: chunked\r\n\r\n"
_HIDDEN = b"GET /v1/hidden HTTP/1.1\r\nHost: localhost\r\n\r\n"


def _states(server: Serving, sandbox: str) -> list[str]:
    return [run.state for run in server.service.made.values() if run.sandbox_id == sandbox]


def _statuses(raw: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) [A-Z]", raw)]


@pytest.mark.parametrize(
    "head",
    [
        _POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        _POST + b"Content-Length: 2\r\nContent-Length: 40\r\n\r\n{}",
        _POST + b"Content-Length: 2, 2\r\n\r\n{}",
        _POST + b"Content-Length: +2\r\n\r\n{}",
        _POST + b"Content-Length: 0x2\r\n\r\n{}",
        _POST + b"Content-Length: 99999999999999999999\r\n\r\n{}",
        _POST + b"Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n",
        _POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        _POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/sandboxes HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        _POST + b"Content-Length : 2\r\n\r\n{}",
        b"GET /health HTTP/1.1\r\nHost: localhost\r\n Folded: yes\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: a\r\n\tb\r\n\r\n",
        b"GET /health HTTP/1.1\nHost: localhost\n\n",
        b"GET /health HTTP/1.1\r\nHost: localhost\nX: y\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: localhost\rX: y\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n",
        b"GET http://localhost/health HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET //elsewhere.test HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /health HTTP/1.1\r\n\r\n",
        b"GET  /health HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /health#x HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /health\r\n\r\n",
        b"GET /health HTTP/2.0\r\nHost: localhost\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\r\n\r\nGET /health HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_what_can_be_read_in_two_ways_is_refused_and_nothing_behind_it_is_read(server: Serving, head: bytes) -> None:
    with server.connect() as end:
        raw = exchange(end, head + _HIDDEN)
    assert _statuses(raw) == [400]
    assert b"\r\nconnection: close\r\n" in raw and b'"code": "malformed_request"' in raw


def test_a_head_that_never_ends_is_cut_off(server: Serving) -> None:
    with server.connect() as end:
        raw = exchange(end, b"GET /health HTTP/1.1\r\n" + b"X: y\r\n" * 10_000)
    assert _statuses(raw) == [431]


def test_a_head_of_many_headers_is_refused(server: Serving) -> None:
    with server.connect() as end:
        raw = exchange(end, b"GET /health HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 200 + b"\r\n")
    assert _statuses(raw) == [431]


def test_what_is_in_a_body_is_no_request(server: Serving) -> None:
    head = _POST + b"Content-Length: %d\r\n\r\n" % len(_HIDDEN)
    with server.connect() as end:
        raw = exchange(end, head + _HIDDEN + b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert _statuses(raw) == [400, 200] and b"hidden" not in raw


def test_what_is_in_a_body_that_nobody_reads_is_no_request(server: Serving) -> None:
    with server.connect() as end:
        raw = exchange(end, b"GET /v1/nope HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n" + _HIDDEN)
    assert _statuses(raw) == [404]


def test_what_follows_chunks_is_no_request(server: Serving) -> None:
    body = b"2\r\n{}\r\n0\r\n\r\n"
    with server.connect() as end:
        raw = exchange(
            end,
            _CHUNKED + body + _HIDDEN,
        )
    assert _statuses(raw) == [201]


@pytest.mark.parametrize(
    "chunks", [b"zz\r\n{}\r\n", b"-2\r\n{}\r\n0\r\n\r\n", b"2\r\n{}XX0\r\n\r\n", b"2\n{}\n0\n\n", b"f" * 20]
)
def test_chunks_that_are_none_are_refused(server: Serving, chunks: bytes) -> None:
    with server.connect() as end:
        raw = exchange(
            end,
            _CHUNKED + chunks + _HIDDEN,
        )
    assert _statuses(raw) == [400]


def test_what_is_behind_a_body_is_no_header(server: Serving) -> None:
    token = server.token("in-a-trailer").encode()
    with server.connect(tcp=True) as end:
        raw = exchange(end, _CHUNKED + b"2\r\n{}\r\n0\r\nAuthorization: Bearer %s\r\n\r\n" % token)
    assert _statuses(raw) == [401]


@pytest.mark.parametrize(
    "more", [b"0\r\n" + b"a: b\r\n" * 50_000, b"0\r\na: " + b"b" * 300_000, b"1;" + b"x" * 300_000]
)
def test_what_is_no_body_and_never_ends_is_cut_off(server: Serving, more: bytes) -> None:
    with server.connect() as end:
        raw = exchange(end, _CHUNKED + more)
    assert _statuses(raw) == [431]


def test_many_small_chunks_are_a_body(server: Serving) -> None:
    path = f"/v1/sandboxes/{server.sandbox()}/files/a"
    with server.connect() as end:
        head = f"PUT {path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        raw = exchange(end, head + b"1;a=b\r\nx\r\n" * 30_000 + b"0\r\na: b\r\n\r\n")
    assert _statuses(raw) == [201] and len(server.ask("GET", path).body) == 30_000


def test_who_sends_more_behind_chunks_and_leaves_is_gone(server: Serving) -> None:
    sandbox = server.sandbox()
    head = f"POST /v1/sandboxes/{sandbox}/exec HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    with server.connect() as end:
        end.sendall(head.encode() + b'13\r\n{"command":"sleep"}\r\n0\r\n\r\n' + _HIDDEN)
        wait_for(lambda: _states(server, sandbox) == [RUNNING])
    wait_for(lambda: _states(server, sandbox) == [CANCELLED])


def test_many_requests_at_once_are_answered_in_their_order(server: Serving) -> None:
    several = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\nGET /v1/a HTTP/1.1\r\nHost: localhost\r\n\r\n" * 300
    with server.connect() as end:
        raw = exchange(end, several + b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert _statuses(raw) == [200, 404] * 300 + [200]


def test_an_offer_to_upgrade_is_passed_over(server: Serving) -> None:
    head = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n"
    with server.connect() as end:
        raw = exchange(end, head + b"GET /v1/a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert _statuses(raw) == [200, 404]


def test_http_1_0_is_answered_and_closed(server: Serving) -> None:
    with server.connect() as end:
        raw = exchange(end, b"GET /health HTTP/1.0\r\n\r\n")
    assert _statuses(raw) == [200] and raw.endswith(b'{"status":"ok"}')


def test_a_body_that_is_announced_and_does_not_come_ends_with_its_client(server: Serving) -> None:
    with server.connect() as end:
        end.sendall(_POST + b"Content-Length: 10\r\n\r\n{}")
    assert server.ask("GET", "/health").status == 200


def test_a_body_larger_than_allowed_is_refused_before_it_comes_and_its_sender_hears_why(server: Serving) -> None:
    head = _POST + b"Content-Length: 20000000\r\n\r\n"
    with server.connect() as end:
        end.sendall(head + b" " * 500_000)
        raw = read_rest(end)
    assert _statuses(raw) == [413] and b"<reset>" not in raw


def test_chunks_without_end_are_cut_off(server: Serving) -> None:
    with server.connect() as end:
        end.sendall(_CHUNKED)
        try:
            for _ in range(100):
                end.sendall(b"10000\r\n" + b" " * 65536 + b"\r\n")
        except (BrokenPipeError, ConnectionResetError):
            pass
        raw = read_rest(end)
    assert _statuses(raw) == [413]


def test_expect_100_continue(server: Serving) -> None:
    head = _POST + b"Connection: close\r\nExpect: 100-continue\r\n"
    with server.connect() as end:
        end.sendall(head + b"Content-Length: 2\r\n\r\n")
        assert end.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        raw = exchange(end, b"{}")
    assert _statuses(raw) == [201]


def test_who_may_not_ask_need_not_send_a_body(server: Serving) -> None:
    head = _POST + b"Expect: 100-continue\r\nContent-Length: 1000\r\n\r\n"
    with server.connect(tcp=True) as end:
        raw = exchange(end, head)
    assert _statuses(raw) == [401]
