"""Files: whole, in ranges, by HEAD, fetched once, and streamed while they come."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from jhansi_runner.proxy.mirror.answer import RUN_HEADER
from support.mirror import Mirror, eventually, mirrored
from support.registry import BuiltFile, Fault, Listing, Upstream
from support.wheels import make_wheel

Both = tuple[Upstream, Mirror]


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Both]:
    with mirrored(tmp_path, split_files=True) as pair:
        yield pair


def _sized(up: Upstream, size: int) -> Listing:
    return up.add_virtual("demo-1.0-py3-none-any.whl", size)


def test_a_file_comes_whole_and_the_second_time_from_the_cache(both: Both) -> None:
    up, mirror = both
    wheel = up.add(make_wheel("demo", "1.0"))
    for how in ("miss", "hit"):
        got = mirror.get(mirror.place(wheel))
        assert (got.status, got.body) == (200, wheel.file.data)
        assert got.headers["etag"] == f'"{wheel.file.sha256}"'
        assert got.headers["accept-ranges"] == "bytes"
        assert mirror.ledger()[-1]["cache"] == how
    assert up.count(wheel.path) == 1
    assert mirror.kept() == [wheel.file.sha256]


def test_metadata_comes_by_its_own_hash(both: Both) -> None:
    up, mirror = both
    wheel = up.add(make_wheel("demo", "1.0"))
    got = mirror.get(mirror.place(wheel) + ".metadata")
    assert (got.status, got.body) == (200, wheel.file.metadata)
    assert up.count(wheel.path) == 0
    assert mirror.kept() == [hashlib.sha256(wheel.file.metadata).hexdigest()]


@pytest.mark.parametrize(("marked", "hashed"), [(False, False), (True, False)])
def test_metadata_without_a_promise_is_absent(both: Both, marked: bool, hashed: bool) -> None:
    up, mirror = both
    wheel = up.add(make_wheel("demo", "1.0"), core_metadata=marked, metadata_hashes=hashed)
    assert mirror.get(mirror.place(wheel) + ".metadata").status == 404
    assert up.count(wheel.metadata_path) == 0


@pytest.mark.parametrize("warm", [False, True])
def test_head_gives_the_true_length(both: Both, warm: bool) -> None:
    up, mirror = both
    wheel = _sized(up, 3 << 20)
    if warm:
        mirror.get(mirror.place(wheel))
    got = mirror.get(mirror.place(wheel), "HEAD")
    assert (got.status, got.headers["content-length"], got.body) == (200, str(3 << 20), b"")


def test_head_gives_the_true_length_where_the_index_has_no_sizes(both: Both) -> None:
    up, mirror = both
    wheel = _sized(up, 3 << 20)
    up.fault("/simple/demo/", Fault.html_only())
    assert mirror.get(mirror.place(wheel), "HEAD").headers["content-length"] == str(3 << 20)


@pytest.mark.parametrize(
    ("header", "span"),
    [("bytes=0-9", (0, 10)), ("bytes=100-", (100, None)), ("bytes=-50", (-50, None)), ("bytes=5-99999999", (5, None))],
)
@pytest.mark.parametrize("warm", [False, True])
def test_one_range_is_served(both: Both, header: str, span: tuple[int, int | None], warm: bool) -> None:
    up, mirror = both
    wheel = up.add(make_wheel("demo", "1.0"))
    if warm:
        mirror.get(mirror.place(wheel))
    got = mirror.get(mirror.place(wheel), Range=header)
    data = wheel.file.data[slice(*span)]
    start = wheel.file.data.index(data)
    assert (got.status, got.body) == (206, data)
    assert got.headers["content-length"] == str(len(data))
    assert got.headers["content-range"] == f"bytes {start}-{start + len(data) - 1}/{wheel.file.size}"


@pytest.mark.parametrize("header", ["bytes=0-1,5-6", "items=0-1", "bytes=5-2", "bytes=-", "bytes=1-" + "9" * 5000])
def test_what_is_no_single_range_gets_the_whole(both: Both, header: str) -> None:
    up, mirror = both
    wheel = up.add(make_wheel("demo", "1.0"))
    got = mirror.get(mirror.place(wheel), Range=header)
    assert (got.status, got.body) == (200, wheel.file.data)


def test_a_range_beyond_the_end_is_416_with_the_size(both: Both) -> None:
    up, mirror = both
    wheel = up.add(make_wheel("demo", "1.0"))
    got = mirror.get(mirror.place(wheel), Range=f"bytes={wheel.file.size}-")
    assert (got.status, got.headers["content-range"]) == (416, f"bytes */{wheel.file.size}")


def test_if_range_asks_for_the_file_that_we_have(both: Both) -> None:
    up, mirror = both
    wheel = up.add(make_wheel("demo", "1.0"))
    ours = f'"{wheel.file.sha256}"'
    assert mirror.get(mirror.place(wheel), Range="bytes=0-4", If_Range=ours).status == 206
    assert mirror.get(mirror.place(wheel), Range="bytes=0-4", If_Range='"other"').status == 200


def test_fifty_clients_cost_one_fetch(both: Both) -> None:
    up, mirror = both
    wheel = _sized(up, 2 << 20)
    up.fault(wheel.path, Fault.trickle(8 << 20))
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: mirror.get(mirror.place(wheel)), range(50)))
    assert {hashlib.sha256(got.body).hexdigest() for got in answers} == {wheel.file.sha256}
    assert (up.count(wheel.path), up.count("/simple/demo/")) == (1, 1)


def test_bytes_reach_the_client_while_the_rest_is_on_its_way(both: Both) -> None:
    up, mirror = both
    wheel = _sized(up, 4 << 20)
    hang = up.fault(wheel.path, Fault.hang(after=1 << 20))
    connection = mirror.connection(5)
    connection.request("GET", mirror.place(wheel), headers={RUN_HEADER: "run"})
    answer = connection.getresponse()
    assert answer.getheader("content-length") == str(4 << 20)
    begin = answer.read(1 << 19)
    hang.release.set()
    assert hashlib.sha256(begin + answer.read()).hexdigest() == wheel.file.sha256
    connection.close()


def test_the_fetch_outlives_the_client_that_asked(both: Both) -> None:
    up, mirror = both
    wheel = _sized(up, 4 << 20)
    hang = up.fault(wheel.path, Fault.hang(after=1 << 20))
    connection = mirror.connection(5)
    connection.request("GET", mirror.place(wheel), headers={RUN_HEADER: "run"})
    connection.getresponse().read(1000)
    connection.close()
    hang.release.set()
    eventually(lambda: mirror.kept() == [wheel.file.sha256])
    assert mirror.get(mirror.place(wheel)).status == 200
    assert up.count(wheel.path) == 1


def test_a_file_that_is_kept_needs_no_second_fetch_for_another_place(both: Both) -> None:
    up, mirror = both
    wheel = up.add(make_wheel("demo", "1.0"))
    twin = BuiltFile("twin", "1.0", "twin-1.0-py3-none-any.whl", wheel.file.content, wheel.file.sha256)
    other = up.add(twin)
    mirror.get(mirror.place(wheel))
    assert mirror.get(mirror.place(other)).body == wheel.file.data
    assert up.count(other.path) == 0


def test_a_kept_file_that_was_cut_or_removed_is_fetched_anew(both: Both) -> None:
    up, mirror = both
    wheel = up.add(make_wheel("demo", "1.0"))
    path = Path(mirror.files.path(wheel.file.sha256))
    assert mirror.get(mirror.place(wheel)).body == wheel.file.data
    path.unlink()
    assert mirror.get(mirror.place(wheel)).body == wheel.file.data
    path.chmod(0o600)
    path.write_bytes(b"cut")
    assert mirror.get(mirror.place(wheel)).body == wheel.file.data
    assert up.count(wheel.path) == 3
    assert mirror.files.verify(wheel.file.sha256)


def test_a_file_of_no_bytes_is_a_file(both: Both) -> None:
    up, mirror = both
    wheel = _sized(up, 0)
    for _ in range(2):
        got = mirror.get(mirror.place(wheel))
        assert (got.status, got.body, got.headers["content-length"]) == (200, b"", "0")


def test_many_stalled_downloads_hold_nobody_else_up(both: Both) -> None:
    up, mirror = both
    small = up.add(make_wheel("small", "1.0"))
    mirror.get(mirror.place(small))
    big = _sized(up, 4 << 20)
    hang = up.fault(big.path, Fault.hang(threading.Event(), after=1 << 20))
    with ThreadPoolExecutor(60) as pool:
        waiting = [pool.submit(mirror.get, mirror.place(big)) for _ in range(60)]
        eventually(lambda: up.count(big.path) == 1)
        assert mirror.get(mirror.place(small)).status == 200
        hang.release.set()
        assert all(one.result().status == 200 for one in waiting)
