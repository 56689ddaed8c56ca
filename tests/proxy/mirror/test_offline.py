"""Offline: what is in the cache is all there is, and the index says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.mirror import Mirror, mirrored
from support.registry import Upstream
from support.wheels import make_wheel

Both = tuple[Upstream, Mirror]


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Both]:
    with mirrored(tmp_path) as pair:
        yield pair


def test_the_index_shows_what_can_be_installed(both: Both) -> None:
    up, mirror = both
    old, new = up.add(make_wheel("demo", "1.0")), up.add(make_wheel("demo", "2.0"))
    mirror.get(mirror.place(old))
    asked = len(up.requests)
    assert mirror.index(run="offline").versions == ["1.0"]
    assert mirror.get(mirror.place(old), run="offline").body == old.file.data
    got = mirror.get(mirror.place(new), run="offline")
    assert (got.status, "never fetched" in got.problem) == (404, True)
    assert len(up.requests) == asked
    mirror.get(mirror.place(new))
    assert mirror.index(run="offline").versions == ["1.0", "2.0"]


@pytest.mark.parametrize("accept", ["application/vnd.pypi.simple.v1+json", "text/html"])
def test_metadata_that_was_never_fetched_is_not_promised(both: Both, accept: str) -> None:
    up, mirror = both
    wheel = up.add(make_wheel("demo", "1.0"))
    assert b"core-metadata" in mirror.index(Accept=accept).body
    mirror.get(mirror.place(wheel))  # as from a lock, for which no client reads metadata
    assert b"core-metadata" not in mirror.index(run="offline", Accept=accept).body
    mirror.get(mirror.place(wheel) + ".metadata")
    assert b"core-metadata" in mirror.index(run="offline", Accept=accept).body
    assert b"core-metadata" in mirror.index(Accept=accept).body


def test_what_was_never_asked_for_is_said_to_be_missing(both: Both) -> None:
    up, mirror = both
    wheel = up.add(make_wheel("demo", "1.0"))
    for path in ("/pypi/simple/demo/", mirror.place(wheel), mirror.place(wheel) + ".metadata"):
        got = mirror.get(path, run="offline")
        assert (got.status, mirror.ledger()[-1]["code"]) == (404, "JR-NOT-CACHED")
    assert up.requests == []


def test_an_old_page_is_good_enough(both: Both) -> None:
    up, mirror = both
    wheel = up.add(make_wheel("demo", "1.0"))
    mirror.get(mirror.place(wheel))
    mirror.ahead = 10_000_000
    up.stop()
    assert mirror.index(run="offline").versions == ["1.0"]
    assert mirror.index(run="offline", Cache_Control="max-age=0").versions == ["1.0"]
    assert mirror.index(method="HEAD", run="offline").status == 200


def test_what_the_upstream_does_not_have_is_not_said_to_be_missing_here(both: Both) -> None:
    _, mirror = both
    assert mirror.index("late").status == 404
    assert mirror.index("late", run="offline").status == 404
    assert (mirror.ledger()[-1]["code"], mirror.ledger()[-1]["status"]) == ("JR-UPSTREAM", 404)


def test_an_index_that_hides_what_is_not_cached_says_so(both: Both) -> None:
    up, mirror = both
    old, new = up.add(make_wheel("demo", "1.0")), up.add(make_wheel("demo", "2.0"))
    mirror.index()
    mirror.index(run="offline")
    assert "no version of pkg:pypi/demo is in the cache" in mirror.ledger()[-1]["reason"]
    mirror.get(mirror.place(old))
    mirror.index(run="offline")
    assert (mirror.ledger()[-1]["status"], mirror.ledger()[-1]["code"]) == (200, "JR-NOT-CACHED")
    assert "1 of 2 versions of pkg:pypi/demo is in the cache" in mirror.ledger()[-1]["reason"]
    mirror.get(mirror.place(new))
    mirror.index(run="offline")
    assert "code" not in mirror.ledger()[-1]
