"""Releases are judged in groups only where each of them would be judged the same by itself."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jhansi_runner.proxy.coordinate import Coordinate, pypi
from jhansi_runner.proxy.policy.decide import PolicySet
from jhansi_runner.proxy.policy.load import load
from jhansi_runner.proxy.policy.release import SCRIPT, SDIST, Release
from jhansi_runner.proxy.policy.sources import FLOOR, MAIN, Source
from support.policies import HEAD, instant, main_and_floor

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


PACKAGES = {"pypi": "foo", "npm": "foo", "maven": "org.test/foo", "golang": "git.test/foo"}
RANGES = {
    "pypi": [">=1,<2", "<2.0", ">1.0", ">=1.0.1", "<=2.0rc1", "==1.*", "~=1.0.1", "!=1.0", "==1.0", ">=700,<900"],
    "npm": ["1.x", "^1.0.1", "~1.0", "<2.0.0", ">=1.0.0 <2.0.0", ">1.0.1-rc.1", "1.0.1 - 2.0.1", "1.0.0"],
    "maven": ["[1.0,2.0)", "(,2.0)", "(1.0.1,)", "[1.0]", "[1.0,1.0.1],[2.0,)"],
    "golang": [">=v1.0.0, <v2", "<v2.0.0", ">v1.0.1", "==v1.0.1", "!=v1.0.0", "<=v1.0.1"],
}
TAILS = ["", "", "rc1", "-rc.1", ".post1", ".dev2", "+local", "-SNAPSHOT", "-0.20240102030405-abcdefabcdef"]
VERSIONS = st.builds(
    "{}{}.{}.{}{}".format,
    st.sampled_from(["", "v"]),
    st.sampled_from([0, 1, 2, 700, 900]),
    st.integers(0, 2),
    st.integers(0, 2),
    st.sampled_from(TAILS),
) | st.sampled_from([None, "", "1", "1.0", "2.0", "1.0rc1", "2.0a1", "v2", "odd", "1!1.0", "9" * 5000])


@st.composite
def _ranged(draw: st.DrawFn) -> tuple[PolicySet, list[Release]]:
    """One file or two with rules for ranges of a package, and releases of it."""
    purl_type = draw(st.sampled_from(sorted(PACKAGES)))
    rule = st.builds(
        "{{{}: pkg:{}/{}{}{}}}".format,
        st.sampled_from(["deny", "allow", "exempt: [age, size], allow"]),
        st.just(purl_type),
        st.just(PACKAGES[purl_type]),
        st.sampled_from(["", *(f", versions: '{text}'" for text in RANGES[purl_type])]),
        st.sampled_from(["", "", ", until: 2026-11-20", ", until: 2026-11-21"]),
    )
    file = st.builds(
        "{}\n{}\n{}\nrules: [{}]\n".format,
        st.sampled_from(["", "mode: observe"]),
        st.sampled_from(["", f"minimum_age: {{{purl_type}: 3 days}}"]),
        st.sampled_from(["", "max_size: 1 kB"]),
        st.lists(rule, min_size=1, max_size=4).map(", ".join),
    )
    namespace, _, name = PACKAGES[purl_type].rpartition("/")
    release = st.builds(
        Release,
        VERSIONS.map(lambda version: Coordinate(purl_type, namespace, name, version)),
        published=DATES,
        seen=DATES,
        size=st.sampled_from([None, 10, 1_001]),
    )
    head = HEAD.replace("{pypi:", "{maven: {enabled: true}, pypi:")
    texts = draw(st.lists(file, min_size=1, max_size=2))
    sources = [Source(role, (head + text).encode(), role) for role, text in zip((MAIN, FLOOR), texts, strict=False)]
    return load(sources[::-1]), draw(st.lists(release, max_size=30))


@given(_ranged())
def test_versions_that_no_range_tells_apart_get_the_answer_that_each_would_get(
    ranged: tuple[PolicySet, list[Release]],
) -> None:
    policies, releases = ranged
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


def test_every_file_tells_versions_apart() -> None:
    old, new = "rules: [{deny: pkg:pypi/foo, versions: '<2'}]", "rules: [{deny: pkg:pypi/foo, versions: '>=3'}]"
    releases = [Release(pypi("foo", version)) for version in ("2", "1", "3", "2.1")]
    for policies in (main_and_floor(old, new), main_and_floor(new, old)):
        assert [one.allowed for one in policies.judge_all(releases, NOW)] == [True, False, False, True]


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
