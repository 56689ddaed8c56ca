"""Several processes, one cache: one upstream request for all their clients, who get the bytes while they come."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from jhansi_runner.proxy.cache import removal
from jhansi_runner.proxy.cache.artifacts import FLIGHT, ArtifactFiles
from jhansi_runner.proxy.cache.checkup import check_all
from jhansi_runner.proxy.cache.contents import mark_all, remove_marked, things
from jhansi_runner.proxy.cache.store import Store
from jhansi_runner.proxy.mirror.answer import RUN_HEADER
from support.mirror import eventually
from support.registry import Fault, Listing, Upstream

MIB = 1 << 20
TESTS = str(Path(__file__).parents[2])
_SERVE = """
import sys, types
from pathlib import Path
import aiohttp
from support import mirror
from support.mirror import Mirror
mirror.TIMEOUT = aiohttp.ClientTimeout(total=None, sock_read=30)
up = types.SimpleNamespace(url=sys.argv[2], files_port=int(sys.argv[3]))
with Mirror(Path(sys.argv[1]), up) as served:
    print(served.port, flush=True)
    sys.stdin.read()
"""


class Worker:
    """A mirror in a process of its own."""

    def __init__(self, folder: Path, up: Upstream) -> None:
        command = [sys.executable, "-c", _SERVE, str(folder), up.url, str(up.files_port)]
        env = {**os.environ, "PYTHONPATH": TESTS}
        self.process = subprocess.Popen(
            command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        self.up = up

    def wait(self) -> None:
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    def ask(self, listing: Listing) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        place = f"/pypi/files/127.0.0.1:{self.up.files_port}{listing.path}"
        connection.request("GET", place, headers={RUN_HEADER: "run", "Connection": "close"})
        return connection.getresponse()

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()

    def follows(self) -> bool:
        """Whether it has a flight open."""
        folder = f"/proc/{self.process.pid}/fd"
        for name in os.listdir(folder):
            with contextlib.suppress(FileNotFoundError):
                if os.readlink(f"{folder}/{name}").endswith(FLIGHT):
                    return True
        return False


@pytest.fixture
def up() -> Iterator[Upstream]:
    with Upstream() as upstream:
        yield upstream


@pytest.fixture
def workers(tmp_path: Path, up: Upstream, request: pytest.FixtureRequest) -> Iterator[list[Worker]]:
    started = [Worker(tmp_path, up) for _ in range(getattr(request, "param", 2))]
    try:
        for one in started:
            one.wait()
        yield started
    finally:
        for one in started:
            one.end()


def _large(up: Upstream, size: int = 4 * MIB, name: str = "demo") -> Listing:
    return up.add_virtual(f"{name}-1.0-py3-none-any.whl", size, seed=len(name))


def _whole(listing: Listing) -> bytes:
    return b"".join(listing.file.content.chunks)


def _verifies(folder: Path) -> bool:
    store = Store(str(folder))
    with contextlib.closing(store):
        return not check_all(store, ArtifactFiles(str(folder)), time.time(), keep=True).faults


@pytest.mark.parametrize("workers", [4], indirect=True)
@pytest.mark.parametrize("size", [100_000, 4 * MIB])
def test_two_hundred_clients_of_four_workers_cost_one_upstream_request(
    workers: list[Worker], up: Upstream, tmp_path: Path, size: int
) -> None:
    wheel = _large(up, size)
    hang = up.fault(wheel.path, Fault.hang(after=size // 2))
    with ThreadPoolExecutor(200) as pool:
        begun = threading.Barrier(200)

        def client(number: int) -> bytes:
            begun.wait(30)
            return workers[number % 4].ask(wheel).read()

        answers = [pool.submit(client, number) for number in range(200)]
        eventually(lambda: up.count(wheel.path))
        time.sleep(0.3)  # all are there, and nothing moves
        hang.release.set()
        assert {answer.result() for answer in answers} == {_whole(wheel)}
    assert up.count(wheel.path) == 1
    assert os.listdir(tmp_path / "incoming") == []
    assert _verifies(tmp_path)


def test_followers_in_another_process_get_bytes_while_the_leader_still_waits(
    workers: list[Worker], up: Upstream
) -> None:
    wheel = _large(up)
    hang = up.fault(wheel.path, Fault.hang(after=2 * MIB))
    answers = [one.ask(wheel) for one in workers]
    first = [answer.read(2 * MIB - 1) for answer in answers]
    assert not hang.release.is_set()
    assert [len(part) for part in first] == [2 * MIB - 1] * 2
    assert [answer.headers["content-length"] for answer in answers] == [str(4 * MIB)] * 2
    hang.release.set()
    assert [part + answer.read() for part, answer in zip(first, answers, strict=True)] == [_whole(wheel)] * 2
    assert up.count(wheel.path) == 1


def test_followers_of_a_killed_leader_go_on_where_it_stopped(
    workers: list[Worker], up: Upstream, tmp_path: Path
) -> None:
    leader, heir = workers
    wheel = _large(up)
    up.fault(wheel.path, Fault.hang(after=2 * MIB), times=1)
    with contextlib.closing(leader.ask(wheel)), contextlib.closing(heir.ask(wheel)) as answer:
        first = answer.read(MIB)
        os.kill(leader.process.pid, signal.SIGKILL)
        assert first + answer.read() == _whole(wheel)
    assert up.count(wheel.path) == 2
    assert os.listdir(tmp_path / "incoming") == []
    assert _verifies(tmp_path)


def test_what_a_killed_process_left_is_gone_on_with(workers: list[Worker], up: Upstream, tmp_path: Path) -> None:
    leader, late = workers
    wheel = _large(up)
    up.fault(wheel.path, Fault.hang(after=2 * MIB), times=1)
    with contextlib.closing(leader.ask(wheel)) as answer:
        answer.read(MIB)
        os.kill(leader.process.pid, signal.SIGKILL)
        leader.process.wait()
    assert _verifies(tmp_path)
    assert len(os.listdir(tmp_path / "incoming")) == 2
    assert late.ask(wheel).read() == _whole(wheel)
    assert os.listdir(tmp_path / "incoming") == []
    assert _verifies(tmp_path)


def test_a_leader_killed_before_the_first_byte_is_replaced(workers: list[Worker], up: Upstream) -> None:
    leader, heir = workers
    wheel = _large(up)
    up.fault(wheel.path, Fault.hang(), times=1)
    with ThreadPoolExecutor(2) as pool:
        lost = pool.submit(leader.ask, wheel)
        eventually(lambda: up.count(wheel.path))
        answer = pool.submit(lambda: heir.ask(wheel).read())
        eventually(heir.follows)
        os.kill(leader.process.pid, signal.SIGKILL)
        with pytest.raises((http.client.HTTPException, OSError)):
            lost.result()
        assert answer.result() == _whole(wheel)


def test_an_heir_that_gets_other_bytes_than_the_leader_breaks_off(
    workers: list[Worker], up: Upstream, tmp_path: Path
) -> None:
    leader, heir = workers
    wheel = _large(up)
    whole = _whole(wheel)
    corrupt = Fault.corrupt(10)
    up.fault(wheel.path, Fault.hang(after=2 * MIB), times=1)
    broken = up.fault(wheel.path, Fault(lambda reply: Fault.hang(after=2 * MIB).on_reply(corrupt.on_reply(reply))), 1)
    with contextlib.closing(leader.ask(wheel)), contextlib.closing(heir.ask(wheel)) as answer:
        assert answer.read(MIB) != whole[:MIB]
        up.heal()
        os.kill(leader.process.pid, signal.SIGKILL)
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            answer.read()
    broken.release.set()
    eventually(lambda: os.listdir(tmp_path / "incoming") == [])
    assert heir.ask(wheel).read() == whole


@pytest.mark.parametrize("size", [100_000, 4 * MIB])
def test_what_fails_for_the_leader_fails_for_all_with_its_words(
    workers: list[Worker], up: Upstream, tmp_path: Path, size: int
) -> None:
    wheel = _large(up, size)
    hang = Fault.hang()
    missing = Fault.status(404)
    up.fault(wheel.path, Fault(lambda reply: hang.on_reply(missing.on_reply(reply)), release=hang.release))
    with ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(one.ask, wheel) for one in workers]
        eventually(lambda: all(one.follows() for one in workers))
        hang.release.set()
        assert {answer.result().status for answer in answers} == {404}
    assert up.count(wheel.path) == 1
    assert os.listdir(tmp_path / "incoming") == []


def test_a_leader_that_ends_in_peace_leaves_the_rest_to_its_followers(workers: list[Worker], up: Upstream) -> None:
    leader, heir = workers
    wheel = _large(up)
    up.fault(wheel.path, Fault.hang(after=2 * MIB), times=1)
    with contextlib.closing(leader.ask(wheel)), contextlib.closing(heir.ask(wheel)) as answer:
        first = answer.read(MIB)
        assert leader.process.stdin is not None
        leader.process.stdin.close()
        assert first + answer.read() == _whole(wheel)
    assert up.count(wheel.path) == 2


def test_no_client_sees_what_goes_while_it_is_served(
    workers: list[Worker], up: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One process takes away what is there, again and again, while two serve it."""
    monkeypatch.setattr(removal, "GRACE_SECONDS", 0.3)
    monkeypatch.setattr(removal, "RECENT_SECONDS", 0.3)
    wheel = _large(up, 100_000)
    whole, until = _whole(wheel), time.monotonic() + 5
    statuses: list[tuple[int, bool]] = []

    def goes_on() -> bool:
        return time.monotonic() < until or (up.count(wheel.path) <= 2 and time.monotonic() < until + 60)

    def client(one: Worker) -> None:
        while goes_on():
            answer = one.ask(wheel)
            statuses.append((answer.status, answer.read() == whole))

    store, files = Store(str(tmp_path)), ArtifactFiles(str(tmp_path))
    with contextlib.closing(store), ThreadPoolExecutor(4) as pool:
        clients = [pool.submit(client, one) for one in workers * 2]
        while goes_on():
            mark_all(store, files, things(store, files, frozenset()), time.time())
            check_all(store, files, time.time())
            remove_marked(store, files, time.time())
            time.sleep(0.05)
        for one in clients:
            one.result()
    assert set(statuses) == {(200, True)}
    assert up.count(wheel.path) > 2, "nothing ever went"
