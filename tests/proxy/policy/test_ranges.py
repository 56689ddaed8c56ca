"""An allow rule reads a range as PEP 440 does, a deny rule no narrower than the order of versions."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from jhansi_runner.proxy.policy.ranges import exact, parse_range, parse_version

VERSIONS = st.builds(
    "{}.{}.{}{}".format,
    st.integers(0, 3),
    st.integers(0, 3),
    st.integers(0, 3),
    st.sampled_from(["", "", "a1", "rc2", ".post1", ".dev3", "+local.1"]),
).map(Version)
RANGES = st.builds(
    "{}{}.{}".format,
    st.sampled_from(["<", "<=", ">", ">=", "==", "!=", "~="]),
    st.integers(0, 3),
    st.integers(0, 3),
)


@pytest.mark.parametrize(
    ("text", "version", "contains", "touches"),
    [
        ("<1.26.5", "1.26.4", True, True),
        ("<1.26.5", "1.26.5", False, False),
        ("<1.26.5", "1.26.5rc1", False, True),
        ("<1.26.5", "1.26.4.post1", True, True),
        ("<1.26.5", "1.26.4rc1", True, True),
        ("<=1.0", "1.0", True, True),
        ("<=1.0", "1.0.post1", False, False),
        (">1.0", "1.0", False, False),
        (">1.0", "1.0.post1", False, True),
        (">1.0", "1.1.dev1", True, True),
        (">=2.0", "2.0", True, True),
        (">=2.0", "2.0rc1", False, False),
        ("==1.2.3", "1.2.3", True, True),
        ("==1.2.3", "1.2.3.0", True, True),
        ("==1.2.3", "1.2.3+local", True, True),
        ("==1.2.3", "1.2.4", False, False),
        ("==1.*", "1.9rc1", True, True),
        ("==1.*", "2.0", False, False),
        ("~=2.2", "2.9", True, True),
        ("~=2.2", "3.0", False, False),
        (">=1.0,<2,!=1.5", "1.4", True, True),
        (">=1.0,<2,!=1.5", "1.5", False, False),
        (">=1.0,<2", "2.0rc1", False, True),
        (">=1", "1!0.1", True, True),
    ],
)
def test_both_sides_of_each_boundary(text: str, version: str, contains: bool, touches: bool) -> None:
    found = parse_range("pypi", text)
    assert (found.contains(Version(version)), found.touches(Version(version))) == (contains, touches)


@given(RANGES, VERSIONS)
def test_a_deny_rule_reaches_at_least_as_far_as_an_allow_rule(text: str, version: Version) -> None:
    found = parse_range("pypi", text)
    assert found.touches(version) or not found.contains(version)


@given(st.sampled_from([("<", lambda a, b: a < b), (">", lambda a, b: a > b)]), VERSIONS, VERSIONS)
def test_a_deny_rule_reads_before_and_after_as_the_order_of_versions(comparison, bound, version) -> None:  # type: ignore[no-untyped-def]
    operator, holds = comparison
    found = parse_range("pypi", f"{operator}{bound.public}")
    assert found.touches(version) == holds(version, Version(bound.public))


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("1.0", "'1.0' is no version range"),
        ("<1.0 || >2", "is no version range"),
        ("", "the range is empty"),
        (" , ", "the range is empty"),
        ("*", "leave `versions` out"),
        ("===1.0", "use `==`"),
        (">2,<1", "no version is in this range"),
        (">=1,<1", "no version is in this range"),
        (">1,<=1", "no version is in this range"),
    ],
)
def test_a_range_that_cannot_be_meant_is_refused(text: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]+$") as caught:
        parse_range("pypi", text)
    assert wrong in str(caught.value)


def test_a_range_of_one_version_by_two_bounds_is_accepted() -> None:
    found = parse_range("pypi", ">=1.0,<=1.0")
    assert found.contains(Version("1.0"))
    assert not found.touches(Version("1.1"))


@pytest.mark.parametrize(
    ("purl_type", "text", "inside", "outside"),
    [
        ("pypi", ">=1.0,<2", "1.0", "2.0"),
        ("npm", "^1.2.3 || 3.x", "3.1.0", "2.0.0"),
        ("maven", "[1.0,2.0)", "1.0.Final", "2.0"),
        ("golang", ">=v1.2.0, <v2", "v1.2.0", "v2.0.0"),
    ],
)
def test_each_registry_has_its_notation(purl_type: str, text: str, inside: str, outside: str) -> None:
    found = parse_range(purl_type, text)
    assert found.text == text
    assert found.contains(parse_version(purl_type, inside)) and found.touches(parse_version(purl_type, inside))
    assert not found.contains(parse_version(purl_type, outside))
    assert not found.touches(parse_version(purl_type, outside))
    assert found == parse_range(purl_type, text) and hash(found) == hash(parse_range(purl_type, text))


@pytest.mark.parametrize("purl_type", ["pypi", "npm", "maven", "golang"])
def test_a_range_for_every_version_is_left_out(purl_type: str) -> None:
    with pytest.raises(ValueError, match="leave `versions` out"):
        parse_range(purl_type, "*")


def test_what_is_no_registry_has_no_notation() -> None:
    with pytest.raises(ValueError, match="no notation for versions of 'cargo'"):
        parse_range("cargo", "<1")
    assert parse_version("cargo", "1.0") is None


def test_a_version_after_the_at_sign_is_exact() -> None:
    assert exact("pypi", "1.2").contains(Version("1.2.0"))
    assert not exact("pypi", "1.2").contains(Version("1.2.1"))
    with pytest.raises(ValueError, match=r'write `versions: "==1\.\*"` for a range'):
        exact("pypi", "1.*")
    with pytest.raises(ValueError, match="'latest' is no version"):
        exact("pypi", "latest")


@pytest.mark.parametrize(
    ("purl_type", "version", "example"),
    [("npm", "1.3.0", "1.x"), ("maven", "1.0", "[1.0,2.0)"), ("golang", "v1.3.0", ">=v1.2.0, <v2")],
)
def test_other_registries_have_exact_versions_too(purl_type: str, version: str, example: str) -> None:
    found = exact(purl_type, version)
    assert found.contains(parse_version(purl_type, version)) and found.touches(parse_version(purl_type, version))
    assert parse_range(purl_type, found.text).contains(parse_version(purl_type, version))
    with pytest.raises(ValueError, match=re.escape(f'write `versions: "{example}"` for a range')):
        exact(purl_type, f"{version}*")


def test_what_is_no_version_is_none() -> None:
    assert parse_version("pypi", "2004d-1-x") is None
    assert parse_version("pypi", "") is None
    assert parse_version("pypi", "1.0") == Version("1.0.0")
