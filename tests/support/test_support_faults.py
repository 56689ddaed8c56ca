"""Each fault of the test upstream, seen by a plain client."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from support.registry import Fault, Listing, Upstream
from support.registry.pages import JSON
from support.registry.reply import Framing
from support.wheels import make_wheel

PAGE = "/simple/demo/"
Ask = Callable[..., http.client.HTTPResponse]


@pytest.fixture
def up() -> Iterator[Upstream]:
    with Upstream() as upstream:
        yield upstream


@pytest.fixture
def wheel(up: Upstream) -> Listing:
    return up.add(make_wheel("demo", "1.0"))


@pytest.fixture
def ask(up: Upstream) -> Iterator[Ask]:
    with contextlib.ExitStack() as stack:

        def ask(path: str, timeout: float = 10) -> http.client.HTTPResponse:
            connection = http.client.HTTPConnection("127.0.0.1", up.port, timeout=timeout)
            stack.callback(connection.close)
            connection.request("GET", path, headers={"Accept": JSON})
            return stack.enter_context(connection.getresponse())

        yield ask


def test_corrupt_keeps_the_length_and_changes_the_digest(up: Upstream, ask: Ask, wheel: Listing) -> None:
    up.fault(wheel.path, Fault.corrupt(at=wheel.file.size - 1))
    data = ask(wheel.path).read()
    assert data[:-1] == wheel.file.data[:-1]
    assert len(data) == wheel.file.size
    assert hashlib.sha256(data).hexdigest() != wheel.file.sha256


def test_swap_serves_other_bytes_as_if_right(up: Upstream, ask: Ask, wheel: Listing) -> None:
    trojan = make_wheel("demo", "1.0", {"demo.py": "evil = 1\n"})
    up.fault(wheel.path, Fault.swap(trojan.data))
    assert ask(wheel.path).read() == trojan.data


@pytest.mark.usefixtures("wheel")
def test_garbage_is_a_page_that_does_not_parse(up: Upstream, ask: Ask) -> None:
    up.fault(PAGE, Fault.garbage())
    answer = ask(PAGE)
    assert (answer.status, answer.headers["Content-Type"]) == (200, JSON)
    with pytest.raises(ValueError, match="decode"):
        json.loads(answer.read())


def test_empty_is_a_good_answer_without_bytes(up: Upstream, ask: Ask, wheel: Listing) -> None:
    up.fault(wheel.path, Fault.empty())
    answer = ask(wheel.path)
    assert (answer.status, answer.headers["Content-Length"], answer.read()) == (200, "0", b"")


def test_no_answer_closes_at_once(up: Upstream, ask: Ask, wheel: Listing) -> None:
    up.fault(wheel.path, Fault.no_answer())
    with pytest.raises(http.client.RemoteDisconnected):
        ask(wheel.path)


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_short_shows_in_the_framing(up: Upstream, ask: Ask, wheel: Listing, framing: Framing) -> None:
    up.fault(wheel.path, Fault.short(100, framing))
    answer = ask(wheel.path)
    if framing == "length":
        assert answer.headers["Content-Length"] == str(wheel.file.size)
    with pytest.raises(http.client.IncompleteRead) as caught:
        answer.read()
    assert caught.value.partial == wheel.file.data[:100]


def test_short_without_a_length_looks_whole(up: Upstream, ask: Ask, wheel: Listing) -> None:
    up.fault(wheel.path, Fault.short(100, "close"))
    answer = ask(wheel.path)
    assert answer.headers["Content-Length"] is None
    assert answer.read() == wheel.file.data[:100]


def test_long_declares_its_extra_bytes(up: Upstream, ask: Ask, wheel: Listing) -> None:
    up.fault(wheel.path, Fault.long(5))
    assert ask(wheel.path).read() == wheel.file.data + bytes(5)


def test_long_undeclared_leaves_bytes_behind_the_answer(up: Upstream, wheel: Listing) -> None:
    up.fault(wheel.path, Fault.long(5, declared=False))
    with socket.create_connection(("127.0.0.1", up.port), timeout=10) as connection:
        connection.sendall(f"GET {wheel.path} HTTP/1.1\r\nConnection: close\r\n\r\n".encode())
        head, _, body = b"".join(iter(lambda: connection.recv(65536), b"")).partition(b"\r\n\r\n")
    assert f"Content-Length: {wheel.file.size}\r\n".encode() in head + b"\r\n"
    assert body == wheel.file.data + bytes(5)


def test_endless_never_ends(up: Upstream, ask: Ask, wheel: Listing) -> None:
    up.fault(wheel.path, Fault.endless())
    answer = ask(wheel.path)
    assert answer.read(wheel.file.size) == wheel.file.data
    assert answer.read(8 << 20) == bytes(8 << 20)
    answer.close()


def test_disconnect_resets_in_the_middle(up: Upstream, ask: Ask) -> None:
    big = up.add_virtual("big-1.0.tar.gz", 32 << 20)
    up.fault(big.path, Fault.disconnect(at=16 << 20))
    answer = ask(big.path)
    got = 0
    with pytest.raises(ConnectionResetError):
        while piece := answer.read(1 << 16):
            got += len(piece)
    assert got <= 16 << 20


@pytest.mark.usefixtures("wheel")
@pytest.mark.parametrize("status", [404, 429, 500, 503])
def test_status_and_retry_after(up: Upstream, ask: Ask, status: int) -> None:
    up.fault(PAGE, Fault.status(status, retry_after=7))
    answer = ask(PAGE)
    assert (answer.status, answer.headers["Retry-After"]) == (status, "7")
    assert answer.read() == b"made to fail\n"


def test_redirect_leads_away(up: Upstream, ask: Ask, wheel: Listing) -> None:
    up.fault(wheel.path, Fault.redirect("http://elsewhere.invalid/x", 307))
    answer = ask(wheel.path)
    assert (answer.status, answer.headers["Location"]) == (307, "http://elsewhere.invalid/x")


@pytest.mark.usefixtures("wheel")
def test_html_only_ignores_accept(up: Upstream, ask: Ask) -> None:
    up.fault(PAGE, Fault.html_only())
    answer = ask(PAGE)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.read().startswith(b"<!DOCTYPE html>")


def test_hang_answers_nothing_until_released(up: Upstream, ask: Ask, wheel: Listing) -> None:
    fault = up.fault(wheel.path, Fault.hang())
    with pytest.raises(TimeoutError):
        ask(wheel.path, timeout=0.2)
    threading.Timer(0.2, fault.release.set).start()
    assert ask(wheel.path).read() == wheel.file.data
    assert up.count(wheel.path) == 2


def test_hang_in_the_middle_of_a_body(up: Upstream, ask: Ask, wheel: Listing) -> None:
    fault = up.fault(wheel.path, Fault.hang(after=50))
    answer = ask(wheel.path, timeout=5)
    assert answer.read(50) == wheel.file.data[:50]
    with pytest.raises(TimeoutError):
        answer.read(1)
    fault.release.set()
    assert ask(wheel.path).read() == wheel.file.data


def test_stopping_breaks_what_hangs(up: Upstream, ask: Ask, wheel: Listing) -> None:
    up.fault(wheel.path, Fault.hang())
    threading.Timer(0.2, up.stop).start()
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        ask(wheel.path)


def test_trickle_keeps_to_its_rate(up: Upstream, ask: Ask, wheel: Listing) -> None:
    up.fault(wheel.path, Fault.trickle(wheel.file.size * 2))
    start = time.monotonic()
    assert ask(wheel.path).read() == wheel.file.data
    assert 0.4 < time.monotonic() - start < 5


@pytest.mark.usefixtures("wheel")
def test_gzip_bomb_unpacks_to_blanks_and_the_true_page(up: Upstream, ask: Ask) -> None:
    page = ask(PAGE).read()
    up.fault(PAGE, Fault.gzip_bomb(16 << 20))
    answer = ask(PAGE)
    packed = answer.read()
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(packed) < 100_000
    unpacked = gzip.decompress(packed)
    assert len(unpacked) == (16 << 20) + len(page)
    assert unpacked.lstrip(b" ") == page


def test_a_fault_can_end_after_the_first_times_and_the_last_set_wins(up: Upstream, ask: Ask, wheel: Listing) -> None:
    up.fault(lambda request: request.path.startswith("/simple/"), Fault.status(500))
    up.fault(PAGE, Fault.status(503), times=2)
    assert [ask(PAGE).status for _ in range(3)] == [503, 503, 500]
    assert ask(wheel.path).status == 200
    up.heal()
    assert ask(PAGE).status == 200
