"""Ranges of Maven, as intervals and as comparisons, follow Maven's order, in allow and in deny rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jhansi_runner.proxy.versions.maven import MavenVersion, parse_maven
from jhansi_runner.proxy.versions.maven_range import exact_maven, parse_maven_range


def maven(text: str) -> MavenVersion:
    version = parse_maven(text)
    assert version
    return version


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("[1.0,2.0)", "1.0 1.0.0 1.0.1-SNAPSHOT 1.9-jre 2.0-rc1 2.0-SNAPSHOT", "1.0-rc1 2.0 2.0.0.Final 2.0-jre"),
        ("(1.0,2.0]", "1.0-sp 1.0-jre 2.0 2.0.0 2.0-beta", "1.0 1.0.Final 2.0-sp 2.0.1"),
        ("(,1.5]", "0 1.5 1.5.0 1.5-rc1", "1.5.1 1.5-sp 2"),
        ("[1.5,)", "1.5 99 1.5-jre", "1.5-alpha 1.4"),
        ("[1.2]", "1.2 1.2.0 1.2.Final", "1.2-rc1 1.2.1"),
        ("(,1.0],[1.2,)", "1.0 0.9 1.2 1.3", "1.1 1.2-rc1"),
        ("(,1.1),(1.1,)", "1.0 1.2", "1.1 1.1.0"),
        ("[1.0],[1.3]", "1.0 1.3", "1.1"),
        (" [ 1.0 , 2.0 ) ", "1.5", "2.0"),
        (">=1.0,<2.0", "1.0 1.9 2.0-rc1", "0.9 2.0"),
        (">= 1.0 , < 2.0", "1.0", "2.0"),
        ("<2.17.1", "2.17.0 2.17.1-rc1", "2.17.1"),
        ("!=1.1", "1.0 1.2", "1.1 1.1.0"),
        ("==1.1", "1.1 1.1.0", "1.2"),
    ],
)
def test_a_range_is_read_in_the_order_of_maven(text: str, inside: str, outside: str) -> None:
    found = parse_maven_range(text)
    for versions, expected in ((inside, True), (outside, False)):
        for version in versions.split():
            assert found.contains(maven(version)) == found.touches(maven(version)) == expected, version


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "the range is empty"),
        ("1.0", 'is only a wish in Maven: write "[1.0]" for one version'),
        ("(1.0)", "stands in square brackets: write [1.0]"),
        ("[1.0)", "stands in square brackets: write [1.0]"),
        ("[]", "is no version in Maven"),
        ("(,)", "leave `versions` out"),
        ("(,1.0],(,)", "leave `versions` out"),
        ("[1.0,2.0", "write intervals such as"),
        ("[1.0,2.0[", "write intervals such as"),
        ("[1.0,2.0,3.0]", "write intervals such as"),
        ("[1.0,2.0),", "write intervals such as"),
        ("[1.0,2.0)[3.0,4.0)", "write a comma between two intervals"),
        ("[1.0,2.0),3.0", "write intervals such as"),
        (">=1.0,[2.0,)", "mixes comparisons and intervals"),
        ("^1.0", "write an interval, such as"),
        (">=1.0 <2.0", "write a comma between comparisons"),
        ("<1.0 || >2.0", "write two rules instead of ||"),
        (">=1/2", "is no version in Maven"),
        ("[2.0,1.0]", "no version is in this range"),
        ("[1.0,1.0)", "no version is in this range"),
        ("(1.0,1.0.0]", "no version is in this range"),
        ("[1.0,2.0),[4.0,3.0]", "no version is in this range"),
        (">2.0,<1.0", "no version is in this range"),
    ],
)
def test_a_range_that_cannot_be_meant_is_refused(text: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]+$") as caught:
        parse_maven_range(text)
    assert wrong in str(caught.value)


@given(st.text("0123.-rc()[], <>=!", max_size=20))
def test_hostile_text_raises_nothing_but_value_errors(text: str) -> None:
    try:
        found = parse_maven_range(text)
    except ValueError:
        return
    assert parse_maven_range(found.text) == found


NUMBERS = st.integers(0, 9)


@given(NUMBERS, NUMBERS, NUMBERS, st.sampled_from("[("), st.sampled_from("])"))
def test_intervals_and_comparisons_say_the_same(low: int, high: int, version: int, opening: str, closing: str) -> None:
    comparisons = f"{'>=' if opening == '[' else '>'}{low},{'<=' if closing == ']' else '<'}{high}"
    answers: list[bool | str] = []
    for text in (f"{opening}{low},{high}{closing}", comparisons):
        try:
            answers.append(parse_maven_range(text).contains(maven(str(version))))
        except ValueError as error:
            answers.append(str(error))
    assert answers[0] == answers[1]


def test_one_version_is_allowed_by_its_spelling_and_denied_in_any() -> None:
    found = exact_maven("1.0")
    assert found.text == "[1.0]"
    assert found.contains(maven("1.0")) and not found.contains(maven("1.0.0"))
    assert found.touches(maven("1.0.0")) and not found.touches(maven("1.0-rc1"))


def test_what_is_no_version_cannot_be_exact() -> None:
    with pytest.raises(ValueError, match="is no version in Maven"):
        exact_maven("[1.0]")
