"""Lists of package-urls: what they say, what they cannot say, and that what we write is what we read."""

from __future__ import annotations

import pytest

from jhansi_runner.proxy.coordinate import maven, npm, pypi
from jhansi_runner.runner.warm.lists import BadList, is_list, line_of, read
from jhansi_runner.runner.warm.wants import Exact, Open

TEXT = """
# what was missing
pkg:pypi/Pandas >=2,<3   # main.py:3
pkg:npm/%40babel/core@7.28.5
  pkg:maven/com.acme/tool@1.0#sub/path
pkg:pypi/numpy
"""


def test_a_list_has_exact_releases_and_open_ones() -> None:
    assert read("want.txt", TEXT) == [
        Open(pypi("pandas"), ">=2,<3", "want.txt", 3),
        Exact(npm("@babel/core", "7.28.5"), "want.txt", 4),
        Exact(maven("com.acme", "tool", "1.0"), "want.txt", 5),
        Open(pypi("numpy"), "", "want.txt", 6),
    ]


def test_what_is_written_is_read_again() -> None:
    wants = read("want.txt", TEXT)
    lines = "\n".join(line_of(one, why="main.py:3,\nbecause # of") for one in wants)
    assert [(one.coordinate, getattr(one, "specifier", None)) for one in read("again.txt", lines)] == [
        (one.coordinate, getattr(one, "specifier", None)) for one in wants
    ]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("requests==2", "want.txt:2: 'requests==2' is no package-url"),
        ("pkg:cargo/serde@1", "want.txt:2: pkg:cargo/serde@1: there is no registry cargo"),
        ("pkg:pypi/a*@1", r"is no name that its registry can have"),
        ("pkg:pypi/six@1.16 >=1", r"has a version, so '>=1' cannot follow"),
        ("pkg:pypi/six@", r"has no version after @"),
    ],
)
def test_a_line_that_is_none_is_named(line: str, words: str) -> None:
    with pytest.raises(BadList, match=words.replace("*", r"\*")):
        read("want.txt", f"pkg:pypi/six\n{line}\n")


@pytest.mark.parametrize(
    ("text", "told"), [(TEXT, True), ("# only words\n", False), ("requests\npkg:pypi/six\n", False), ("", False)]
)
def test_a_list_is_known_by_its_first_word(text: str, told: bool) -> None:
    assert is_list(text) is told
