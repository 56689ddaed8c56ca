"""Where things stand in a TOML file."""

from __future__ import annotations

import pytest

from jhansi_runner.resolvers.interface import ManifestError
from jhansi_runner.resolvers.python.toml import line_of, parse

TEXT = """[project]
numpy-extra = 1
deps = ["numpy", 'pandas>=2']
"quoted" = 2
numpy = 3
"""


@pytest.mark.parametrize(
    ("value", "start", "line"),
    [("numpy", 1, 3), ("numpy", 4, 5), ("pandas>=2", 1, 3), ("quoted", 1, 4), ("[project]", 1, 1), ("absent", 2, 2)],
)
def test_lines(value: str, start: int, line: int) -> None:
    assert line_of(TEXT, value, start) == line


def test_an_error_counts_from_the_first_line() -> None:
    with pytest.raises(ManifestError) as caught:
        parse(b"a = 1\nb = = 2", "main.py", first_line=10)
    assert caught.value.line == 11


@pytest.mark.parametrize("data", [b"\xff", b"a = " + b"[" * 100_000, b"a = 1\x00", b"a = " + b"9" * 5_000])
def test_hostile_files_are_refused(data: bytes) -> None:
    with pytest.raises(ManifestError, match="is not TOML"):
        parse(data, "pyproject.toml")
