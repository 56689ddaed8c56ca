"""Of alternative imports a program needs one, or none when a free one will do."""

from __future__ import annotations

import pytest

from jhansi_runner.resolvers.choices import Status, needed
from jhansi_runner.resolvers.interface import Import


def status(each: Import) -> Status:
    """Names tell: free_*, known_*, and the rest is unknown."""
    return {"free": Status.FREE, "known": Status.KNOWN}.get(each.name.split("_")[0], Status.UNKNOWN)


def branches(*names: str) -> list[Import]:
    """One import per branch, all bound to the same name."""
    return [Import(name, line, group=1, branch=line, binds="same") for line, name in enumerate(names)]


@pytest.mark.parametrize(
    ("alternatives", "expected"),
    [
        (("known_a", "known_b"), ["known_a"]),
        (("known_a", "free_b"), []),
        (("free_a", "known_b"), []),
        (("what", "known_b"), ["known_b"]),
        (("what", "free_b"), []),
        (("what", "which"), ["what"]),
        (("what", "known_b", "free_c"), []),
    ],
)
def test_one_name_from_several_modules(alternatives: tuple[str, ...], expected: list[str]) -> None:
    assert [each.name for each in needed(branches(*alternatives), status)] == expected


def test_a_fallback_with_another_name_is_needed_only_when_the_first_is_unknown() -> None:
    def pair(first: str) -> list[Import]:
        return [Import(first, 1, group=1, binds=first), Import("known_b", 2, group=1, branch=1, binds="known_b")]

    assert [each.name for each in needed(pair("known_a"), status)] == ["known_a"]
    assert [each.name for each in needed(pair("what"), status)] == ["what", "known_b"]


def test_a_handler_that_only_needs_the_library_replaces_nothing() -> None:
    group = [Import("what", 1, group=1, binds="what"), Import("free_sys", 2, group=1, branch=1, binds="free_sys")]
    assert [each.name for each in needed(group, status)] == ["what"]


def test_all_imports_of_one_branch_are_needed() -> None:
    group = [Import("known_a", 1, group=1, binds="x"), Import("known_b", 2, group=1, binds="y")]
    assert [each.name for each in needed(group, status)] == ["known_a", "known_b"]


def test_relative_free_and_type_checking_imports_need_nothing() -> None:
    imports = [Import(".x", 1), Import("free_a", 2), Import("known_a", 3, type_checking=True)]
    assert needed(imports, status) == ()
