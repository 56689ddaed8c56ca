"""Streams under way: slow clients cost no memory, and those who leave cost nothing at all."""

from __future__ import annotations

import gc
import hashlib
import http.client
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from jhansi_runner.proxy.mirror.answer import RUN_HEADER
from support.mirror import Mirror, eventually, mirrored
from support.registry import Fault, Listing, Upstream
from support.wheels import make_wheel

MIB = 1 << 20
Both = tuple[Upstream, Mirror]


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Both]:
    with mirrored(tmp_path) as pair:
        yield pair


def _large(up: Upstream, size: int = 8 * MIB, project: str = "demo") -> Listing:
    return up.add_virtual(f"{project}-1.0-py3-none-any.whl", size, seed=len(project))


def _begun(mirror: Mirror, listing: Listing) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
    connection = mirror.connection(30)
    connection.request("GET", mirror.place(listing), headers={RUN_HEADER: "run"})
    return connection, connection.getresponse()


def _descriptors() -> int:
    gc.collect()  # what tests before left to it would close whenever it comes
    return len(os.listdir("/proc/self/fd"))


def _resident() -> int:
    fields = Path("/proc/self/statm").read_text().split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")


def test_slow_clients_cost_no_memory(both: Both) -> None:
    up, mirror = both
    warm_up = _large(up, 8 * MIB, "warm")
    mirror.get(mirror.place(warm_up))
    big = _large(up, 300 * MIB)
    before = _resident()
    clients = [_begun(mirror, big) for _ in range(4)]
    highest = 0
    while big.file.sha256 not in mirror.kept():
        for _, answer in clients:
            answer.read(1 << 16)
        highest = max(highest, _resident())
        time.sleep(0.01)
    assert highest - before < 60 * MIB
    for connection, answer in clients:
        while answer.read(MIB):
            highest = max(highest, _resident())
        assert answer.length == 0
        connection.close()
    assert highest - before < 60 * MIB


def test_clients_that_leave_take_their_descriptors_along(both: Both) -> None:
    up, mirror = both
    big = _large(up, 64 * MIB)
    mirror.index()
    before = _descriptors()
    hang = up.fault(big.path, Fault.hang(after=MIB))
    clients = [_begun(mirror, big) for _ in range(8)]
    for connection, answer in clients:
        answer.read(1000)
        answer.close()
        connection.close()
    hang.release.set()
    eventually(lambda: mirror.kept() == [big.file.sha256])
    eventually(lambda: _descriptors() <= before)


def test_a_client_that_stops_reading_and_leaves_is_let_go(both: Both) -> None:
    up, mirror = both
    big = _large(up, 64 * MIB)
    mirror.index()
    before = _descriptors()
    connection, answer = _begun(mirror, big)
    eventually(lambda: mirror.kept() == [big.file.sha256])
    assert _descriptors() > before
    answer.close()
    connection.close()
    eventually(lambda: _descriptors() <= before)


def test_clients_that_leave_before_the_first_byte_are_let_go(both: Both) -> None:
    up, mirror = both
    big = _large(up, 16 * MIB)
    mirror.index()
    before = _descriptors()
    hang = up.fault(big.path, Fault.hang())
    for _ in range(8):
        connection = mirror.connection()
        connection.request("GET", mirror.place(big), headers={RUN_HEADER: "run"})
        connection.close()
    hang.release.set()
    eventually(lambda: mirror.kept() == [big.file.sha256])
    eventually(lambda: _descriptors() <= before)


def test_a_stream_that_fails_at_once_gets_nobody_elses_bytes(both: Both) -> None:
    up, mirror = both
    bad = _large(up, 2 * MIB, "broken")
    up.fault(bad.path, Fault.disconnect(0))

    def ask(listing: Listing) -> bytes:
        try:
            return mirror.get(mirror.place(listing)).body
        except http.client.IncompleteRead as error:
            return error.partial
        except ConnectionError:
            return b""

    for round_ in range(5):
        good = _large(up, 2 * MIB, "goodgood" + "x" * round_)
        up.fault(good.path, Fault.trickle(16 * MIB))
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(ask, [bad, good, bad, good, bad, good, bad, good]))
        assert {hashlib.sha256(body).hexdigest() for body in answers[1::2]} == {good.file.sha256}
        strange = [body[:300] for body in answers[::2] if body and b'"status": 502' not in body]
        assert strange == []


def test_a_connection_serves_one_request_after_another(both: Both) -> None:
    up, mirror = both
    big, small = _large(up), up.add(make_wheel("small", "1.0"))
    connection = mirror.connection()
    for listing in (big, small, big, small):
        connection.request("GET", mirror.place(listing), headers={RUN_HEADER: "run"})
        body = connection.getresponse().read()
        assert hashlib.sha256(body).hexdigest() == listing.file.sha256
    connection.close()


def test_the_mirror_ends_while_streams_are_open(tmp_path: Path) -> None:
    with Upstream() as up:
        big = _large(up, 16 * MIB)
        up.fault(big.path, Fault.hang(after=MIB))
        with Mirror(tmp_path, up) as mirror:
            connection, answer = _begun(mirror, big)
            answer.read(1000)
        assert mirror.kept() == []
        connection.close()
