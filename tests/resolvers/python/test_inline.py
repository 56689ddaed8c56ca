"""Inline script metadata, by the examples and the rules of PEP 723."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jhansi_runner.resolvers.interface import ManifestError
from jhansi_runner.resolvers.python.inline import manifest

SCRIPT = b"""#!/usr/bin/env python
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "requests<3",
#   "rich",
# ]
# ///
import requests
"""


def test_the_example_of_the_specification() -> None:
    found = manifest(SCRIPT, "app/main.py")
    assert found is not None
    assert found.source == "app/main.py (PEP 723)"
    assert found.requires_python == ">=3.11"
    assert [(each.text, each.file, each.line) for each in found.requirements] == [
        ("requests<3", "app/main.py", 5),
        ("rich", "app/main.py", 6),
    ]


@pytest.mark.parametrize(
    "script",
    [b"", b"import a", b"# /// other\n# x\n# ///", b"x = 1 # /// script\n# ///", b"#/// script\n# ///"],
)
def test_other_comments_are_not_metadata(script: bytes) -> None:
    assert manifest(script, "main.py") is None


def test_windows_line_ends_and_blocks_of_other_kinds() -> None:
    script = b"# /// other\r\n# [x\r\n# ///\r\n\r\n# /// script\r\n# dependencies = ['a']\r\n# ///\r\n"
    found = manifest(script, "main.py")
    assert found is not None
    assert [each.text for each in found.requirements] == ["a"]


@pytest.mark.parametrize(
    ("script", "line", "message"),
    [
        (b"\n# /// script\n# dependencies = []\nimport a", 2, "has no end"),
        (b"# /// script\n# ///\n\n# /// script\n# ///", 4, "twice"),
        (b"# /// script\n#\n# dependencies = [\n# ///\n", 3, "not TOML"),
        (b"# /// script\n# dependencies = 'a'\n# ///\n", 1, "not a list of strings"),
        (b"# /// script\n# dependencies = ['a b']\n# ///\n", 2, "not a requirement"),
    ],
)
def test_broken_metadata_is_an_error(script: bytes, line: int, message: str) -> None:
    with pytest.raises(ManifestError, match=message) as caught:
        manifest(script, "main.py")
    assert caught.value.file == "main.py"
    assert abs(caught.value.line - line) <= 1


PIECES = ["# /// script", "# ///", "#", "# dependencies = ['a']", "# dependencies = [", "import a", "# [tool.x]"]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=8))
def test_any_arrangement_is_read_or_refused(pieces: list[str]) -> None:
    try:
        found = manifest("\n".join(pieces).encode(), "main.py")
    except ManifestError as error:
        refused = error.file
    else:
        refused = "main.py"
        assert found is None or "# /// script" in pieces
    assert refused == "main.py"
