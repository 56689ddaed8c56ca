"""Which names look mistyped."""

from __future__ import annotations

import pytest

from jhansi_runner.resolvers.alike import MAX_NOTES, closest, mistakes, notes
from jhansi_runner.resolvers.interface import Requirement


@pytest.mark.parametrize(
    ("one", "other", "count"),
    [("", "", 0), ("a", "", 1), ("lodahs", "lodash", 1), ("reqeusts", "requests", 1), ("kitten", "sitting", 3)],
)
def test_mistakes_are_counted(one: str, other: str, count: int) -> None:
    assert mistakes(one, other) == mistakes(other, one) == count


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("lodahs", "lodash"),
        ("beautifulsop", "beautifulsoup4"),
        ("expresss", "express"),
        ("expraess", "express"),
        ("exprss", "express"),
        ("exrss", None),
        ("src", None),
        ("something", None),
    ],
)
def test_long_names_may_have_two_mistakes_and_short_ones_none(name: str, near: str | None) -> None:
    assert closest(name, {"lodash", "express", "beautifulsoup4", "rc"}) == near


def asked(name: str, line: int = 3) -> Requirement:
    return Requirement(name, "", f"pkg:npm/{name}", None, "package.json", line, "manifest")


def test_a_note_has_its_place_and_known_names_none() -> None:
    (found,) = notes([asked("lodahs"), asked("lodash"), asked("my-own-thing")], {"lodash"})
    assert found.startswith("package.json:3: lodahs is no widely used package")
    assert "close to that of lodash" in found


def test_there_are_not_more_than_anybody_reads() -> None:
    assert len(list(notes([asked("lodahs", line) for line in range(100)], {"lodash"}))) == MAX_NOTES
