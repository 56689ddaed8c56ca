"""The policy decides listing and file alike, in every registry."""

from __future__ import annotations

import datetime

import pytest

from jhansi_runner.proxy.policy.load import load
from jhansi_runner.proxy.policy.sources import Source
from support.cases import GolangCase, NpmCase, PypiCase
from support.pair import DATED, Start

DAY = 86400


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


@pytest.mark.parametrize("index", [0, 2])
def test_a_denied_version_is_absent_from_the_listing_and_refused_as_a_file(start: Start, index: int) -> None:
    probe = start()
    version = probe.case.versions[index]
    rules = f"default: allow\nrules:\n  - deny: {probe.case.package}@{version}\n    reason: it steals keys\n"
    pair = start(rules)
    others = [one for one in pair.case.versions if one != version]
    assert pair.case.listed(pair.listing().body) == others
    assert pair.mirror.ledger()[-1]["code"] == "JR-WITHHELD"
    for method in ("GET", "HEAD"):
        assert pair.file(version, method).status == 403
    got = pair.file(version)
    assert "it steals keys" in pair.case.reason(got.body)
    assert "policy.yaml:7" in pair.case.reason(got.body)
    assert "it steals keys" in got.headers["x-jhansi-reason"]
    entry = pair.mirror.ledger()[-1]
    assert (entry["verdict"], entry["code"], entry["rule"]) == ("deny", "JR-DENY-RULE", "policy.yaml:7")
    assert pair.case.server.count(pair.case.upstream_file(version)) == 0
    assert pair.file(others[0]).body == pair.content[others[0]]


def test_a_file_that_was_cached_before_it_was_denied_is_refused(start: Start) -> None:
    pair = start()
    version = pair.case.versions[0]
    assert pair.file(version).status == 200
    rules = f"default: allow\nrules:\n  - deny: {pair.case.package}\n"
    denying = start(rules)
    assert denying.file(version).status == 403
    assert denying.mirror.kept(), "it is in the cache, which the two share"


def test_a_file_that_was_cached_before_it_was_too_large_is_refused(start: Start) -> None:
    pair = start()
    version = pair.case.versions[0]
    assert pair.file(version).status == 200
    strict = load((Source("policy.yaml", pair.case.policy("default: allow\nmax_size: 10 B\n").encode(), "main"),))
    pair.mirror.run("strict", policy=strict)
    for method in ("GET", "HEAD"):
        assert pair.file(version, method, run="strict").status == 403
    assert pair.mirror.ledger()[-1]["code"] == "JR-DENY-SIZE"
    assert pair.file(version).body == pair.content[version]


def test_a_denied_package_can_be_had_in_no_way(start: Start) -> None:
    probe = start()
    pair = start(f"default: allow\nrules:\n  - deny: {probe.case.package}\n    reason: it steals keys\n")
    for version in pair.case.versions:
        got = pair.file(version)
        assert (got.status, "it steals keys" in pair.case.reason(got.body)) == (403, True)
    listing = pair.listing()
    if pair.case.refused_in_listing:
        assert (listing.status, "it steals keys" in pair.case.reason(listing.body)) == (403, True)
        assert pair.case.server.requests == []
    else:
        assert pair.case.listed(listing.body) == list(pair.case.versions)
    assert all(pair.case.server.count(pair.case.upstream_file(version)) == 0 for version in pair.case.versions)


def test_what_the_default_denies_is_asked_of_nobody(start: Start) -> None:
    pair = start("default: deny\n")
    assert pair.listing().status == 403
    assert pair.file(pair.case.versions[0]).status == 403
    assert pair.case.server.requests == []


@pytest.mark.parametrize("start", DATED, indirect=True, ids=lambda case: case.type)
def test_both_sides_of_the_cutoff(start: Start) -> None:
    old, young = _now() - datetime.timedelta(days=3, minutes=5), _now() - datetime.timedelta(days=3, minutes=-5)
    pair = start("default: allow\nminimum_age: {pypi: 3 days, npm: 3 days, maven: 3 days, golang: 3 days}\n",
                 {0: old, 1: old, 2: young})  # fmt: skip
    first, _, last = pair.case.versions
    assert pair.case.listed(pair.listing().body) == list(pair.case.versions[:2])
    assert pair.file(first).status == 200
    got = pair.file(last)
    assert got.status == 403
    assert "3 days" in pair.case.reason(got.body)
    assert pair.mirror.ledger()[-1]["code"] == "JR-DENY-AGE"
    assert pair.case.server.count(pair.case.upstream_file(last)) == 0
    pair.mirror.ahead = 600
    assert pair.case.listed(pair.listing().body) == list(pair.case.versions)
    assert pair.file(last).body == pair.content[last]


@pytest.mark.parametrize("start", [PypiCase, NpmCase, GolangCase], indirect=True, ids=lambda case: case.type)
@pytest.mark.parametrize("date", [None, "soon", "", "2020-13-01T00:00:00Z"])
def test_an_unknown_date_is_young_until_we_have_known_it_long_enough(start: Start, date: str | None) -> None:
    pair = start(
        "default: allow\nminimum_age: {pypi: 3 days, npm: 3 days, golang: 3 days}\n", {0: date, 1: date, 2: date}
    )
    version = pair.case.versions[0]
    assert pair.listing().status == (403 if pair.case.refused_in_listing else 200)
    assert pair.file(version).status == 403
    assert pair.mirror.ledger()[-1]["code"] == "JR-DENY-AGE"
    pair.mirror.ahead = 3 * DAY - 60
    assert pair.file(version).status == 403
    pair.mirror.ahead = 3 * DAY + 60
    assert pair.file(version).body == pair.content[version]
    assert pair.case.listed(pair.listing().body) == list(pair.case.versions)


@pytest.mark.parametrize("start", [PypiCase, NpmCase], indirect=True, ids=lambda case: case.type)
@pytest.mark.parametrize("index", [0, 1, 2])
def test_what_has_no_date_is_young_among_what_is_old(start: Start, index: int) -> None:
    old: dict[int, object] = dict.fromkeys(range(3), _now() - datetime.timedelta(days=10))
    pair = start("default: allow\nminimum_age: {pypi: 3 days, npm: 3 days}\n", {**old, index: None})
    others = [version for version in pair.case.versions if version != pair.case.versions[index]]
    assert pair.case.listed(pair.listing().body) == others
    assert pair.file(pair.case.versions[index]).status == 403


@pytest.mark.parametrize("start", DATED, indirect=True, ids=lambda case: case.type)
def test_a_date_in_the_future_is_no_date(start: Start) -> None:
    ahead = _now() + datetime.timedelta(days=30)
    pair = start("default: allow\nminimum_age: {pypi: 3 days, npm: 3 days, maven: 3 days}\n", {2: ahead})
    last = pair.case.versions[2]
    assert pair.file(last).status == 403
    assert last not in pair.case.listed(pair.listing().body)


def test_observing_refuses_nothing_and_records_what_it_would(start: Start) -> None:
    probe = start()
    pair = start(f"default: allow\nmode: observe\nrules:\n  - deny: {probe.case.package}\n    reason: it steals keys\n")
    version = pair.case.versions[0]
    assert pair.case.listed(pair.listing().body) == list(pair.case.versions)
    assert pair.file(version).body == pair.content[version]
    observed = [entry for entry in pair.mirror.ledger() if entry["verdict"] == "observe"]
    assert {entry["code"] for entry in observed} == {"JR-DENY-RULE"}
    assert all("it steals keys" in entry["reason"] for entry in observed)
