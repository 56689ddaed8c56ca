"""The name maps as data: what every row must hold."""

from __future__ import annotations

import string
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from jhansi_runner.resolvers.python.names import default_names
from jhansi_runner.resolvers.python.stdlib import NAMES, is_stdlib

DATA = resources.files("jhansi_runner.resolvers.python") / "data"
NEAR = Path(__file__).with_name("near.txt")


def rows(file: str) -> list[str]:
    lines = (DATA / file).read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_known_is_sorted_unique_and_canonical() -> None:
    known = rows("known.txt")
    assert len(known) >= 2_500
    assert known == sorted(set(known))
    assert [name for name in known if canonicalize_name(name) != name] == []


def test_curated_is_unique_and_sorted_within_its_sections() -> None:
    sections = (DATA / "curated.txt").read_text("utf-8").split("\n\n")
    names = [[line.split()[0] for line in part.splitlines() if not line.startswith("#")] for part in sections]
    assert [part for part in names if part != sorted(part)] == []
    everything = [name for part in names for name in part]
    assert len(everything) >= 700
    assert len(everything) == len(set(everything))


def test_curated_requirements_are_canonical_and_name_no_address() -> None:
    for row in rows("curated.txt"):
        name, *texts = row.split()
        assert texts, row
        if texts == ["-"]:
            continue
        for requirement in map(Requirement, texts):
            assert canonicalize_name(requirement.name) == requirement.name, row
            assert requirement.url is None, row
        assert all(part.isidentifier() for part in name.split(".")), row


def test_devices_are_first_parts_of_imports_that_a_map_knows_or_nobody_installs() -> None:
    devices = rows("devices.txt")
    assert devices == sorted(set(devices))
    assert [name for name in devices if not name.isidentifier() or is_stdlib(name)] == []
    assert {"cupy", "RPi"} <= default_names().devices == set(devices)


def test_no_map_answers_for_the_standard_library() -> None:
    names = default_names()
    assert [name for name in names.curated if is_stdlib(name)] == []
    assert {name.replace("-", "_") for name in names.known} & NAMES == set()


def test_a_name_has_one_place() -> None:
    names = default_names()
    assert {name.replace("-", "_") for name in names.known} & names.curated.keys() == set()


def neighbours(word: str) -> Iterator[str]:
    """Every word one mistake away: a letter left out, exchanged or swapped with the next."""
    for at in range(len(word)):
        yield word[:at] + word[at + 1 :]
        yield word[:at] + word[at + 1 : at + 2] + word[at] + word[at + 2 :]
        yield from (word[:at] + letter + word[at + 1 :] for letter in string.ascii_lowercase + "-")


def test_names_that_look_alike_were_looked_at() -> None:
    known = set(rows("known.txt"))
    pairs = {
        " ".join(sorted((word, near)))
        for word in known
        if len(word) >= 6
        for near in neighbours(word)
        if near in known and near != word
    }
    assert sorted(pairs) == NEAR.read_text("utf-8").splitlines()


@pytest.mark.parametrize("word", ["utils", "config", "helpers", "main", "models", "test_utils"])
def test_general_words_are_refused(word: str) -> None:
    assert default_names().curated[word] == ()
