"""The advisories about a package are found for each version, as if each range were tried by itself."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jhansi_runner.proxy.policy.advice import Advisory
from jhansi_runner.proxy.policy.osv_entry import Range
from jhansi_runner.proxy.policy.osv_package import Affected, PackageAdvisories
from jhansi_runner.proxy.versions.order import compare


def affected(identifier: str, *ranges: str, versions: tuple[str, ...] = (), malware: bool = False) -> Affected:
    split = tuple(
        tuple((kind, version) for kind, _, version in (part.partition(" ") for part in text.split(", ")))
        for text in ranges
    )
    return Affected(
        Advisory(identifier, f"says {identifier}", malware, "high"), (f"alias-{identifier}",), split, versions
    )


def ids(package: PackageAdvisories, version: str | None) -> list[str]:
    return [hit.advisory.id for hit in package.affecting(version)]


def test_a_version_is_affected_by_any_range_and_by_the_list() -> None:
    found = PackageAdvisories(
        "pypi",
        [
            affected("A", "introduced 0, fixed 1.0", "introduced 2.0, fixed 3.0"),
            affected("B", "introduced 2.5"),
            affected("C", versions=("1.5", "2.6")),
            affected("D", "introduced 9, fixed 10", versions=("1.5",)),
        ],
    )
    assert [(text, ids(found, text)) for text in ("0.9", "1.0", "1.5", "1.5.0", "2.0", "2.6", "3.0", "9.1")] == [
        ("0.9", ["A"]),
        ("1.0", []),
        ("1.5", ["C", "D"]),
        ("1.5.0", ["C", "D"]),
        ("2.0", ["A"]),
        ("2.6", ["A", "B", "C"]),
        ("3.0", ["B"]),
        ("9.1", ["B", "D"]),
    ]


def test_without_a_version_only_what_affects_every_version_counts() -> None:
    found = PackageAdvisories(
        "pypi",
        [
            affected("A", "introduced 0, fixed 1.0"),
            affected("B", "introduced 0"),
            affected("C", versions=("1.0",)),
            affected("D"),
            affected("E", "introduced 1.0"),
        ],
    )
    assert ids(found, None) == ["B", "D"]
    assert PackageAdvisories("pypi", []).affecting(None) == ()


def test_a_record_without_ranges_and_versions_affects_every_version() -> None:
    found = PackageAdvisories("npm", [affected("MAL-1", malware=True)])
    for version in ("1.0.0", "0.0.0-0", "odd", "99.0.0"):
        assert ids(found, version) == ["MAL-1"]


def test_a_text_that_is_no_version_is_affected_by_every_range_and_by_no_list_of_others() -> None:
    found = PackageAdvisories(
        "pypi",
        [
            affected("A", "introduced 1.0, fixed 1.1"),
            affected("B", versions=("1.0",)),
            affected("C", versions=("odd-one",)),
        ],
    )
    assert ids(found, "odd") == ["A"]
    assert ids(found, "odd-one") == ["A", "C"]
    assert ids(found, "9" * 5000) == ["A"]


@pytest.mark.parametrize(
    ("purl_type", "listed", "same", "other"),
    [
        ("pypi", "1.0", ["1.0", "1", "1.0.0", "v1.0"], ["1.0.1", "1.0.post1", "1.0+local"]),
        ("pypi", "1.0RC1", ["1.0rc1", "1.0-rc.1", "1.0c1"], ["1.0"]),
        ("npm", "1.0.0", ["1.0.0", "1.0.0+build"], ["1.0.0-rc.1"]),
        ("golang", "1.0.0", ["v1.0.0"], ["v1.0.1"]),
        ("golang", "v2.0.0", ["v2.0.0", "v2.0.0+incompatible"], ["v1.0.0"]),
        ("maven", "1.0.Final", ["1.0.Final"], ["1.0.1"]),
    ],
)
def test_a_listed_version_is_found_by_every_spelling_that_its_registry_takes_for_it(
    purl_type: str, listed: str, same: list[str], other: list[str]
) -> None:
    found = PackageAdvisories(purl_type, [affected("A", versions=(listed,))])
    assert [version for version in same + other if found.affecting(version)] == same


def test_malware_comes_first_and_an_id_comes_once() -> None:
    twice = [affected("A", "introduced 0, fixed 2"), affected("A", "introduced 0, fixed 2", versions=("1",))]
    found = PackageAdvisories("pypi", [*twice, affected("Z", "introduced 0", malware=True)])
    assert ids(found, "1") == ["Z", "A"]


def test_a_hit_tells_where_it_is_fixed_and_all_its_names() -> None:
    found = PackageAdvisories("pypi", [affected("A", "introduced 0, fixed 1.5, introduced 2", versions=("1.0", "7"))])
    first, second, third = (found.affecting(version)[0] for version in ("1.0", "2.0", "7"))
    assert first.advisory.summary == "says A; fixed in 1.5"
    assert second.advisory.summary == third.advisory.summary == "says A"
    assert (first.advisory.severity, first.advisory.malware) == ("high", False)
    assert first.names == {"A", "alias-A"}


VERSIONS = st.sampled_from(["0", "0.1", "1", "1.0.0", "1.5", "2", "2.0", "2.5", "3", "10"])
RANGES = st.lists(
    st.lists(st.tuples(st.sampled_from(["introduced", "fixed", "last_affected"]), VERSIONS), min_size=1, max_size=5)
    .filter(lambda events: any(kind == "introduced" for kind, _ in events))
    .map(tuple),
    max_size=4,
)


def included(version: str, events: Range) -> bool:
    """As the format has it, with the order of events at one version that it leaves open."""
    order = {"fixed": 0, "introduced": 1, "last_affected": 2}
    vulnerable = False
    begins = [("introduced", "0")] if ("introduced", "0") in events else []
    rest = [event for event in events if event != ("introduced", "0")]
    for kind, bound in begins + sorted(
        rest, key=lambda event: (tuple(map(int, (event[1] + ".0.0").split(".")))[:3], order[event[0]])
    ):
        if kind == "introduced" and (bound == "0" or compare("pypi", version, bound) >= 0):
            vulnerable = True
        elif (kind == "fixed" and compare("pypi", version, bound) >= 0) or (
            kind == "last_affected" and compare("pypi", version, bound) > 0
        ):
            vulnerable = False
    return vulnerable


@given(
    st.lists(RANGES, max_size=4),
    st.sampled_from(["0", "0.1", "0.5", "1", "1.2", "1.5", "2", "2.2", "2.5", "4", "10", "11"]),
)
def test_looking_up_among_bounds_finds_what_trying_each_range_finds(records: list[list[Range]], version: str) -> None:
    known = [
        Affected(Advisory(str(number), "", False), (), tuple(ranges), ())
        for number, ranges in enumerate(records)
        if ranges
    ]
    expected = [one.advisory.id for one in known if any(included(version, events) for events in one.ranges)]
    assert ids(PackageAdvisories("pypi", known), version) == expected


@pytest.mark.parametrize("purl_type", ["pypi", "npm", "maven", "golang"])
def test_ten_thousand_versions_are_looked_up_in_time(purl_type: str) -> None:
    prefix = "v" if purl_type == "golang" else ""
    versions = [f"{prefix}{number // 100}.{number % 100}.{number % 7}" for number in range(10_000)]
    known = []
    for number in range(30):
        low = number * 37 % 90
        text = f"introduced {low}.{number}.0, fixed {low + number % 8 + 1}.0.{number}"
        listed = tuple(versions[number * 50 :: 43])
        known.append(affected(f"A-{number}", text, versions=listed))
    start = time.process_time()
    found = PackageAdvisories(purl_type, known)
    hits = [len(found.affecting(version)) for version in versions]
    taken = time.process_time() - start
    assert sum(hits) > 10_000
    assert taken < 0.5
