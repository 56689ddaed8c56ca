"""Releases are judged in groups only where each of them would be judged the same by itself."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jhansi_runner.proxy.coordinate import Coordinate, pypi
from jhansi_runner.proxy.policy.decide import PolicySet
from jhansi_runner.proxy.policy.release import SCRIPT, SDIST, Release
from support.policies import instant, main_and_floor

NOW = instant("2026-11-21T10:00Z")
DAY = 86_400
FILES = st.lists(
    st.sampled_from(
        [
            "minimum_age: {pypi: 3 days}",
            "minimum_age: {pypi: 1 week}",
            "licences: {allow: [MIT], unknown: allow}",
            "max_size: 1 kB",
            "sdists: deny",
            "install_scripts: deny",
            "mode: observe",
            "rules: [{deny: pkg:pypi/foo, versions: '<2'}, {allow: pkg:pypi/fo*, exempt: [age]}]",
            "rules: [{allow: pkg:pypi/foo, versions: '>=2', exempt: [size, licence, scripts]}]",
            "rules: [{allow: pkg:pypi/foo, until: 2026-11-20, exempt: [age]}]",
        ]
    ),
    unique_by=lambda line: line.partition(":")[0],
).map("\n".join)
DATES = st.sampled_from([None, 0.0, NOW + 1, NOW, NOW - DAY, NOW - 3 * DAY, NOW - 3 * DAY + 1, NOW - 8 * DAY])
RELEASES = st.lists(
    st.builds(
        Release,
        st.sampled_from([None, "1.0", "2.0", "odd"]).map(lambda version: pypi("foo", version)),
        published=DATES,
        seen=DATES,
        size=st.sampled_from([None, 10, 1_000, 1_001]),
        licence=st.sampled_from([None, "", "MIT", "ISC"]),
        runs=st.sampled_from(["", SDIST, SCRIPT]),
    ),
    max_size=30,
)


@given(FILES, st.none() | FILES, RELEASES)
def test_a_group_gets_the_answer_that_each_of_it_would_get(
    main: str, floor: str | None, releases: list[Release]
) -> None:
    policies = main_and_floor(main, floor)
    assert policies.judge_all(releases, NOW) == [policies.judge(release, NOW) for release in releases]


@pytest.mark.parametrize(
    ("main", "floor", "first", "second"),
    [
        (
            "minimum_age: {pypi: 3 days}",
            "minimum_age: {pypi: 1 week}",
            {"published": NOW - 8 * DAY},
            {"published": NOW - 4 * DAY},
        ),
        ("max_size: 2 kB", "max_size: 1 kB", {"size": 10}, {"size": 1_500}),
    ],
)
def test_the_strictest_file_tells_releases_apart(
    main: str, floor: str, first: dict[str, float], second: dict[str, float]
) -> None:
    releases = [Release(pypi("foo", "1"), **facts) for facts in (first, second)]  # type: ignore[arg-type]
    for policies in (main_and_floor(main, floor), main_and_floor(floor, main)):
        assert [one.allowed for one in policies.judge_all(releases, NOW)] == [True, False]


def test_advisories_are_asked_about_each_version() -> None:
    policies = main_and_floor("advisories: {folder: /osv}\n")
    asked: list[str | None] = []

    class Known:
        def about(self, coordinate: Coordinate) -> tuple[()]:
            asked.append(coordinate.version)
            return ()

    known = PolicySet(policies.layers, policies.digest, (Known(),))
    known.judge_all([Release(pypi("foo", version)) for version in ("1", "2", "2", "3")], NOW)
    assert asked == ["1", "2", "3"]


@pytest.mark.parametrize(
    "other",
    [pypi("bar", "1"), Coordinate("npm", "", "foo", "1"), Coordinate("pypi", "x", "foo", "1")],
)
def test_releases_of_two_packages_are_no_group(other: Coordinate) -> None:
    with pytest.raises(ValueError, match="not all of these are releases of"):
        main_and_floor("").judge_all([Release(pypi("foo", "1")), Release(other)], NOW)


def test_no_release_gives_no_answer() -> None:
    assert main_and_floor("").judge_all([], NOW) == []


@pytest.mark.parametrize("clock", ["published", "seen"])
def test_ten_thousand_releases_are_judged_in_time(clock: str) -> None:
    conditions = "minimum_age: {pypi: 3 days}\nlicences: {allow: [MIT]}\nmax_size: 1 GiB\nsdists: deny\n"
    policies = main_and_floor(conditions + "rules:\n  - allow: pkg:pypi/big\n", conditions)
    since = [NOW - 9 * DAY - number for number in range(10_000)] if clock == "published" else [NOW - DAY] * 10_000
    releases = [
        Release(pypi("big", f"1.{number}"), size=number, licence="MIT", **{clock: date})  # type: ignore[arg-type]
        for number, date in enumerate(since)
    ]
    times = []
    for _ in range(5):
        start = time.perf_counter()
        answers = policies.judge_all(releases, NOW)
        times.append(time.perf_counter() - start)
    assert {one.allowed for one in answers} == {clock == "published"}
    assert min(times) < 0.025
