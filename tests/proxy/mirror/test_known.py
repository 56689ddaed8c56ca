"""What the cache knows is told without asking anybody."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.mirror.known import releases
from jhansi_runner.proxy.policy.load import load
from jhansi_runner.proxy.policy.sources import Source
from jhansi_runner.proxy.service.runs import upstreams_of
from support.cases import CASES, Case
from support.mirror import Mirror

WHEN = datetime.datetime(2024, 5, 6, tzinfo=datetime.UTC)
RULES = "default: allow\nminimum_age: {pypi: 1 day, npm: 1 day, maven: 1 day}\n"


@pytest.mark.parametrize("make", CASES, ids=lambda make: make.type)
def test_dates_and_clocks_of_listed_and_fetched_releases_are_known(make: type[Case], tmp_path: Path) -> None:
    with make() as case:
        for version in case.versions:
            case.add(version, WHEN)
        policy = case.policy(RULES)
        upstreams = upstreams_of(load((Source("policy.yaml", policy.encode(), "main"),)))
        one = Coordinate.parse(f"{case.package}@{case.versions[1]}")
        assert releases(str(tmp_path), upstreams, one) == []
        with Mirror(tmp_path, None, policy=policy) as mirror:
            mirror.get(case.listing, Accept=case.accept)
            mirror.get(case.file(case.versions[1]))
        asked = len(case.server.requests)
        found = releases(str(tmp_path), upstreams, one)
        assert {release.coordinate for release in found} == {one}
        dates = {release.published for release in found}
        assert dates == ({WHEN.timestamp()} if case.dated else {None})
        assert case.dated or all(release.seen for release in found)
        every = releases(str(tmp_path), upstreams, one.at(None))
        assert {release.coordinate.version for release in every} == set(case.versions)
        assert len(case.server.requests) == asked


def test_a_cache_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    assert releases(str(tmp_path / "cache"), {}, Coordinate.parse("pkg:npm/demo")) == ()
    assert not (tmp_path / "cache").exists()
