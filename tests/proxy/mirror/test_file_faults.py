"""Files that an upstream gets wrong: reported as such, never finished cleanly, and nothing of them is kept."""

from __future__ import annotations

import http.client
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.mirror import Mirror, eventually, mirrored
from support.registry import Fault, Listing, Request, Upstream
from support.registry.pages import JSON
from support.wheels import make_wheel

Both = tuple[Upstream, Mirror]
SMALL, LARGE = 100_000, 3 << 20


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Both]:
    with mirrored(tmp_path) as pair:
        yield pair


def _sized(up: Upstream, size: int) -> Listing:
    return up.add_virtual("demo-1.0-py3-none-any.whl", size)


FAULTS: dict[str, tuple[Callable[[int], Fault], str]] = {
    "corrupt": (lambda size: Fault.corrupt(size // 2), "sha256"),
    "corrupt-last": (lambda size: Fault.corrupt(size - 1), "sha256"),
    "swapped": (lambda size: Fault.swap(bytes(size)), "sha256"),
    "short": (lambda size: Fault.short(size // 2), "broke off"),
    "short-unseen": (lambda size: Fault.short(size // 2, "close"), f"of {SMALL} bytes"),
    "short-chunked": (lambda size: Fault.short(size // 2, "chunked"), "broke off"),
    "long": (lambda _: Fault.long(10), "announces"),
    "endless": (lambda _: Fault.endless(), "more than"),
    "reset": (lambda size: Fault.disconnect(size // 2), "broke off"),
    "empty": (lambda _: Fault.empty(), "announces 0 bytes"),
    "nothing": (lambda _: Fault.no_answer(), "cannot reach"),
    "500": (lambda _: Fault.status(500), "answered 500"),
    "403": (lambda _: Fault.status(403), "answered 403"),
    "stalled": (lambda size: Fault.hang(after=size // 2), "broke off"),
    "silent": (lambda _: Fault.hang(), "cannot reach"),
}
BEFORE_THE_FIRST_BYTE = {"long", "empty", "nothing", "500", "403", "silent"}


@pytest.mark.parametrize("name", FAULTS)
def test_a_small_file_is_refused_with_what_was_wrong(both: Both, name: str) -> None:
    up, mirror = both
    make, words = FAULTS[name]
    wheel = _sized(up, SMALL)
    up.fault(wheel.path, make(SMALL))
    got = mirror.get(mirror.place(wheel))
    # Clients try a 5xx again, and then tell nothing of it; what the upstream keeps from everybody is not there.
    status = {"sha256": 409, "answered 403": 404}.get(words, 502)
    assert got.status == status
    assert words in got.problem
    assert words in got.headers["x-jhansi-reason"]
    assert mirror.kept() == []
    entry = mirror.ledger()[-1]
    assert (entry["verdict"], entry["code"], entry["status"]) == ("fault", "JR-UPSTREAM", status)
    up.heal()
    assert mirror.get(mirror.place(wheel)).body == b"".join(wheel.file.content.chunks)


@pytest.mark.parametrize("name", FAULTS)
def test_a_large_file_breaks_off_and_the_ledger_says_why(both: Both, name: str) -> None:
    up, mirror = both
    make, words = FAULTS[name]
    wheel = _sized(up, LARGE)
    up.fault(wheel.path, make(LARGE))
    if name in BEFORE_THE_FIRST_BYTE:
        assert words in mirror.get(mirror.place(wheel)).problem
    else:
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            mirror.get(mirror.place(wheel))
    eventually(lambda: mirror.ledger()[-1]["verdict"] == "fault")
    assert words.replace(str(SMALL), str(LARGE)) in mirror.ledger()[-1]["reason"]
    assert mirror.kept() == []
    up.heal()
    assert len(mirror.get(mirror.place(wheel)).body) == LARGE


def test_bytes_after_the_promised_end_are_not_the_next_answer(both: Both) -> None:
    up, mirror = both
    wheel, other = up.add(make_wheel("demo", "1.0")), up.add(make_wheel("other", "1.0"))
    up.fault(wheel.path, Fault.long(300, declared=False))
    assert mirror.get(mirror.place(wheel)).body == wheel.file.data
    assert mirror.get(mirror.place(other)).body == other.file.data


def test_fewer_bytes_than_the_index_says_are_refused_though_the_hash_fits(both: Both) -> None:
    up, mirror = both
    wheel = up.add(make_wheel("demo", "1.0"))
    page = json.loads(b"".join(up.answer(Request("GET", "/simple/demo/", {"accept": JSON}), files=False).body))
    page["files"][0]["size"] += 1
    up.fault("/simple/demo/", Fault.swap(json.dumps(page).encode()))
    got = mirror.get(mirror.place(wheel))
    assert (got.status, mirror.kept()) == (502, [])


def test_an_endless_file_of_unknown_size_is_cut_off(both: Both) -> None:
    up, mirror = both
    wheel = up.add(make_wheel("demo", "1.0"))
    up.fault(wheel.metadata_path, Fault.endless())
    got = mirror.get(mirror.place(wheel) + ".metadata")
    assert (got.status, mirror.kept()) == (502, [])
    assert "more than" in got.problem


def test_metadata_that_announces_too_much_is_not_taken(both: Both) -> None:
    up, mirror = both
    wheel = up.add(make_wheel("demo", "1.0"))
    up.fault(wheel.metadata_path, Fault.long(17 << 20))
    assert "too much" in mirror.get(mirror.place(wheel) + ".metadata").problem


def test_a_file_in_an_encoding_is_taken_for_what_it_is(both: Both) -> None:
    up, mirror = both
    wheel = _sized(up, SMALL)
    up.fault(wheel.path, Fault.gzip_bomb(1 << 30))
    got = mirror.get(mirror.place(wheel))
    assert (got.status, mirror.kept()) == (502, [])


@pytest.mark.parametrize("status", [404, 410])
def test_a_file_that_is_gone_upstream_is_not_found(both: Both, status: int) -> None:
    up, mirror = both
    wheel = _sized(up, SMALL)
    up.fault(wheel.path, Fault.status(status))
    assert mirror.get(mirror.place(wheel)).status == 404
    up.heal()
    assert mirror.get(mirror.place(wheel)).status == 200


def test_a_file_is_asked_for_again_where_the_upstream_stumbles(both: Both) -> None:
    up, mirror = both
    wheel = _sized(up, SMALL)
    up.fault(wheel.path, Fault.status(503), times=2)
    assert mirror.get(mirror.place(wheel)).status == 200
    assert up.count(wheel.path) == 3


def test_a_full_disk_is_said_and_leaves_nothing(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    up, mirror = both
    wheel = _sized(up, SMALL)
    incoming: Callable[[], tuple[int, str]] = mirror.files.incoming

    def full() -> tuple[int, str]:
        descriptor, path = incoming()
        with open("/dev/full", "w") as disk:
            os.dup2(disk.fileno(), descriptor)
        return descriptor, path

    monkeypatch.setattr(mirror.files, "incoming", full)
    got = mirror.get(mirror.place(wheel))
    assert got.status == 507
    assert "No space left" in got.problem
    assert mirror.kept() == []
