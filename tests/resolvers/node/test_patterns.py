"""What patterns make of a name."""

from __future__ import annotations

import pytest

from jhansi_runner.resolvers.node.patterns import MAX_TARGET, Patterns

PATTERNS = Patterns({"a": "1", "a/*": "2/*", "a/b*": ["3*", "4"], "a/*.js": "5/*", "*": {"node": "6"}, "x*x": "7"})


@pytest.mark.parametrize(
    ("name", "targets"),
    [
        ("a", ["1"]),
        ("a/c", ["2/c"]),
        ("a/bc", ["3c", "4"]),
        ("a/c.js", ["5/c"]),
        ("other", ["6"]),
        ("xyx", ["7"]),
        ("x", ["6"]),
        ("a/*", ["2/*"]),
    ],
)
def test_the_pattern_with_most_of_the_beginning_decides(name: str, targets: list[str]) -> None:
    assert PATTERNS.targets(name) == targets


def test_what_fits_none_or_leads_to_no_path_is_nothing() -> None:
    assert Patterns({"a/*": "b"}).targets("c") == []
    assert Patterns({"a/*": "*" * (MAX_TARGET + 1)}).targets("a/b") == []
