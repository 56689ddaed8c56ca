"""Ranges of Go follow the plain order of versions, in allow and in deny rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jhansi_runner.proxy.versions.golang_range import exact_golang, parse_golang_range
from jhansi_runner.proxy.versions.semver import SemVer, parse_golang

OLD = "v0.0.0-20190101000000-abcdefabcdef"


def go(text: str) -> SemVer:
    version = parse_golang(text)
    assert version
    return version


@pytest.mark.parametrize(
    ("text", "version", "inside"),
    [
        (">=v1.2.0, <v2", "v1.2.0", True),
        (">=v1.2.0, <v2", "v1.99.0", True),
        (">=v1.2.0, <v2", "v1.1.9", False),
        (">=v1.2.0, <v2", "v1.2.0-rc.1", False),
        (">=v1.2.0, <v2", "v2.0.0", False),
        (">=v1.2.0, <v2", "v2.0.0-rc.1", True),
        (">=v1.2.0, <v2", "v2.0.0+incompatible", False),
        ("<v1.9.1", "v1.9.1-0.20230101000000-abcdefabcdef", True),
        ("<v0.1.0", OLD, True),
        (f">{OLD}", "v0.0.0-20200101000000-abcdefabcdef", True),
        ("<=v1.5.0", "v1.5.0", True),
        (">v1.5.0", "v1.5.0", False),
        ("==v2.0.0", "v2.0.0+incompatible", True),
        ("=v2.0.0", "v2.0.1", False),
        ("!=v1.5.0", "v1.5.0", False),
        (">= v1.0.0,!=v1.5.0", "v1.6.0", True),
    ],
)
def test_a_range_is_read_in_the_plain_order(text: str, version: str, inside: bool) -> None:
    found = parse_golang_range(text)
    assert found.contains(go(version)) == found.touches(go(version)) == inside


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "the range is empty"),
        (" , ", "the range is empty"),
        ("v1.2.3", 'write "==v1.2.3" for one version'),
        (">=1.2.3", "begin with v: write v1.2.3"),
        ("<2", "begin with v: write v2"),
        ("<master", "is no version of a Go module: write such as v1.2.3"),
        (">=", "is no version of a Go module"),
        (">=v1.0.0 <v2.0.0", "write a comma between comparisons"),
        (">=v1.0.0 || <v0.5.0", "write two rules instead of ||"),
        ("^v1.2.3", 'write comparisons, such as ">=v1.2.0, <v2"'),
        ("~1.2", 'write comparisons, such as ">=v1.2.0, <v2"'),
        ("[v1.0.0, v2.0.0]", 'write comparisons, such as ">=v1.2.0, <v2"'),
        ("<=v1", "can be read in two ways"),
        (">v1.2", "can be read in two ways"),
        ("==v1", "can be read in two ways"),
        (">v2.0.0, <v1.0.0", "no version is in this range"),
        (">=v1, <v1", "no version is in this range"),
        ("==v1.0.0, !=v1.0.0", "no version is in this range"),
    ],
)
def test_a_range_that_cannot_be_meant_is_refused(text: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]+$") as caught:
        parse_golang_range(text)
    assert wrong in str(caught.value)


@given(st.text("0123v.-+ ^~<>=!|,r", max_size=20))
def test_hostile_text_raises_nothing_but_value_errors(text: str) -> None:
    try:
        found = parse_golang_range(text)
    except ValueError:
        return
    assert parse_golang_range(found.text) == found


def test_one_version_is_allowed_by_its_spelling_and_denied_in_any() -> None:
    found = exact_golang("v2.0.0+incompatible")
    assert found.text == "==v2.0.0+incompatible"
    assert found.contains(go("v2.0.0+incompatible")) and not found.contains(go("v2.0.0"))
    assert found.touches(go("v2.0.0")) and not found.touches(go("v2.0.1"))


@pytest.mark.parametrize("text", ["1.2.3", "v1", "latest", ">=v1.0.0"])
def test_what_is_no_version_cannot_be_exact(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no version of a Go module: write such as v1\.2\.3"):
        exact_golang(text)
