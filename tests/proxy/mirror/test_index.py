"""Index pages: filtered, revalidated, rendered, and never taken from an upstream that talks nonsense."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.mirror import Mirror, mirrored
from support.registry import Fault, Upstream
from support.wheels import make_sdist, make_wheel

PAGE = "/simple/demo/"


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[Upstream, Mirror]]:
    with mirrored(tmp_path) as (up, mirror):
        up.add(make_wheel("demo", "1.0"))
        up.add(make_wheel("demo", "2.0"), yanked="broken")
        up.add(make_sdist("demo", "1.0"))
        yield up, mirror


def test_json_carries_what_installers_need(both: tuple[Upstream, Mirror]) -> None:
    up, mirror = both
    got = mirror.index()
    assert (got.status, got.headers["content-type"]) == (200, "application/vnd.pypi.simple.v1+json")
    files = {file["filename"]: file for file in json.loads(got.body)["files"]}
    wheel = make_wheel("demo", "2.0")
    entry = files[wheel.filename]
    assert entry["hashes"] == {"sha256": wheel.sha256}
    assert (entry["size"], entry["yanked"]) == (wheel.size, "broken")
    assert entry["core-metadata"] == entry["dist-info-metadata"] != False  # noqa: E712
    assert entry["url"].startswith(f"../../files/127.0.0.1:{up.port}/")
    assert set(files) == {"demo-1.0-py3-none-any.whl", "demo-2.0-py3-none-any.whl", "demo-1.0.tar.gz"}


@pytest.mark.parametrize("accept", ["text/html", "*/*", "application/vnd.pypi.simple.v1+html"])
def test_html_is_rendered_for_those_who_want_it(both: tuple[Upstream, Mirror], accept: str) -> None:
    _, mirror = both
    got = mirror.get("/pypi/simple/demo/", Accept=accept)
    assert got.headers["content-type"] == "text/html; charset=utf-8"
    assert b'data-yanked="broken"' in got.body
    assert b"#sha256=" + make_wheel("demo", "1.0").sha256.encode() in got.body


def test_a_page_is_asked_for_once_and_revalidated_with_the_etag(both: tuple[Upstream, Mirror]) -> None:
    up, mirror = both
    first = mirror.index()
    mirror.index()
    assert up.count(PAGE) == 1
    mirror.ahead = 700
    assert mirror.index().body == first.body
    assert up.count(PAGE) == 2
    assert "if-none-match" in up.requests[-1].headers
    assert [entry.get("cache") for entry in mirror.ledger()] == ["miss", "hit", "revalidated"]


def test_a_client_that_insists_gets_a_revalidated_page(both: tuple[Upstream, Mirror]) -> None:
    up, mirror = both
    mirror.index()
    mirror.ahead = 5
    mirror.index(Cache_Control="max-age=0")
    assert up.count(PAGE) == 2
    mirror.ahead = 6
    mirror.index(Cache_Control="max-age=0")
    assert up.count(PAGE) == 2, "within two seconds it would ask again for nothing"


def test_the_etag_is_that_of_our_view(both: tuple[Upstream, Mirror]) -> None:
    up, mirror = both
    first = mirror.index()
    assert first.headers["etag"] != up.answer(up.requests[0], files=False).headers["ETag"]
    again = mirror.index(If_None_Match=f'"other", {first.headers["etag"]}')
    assert (again.status, again.body) == (304, b"")
    html = mirror.get("/pypi/simple/demo/", Accept="text/html", If_None_Match=first.headers["etag"])
    assert html.status == 200


def test_a_new_file_changes_the_etag(both: tuple[Upstream, Mirror]) -> None:
    up, mirror = both
    first = mirror.index()
    up.add(make_wheel("demo", "3.0"))
    mirror.ahead = 700
    again = mirror.index(If_None_Match=first.headers["etag"])
    assert (again.status, again.versions) == (200, ["1.0", "2.0", "3.0"])


def test_head_says_the_true_length(both: tuple[Upstream, Mirror]) -> None:
    _, mirror = both
    head = mirror.index(method="HEAD")
    assert (head.status, head.body) == (200, b"")
    assert int(head.headers["content-length"]) == len(mirror.index().body)


def test_a_page_survives_the_death_of_its_upstream(both: tuple[Upstream, Mirror]) -> None:
    up, mirror = both
    first = mirror.index()
    up.stop()
    mirror.ahead = 90_000
    assert mirror.index().body == first.body
    assert mirror.ledger()[-1]["cache"] == "stale"
    assert mirror.index("other").status == 502


@pytest.mark.parametrize("fault", [Fault.garbage(), Fault.status(500), Fault.empty(), Fault.short(40)])
def test_a_faulty_page_neither_replaces_nor_outlives(both: tuple[Upstream, Mirror], fault: Fault) -> None:
    up, mirror = both
    up.fault(PAGE, fault)
    assert mirror.index().status == 502
    assert list(mirror.store.documents()) == []
    up.heal()
    good = mirror.index()
    assert good.status == 200
    up.fault(PAGE, fault)
    up.add(make_wheel("demo", "3.0"))
    mirror.ahead = 700
    assert mirror.index().body == good.body
    assert mirror.ledger()[-1]["cache"] == "stale"


def test_an_absent_project_is_absent_for_a_minute_only(both: tuple[Upstream, Mirror]) -> None:
    up, mirror = both
    assert mirror.index("late").status == 404
    assert mirror.index("late").status == 404
    assert up.count("/simple/late/") == 1
    up.add(make_wheel("late", "1.0"))
    mirror.ahead = 61
    assert mirror.index("late").versions == ["1.0"]


def test_a_request_to_slow_down_is_passed_on(both: tuple[Upstream, Mirror]) -> None:
    up, mirror = both
    up.fault(PAGE, Fault.status(429, retry_after=17))
    got = mirror.index()
    assert (got.status, got.headers["retry-after"]) == (429, "17")
    assert up.count(PAGE) == 1, "it was asked again all the same"


def test_names_are_asked_for_in_their_canonical_form(both: tuple[Upstream, Mirror]) -> None:
    up, mirror = both
    assert mirror.index("DeMo").status == 200
    assert {request.path for request in up.requests} == {PAGE}


def test_html_of_an_old_mirror_is_understood(both: tuple[Upstream, Mirror]) -> None:
    up, mirror = both
    up.fault(PAGE, Fault.html_only())
    assert mirror.index().versions == ["1.0", "2.0"]
