"""A pattern names packages of one registry; what only looks like a pattern is refused with what to write."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name

from jhansi_runner.proxy.policy.pattern import Pattern, glob_matches, is_canonical, parse_pattern

SPELLINGS = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,8}[A-Za-z0-9])?", fullmatch=True)


@pytest.mark.parametrize(
    ("text", "name", "version"),
    [
        ("pkg:pypi/Foo_Bar", "foo-bar", None),
        ("pkg:PyPI/foo", "foo", None),
        ("pkg:pypi/*", "*", None),
        ("pkg:pypi/Acme_*", "acme-*", None),
        ("pkg:pypi/*-stubs", "*-stubs", None),
        ("pkg:pypi/foo@1.2.3", "foo", "1.2.3"),
        ("pkg:pypi/torch@2.1%2Bcpu", "torch", "2.1+cpu"),
    ],
)
def test_a_pattern_is_read_in_canonical_form(text: str, name: str, version: str | None) -> None:
    assert parse_pattern(text) == Pattern("pypi", "", name, version)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("*", "write pkg:pypi/* for every package of PyPI"),
        ("**", "write pkg:pypi/* for every package of PyPI"),
        ("pkg:pypi/", "write pkg:pypi/* for every package of pypi"),
        ("pkg:pypi", "names no package"),
        ("pkg:*/foo", "the registry '*' is not supported"),
        ("pkg:npm/left-pad", "the registry 'npm' is not supported by this release (supported: pypi)"),
        ("requests", "write pkg:pypi/requests"),
        ("pypi/requests", "such as pkg:pypi/some-package"),
        ("pkg://pypi/foo", "a slash too many"),
        ("pkg:pypi/a/b", "no namespace"),
        ("pkg:pypi/a**", "write a single *"),
        ("pkg:pypi/fo?", "the only wildcard is *"),
        ("pkg:pypi/foo?arch=x", "qualifiers"),
        ("pkg:pypi/foo#sub", "qualifiers and subpaths"),
        ("pkg:pypi/[ab]c", "is no name on PyPI"),
        ("pkg:pypi/foo bar", "is no name on PyPI"),
        ("pkg:pypi/-foo", "is no name on PyPI"),
        ("pkg:pypi/\u212aelvin", "is no name on PyPI"),
        ("pkg:pypi/foo%2A", "is no name on PyPI"),
        ("pkg:pypi/foo@", "no version after @"),
    ],
)
def test_what_only_looks_like_a_pattern_is_refused(text: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=re.escape(wrong)):
        parse_pattern(text)


@given(SPELLINGS)
def test_every_spelling_of_a_name_is_the_same_pattern(name: str) -> None:
    found = parse_pattern(f"pkg:pypi/{name}").name
    assert found == parse_pattern(f"pkg:pypi/{canonicalize_name(name)}").name == canonicalize_name(name)
    assert is_canonical("pypi", "", found)


@given(st.text("ab*", max_size=7), st.text("ab", max_size=7))
def test_a_star_stands_for_any_run_of_characters(pattern: str, text: str) -> None:
    regex = ".*".join(re.escape(piece) for piece in pattern.split("*"))
    assert glob_matches(pattern, text) == (re.fullmatch(regex, text) is not None)


def test_a_pattern_with_many_stars_costs_little_on_a_long_name() -> None:
    start = time.perf_counter()
    assert not glob_matches("*a" * 30 + "*b", "a" * 20_000)
    assert time.perf_counter() - start < 1


@pytest.mark.parametrize(
    "coordinate",
    [
        ("pypi", "", "Foo"),
        ("pypi", "", "foo_bar"),
        ("pypi", "", ""),
        ("pypi", "", "a/b"),
        ("pypi", "", "a*"),
        ("pypi", "", "-a"),
        ("pypi", "", "f\u00f6"),
        ("pypi", "", "a\n"),
        ("pypi", "ns", "foo"),
        ("npm", "", "foo"),
    ],
)
def test_a_name_that_rules_could_miss_is_not_canonical(coordinate: tuple[str, str, str]) -> None:
    assert not is_canonical(*coordinate)
