"""What a registry has is served whole, once fetched, in its own protocol."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from jhansi_runner.proxy.policy.load import load
from jhansi_runner.proxy.policy.sources import Source
from support.mirror import eventually
from support.pair import Pair, Start
from support.registry import Fault


def test_a_listing_names_every_version(pair: Pair) -> None:
    got = pair.listing()
    assert got.status == 200
    assert pair.case.listed(got.body) == list(pair.case.versions)


def test_a_file_comes_as_it_is_and_the_second_time_from_the_cache(pair: Pair) -> None:
    version = pair.case.versions[0]
    first, second = pair.file(version), pair.file(version)
    assert first.body == second.body == pair.content[version]
    assert pair.case.server.count(pair.case.upstream_file(version)) == 1
    assert [entry["cache"] for entry in pair.mirror.ledger()] == ["miss", "hit"]
    assert {entry["purl"] for entry in pair.mirror.ledger()} == {f"{pair.case.package}@{version}"}


def test_a_file_needs_no_listing_first_and_head_tells_its_length(pair: Pair) -> None:
    version = pair.case.versions[1]
    head = pair.file(version, "HEAD")
    assert (head.status, head.body) == (200, b"")
    assert int(head.headers["content-length"]) == len(pair.content[version])


def test_a_part_of_a_file_is_that_part(pair: Pair) -> None:
    version = pair.case.versions[0]
    got = pair.file(version, Range="bytes=5-14")
    assert (got.status, got.body) == (206, pair.content[version][5:15])
    assert got.headers["content-range"] == f"bytes 5-14/{len(pair.content[version])}"
    tail = pair.file(version, Range="bytes=-7")
    assert (tail.status, tail.body) == (206, pair.content[version][-7:])
    assert pair.file(version, Range=f"bytes={len(pair.content[version])}-").status == 416


def test_a_listing_is_fetched_once_and_unchanged_is_said_in_our_own_words(pair: Pair) -> None:
    first = pair.listing()
    again = pair.listing(If_None_Match=first.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    assert pair.listing(If_None_Match='"another"').status == 200
    assert pair.case.server.count(pair.case.upstream_listing) == 1
    assert not any(request.headers.get("if-none-match") for request in pair.case.server.requests)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_file_that_a_client_has_is_not_sent_again(pair: Pair, method: str) -> None:
    version = pair.case.versions[0]
    tag = pair.file(version).headers["etag"]
    for known in (tag, f'"other", {tag}', f"W/{tag}"):
        again = pair.file(version, method, If_None_Match=known, Range="bytes=0-3")
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
        assert "content-length" not in again.headers
    assert pair.file(version, method, If_None_Match='"other"').status == 200
    strict = pair.case.policy(f"default: allow\nrules:\n  - deny: {pair.case.package}\n")
    pair.mirror.run("strict", policy=load((Source("policy.yaml", strict.encode(), "main"),)))
    assert pair.file(version, method, If_None_Match=tag, run="strict").status == 403


def test_every_fault_and_refusal_says_its_code_where_clients_look(pair: Pair) -> None:
    for answer, code in (
        (pair.file(pair.case.versions[0], run="offline"), "JR-NOT-CACHED"),
        (pair.mirror.get(f"/{pair.case.type}/no/such/thing?x=y"), "JR-NO-PACKAGE"),
    ):
        assert code in pair.case.reason(answer.body)
        assert answer.reason.endswith(f"[{code}]")


def test_many_who_ask_for_a_new_file_make_one_request(pair: Pair) -> None:
    version = pair.case.versions[2]
    crowd = 60
    ready = threading.Barrier(crowd)

    def ask() -> bytes:
        ready.wait(60)
        return pair.file(version).body

    with ThreadPoolExecutor(crowd) as pool:
        bodies = {future.result() for future in [pool.submit(ask) for _ in range(crowd)]}
    assert bodies == {pair.content[version]}
    assert pair.case.server.count(pair.case.upstream_file(version)) == 1


def test_many_who_ask_for_a_new_listing_make_one_request(pair: Pair) -> None:
    crowd = 30
    hang = pair.case.server.fault(pair.case.upstream_listing, Fault.hang())
    with ThreadPoolExecutor(crowd) as pool:
        asked = [pool.submit(pair.listing) for _ in range(crowd)]
        eventually(lambda: pair.case.server.count(pair.case.upstream_listing))
        hang.release.set()
        answers = [future.result() for future in asked]
    assert {answer.status for answer in answers} == {200}
    assert pair.case.server.count(pair.case.upstream_listing) == 1


def test_offline_a_listing_names_what_can_be_had(pair: Pair) -> None:
    version = pair.case.versions[1]
    assert pair.listing(run="offline").status == 404
    pair.listing()
    assert {pair.mirror.get(path).status for path in pair.case.needed(version)} == {200}
    asked = len(pair.case.server.requests)
    assert pair.case.listed(pair.listing(run="offline").body) == [version]
    assert pair.file(version, run="offline").body == pair.content[version]
    gone = pair.file(pair.case.versions[0], run="offline")
    assert gone.status == 404
    assert "offline" in pair.case.reason(gone.body)
    assert len(pair.case.server.requests) == asked


@pytest.mark.parametrize("fault", [Fault.status(500), Fault.status(503), Fault.no_answer()])
def test_a_listing_is_served_stale_when_the_upstream_fails(pair: Pair, fault: Fault) -> None:
    before = pair.listing()
    pair.case.server.fault(pair.case.upstream_listing, fault)
    pair.mirror.ahead = 3600
    assert pair.listing().body == before.body
    assert pair.mirror.ledger()[-1]["cache"] == "stale"


def test_what_the_upstream_has_not_is_remembered_for_a_moment_only(pair: Pair) -> None:
    pair.case.server.fault(pair.case.upstream_listing, Fault.status(404))
    assert [pair.listing().status for _ in range(3)] == [404, 404, 404]
    assert pair.case.server.count(pair.case.upstream_listing) == 1
    pair.case.server.heal()
    pair.mirror.ahead = 120
    assert pair.listing().status == 200


def test_a_fault_is_not_remembered_as_an_absence(pair: Pair) -> None:
    pair.case.server.fault(pair.case.upstream_listing, Fault.status(500))
    assert pair.listing().status == 502
    pair.case.server.heal()
    assert pair.listing().status == 200


def test_an_upstream_that_asks_to_slow_down_is_passed_on(pair: Pair) -> None:
    pair.case.server.fault(pair.case.upstream_listing, Fault.status(429, retry_after=17))
    got = pair.listing()
    assert (got.status, got.headers["retry-after"]) == (429, "17")


@pytest.mark.parametrize("body", [b"", b"\xff\xfe\x00", b"{" * 50_000, b"<a" * 1000, b'{"versions": 3, "files": {}}'])
def test_a_listing_that_cannot_be_read_is_not_passed_on(pair: Pair, body: bytes) -> None:
    pair.case.server.fault(pair.case.upstream_listing, Fault.swap(body))
    got = pair.listing()
    if got.status == 200:  # an empty list is a list, where lines are all there is
        assert pair.case.listed(got.body) == []
    else:
        assert got.status in (404, 502)
        assert pair.case.reason(got.body)
    pair.case.server.heal()
    pair.mirror.ahead = 3600
    eventually(lambda: pair.case.listed(pair.listing().body) == list(pair.case.versions))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "listing"), ("POST", "listing"), ("DELETE", "listing"), ("PATCH", "file"), ("POST", "file"),
        ("GET", "listing?write=true"), ("GET", "file?x=1"), ("GET", "nothing/../x"),
        ("GET", ""), ("GET", "-/v1/search"),
    ],
)  # fmt: skip
def test_whatever_names_nothing_is_refused_and_asked_of_nobody(pair: Pair, method: str, path: str) -> None:
    named, query, words = path.partition("?")
    places = {"listing": pair.case.listing, "file": pair.case.file(pair.case.versions[0])}
    place = places.get(named, f"/{pair.case.type}/{named}") + query + words
    got = pair.mirror.get(place, method)
    assert got.status == 403
    assert pair.case.reason(got.body)
    assert pair.case.server.requests == []


def test_a_client_is_never_sent_elsewhere(start: Start) -> None:
    pair = start()
    version = pair.case.versions[0]
    for path in (pair.case.upstream_listing, pair.case.upstream_file(version)):
        pair.case.server.fault(path, Fault.redirect("https://elsewhere.test/x"))
    for got in (pair.listing(), pair.file(version)):
        assert got.status == 502
        assert "location" not in got.headers
        assert "not a host that the policy lets out" in pair.case.reason(got.body)
