"""The lists of names are in order, and what they say they are."""

from __future__ import annotations

from importlib import resources

import pytest

from jhansi_runner.proxy.registries.golang_names import is_module

DATA = resources.files("jhansi_runner.resolvers.golang") / "data"


def rows(name: str) -> list[str]:
    return [line for line in (DATA / name).read_text("utf-8").splitlines() if not line.startswith("#")]


@pytest.mark.parametrize("name", ["known.txt", "std.txt"])
def test_rows_are_sorted_and_each_is_there_once(name: str) -> None:
    assert rows(name) == sorted(set(rows(name)))


def test_every_known_module_can_be_one() -> None:
    assert [row for row in rows("known.txt") if not is_module(row)] == []
    assert len(rows("known.txt")) > 1900


def test_the_standard_library_has_no_dots() -> None:
    assert [row for row in rows("std.txt") if "." in row.partition("/")[0]] == []
