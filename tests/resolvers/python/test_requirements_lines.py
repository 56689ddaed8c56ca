"""How a requirements file falls into lines."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jhansi_runner.resolvers.interface import ManifestError
from jhansi_runner.resolvers.python.requirements_lines import Line, decode, lines

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\n\n# comment\nb # more\n", [Line(1, value="a"), Line(4, value="b")]),
        ("a \\\n  >=1\nb", [Line(1, value="a   >=1"), Line(3, value="b")]),
        ("a \\\n# comment\nb", [Line(1, value="a"), Line(3, value="b")]),
        ("a \\\n   # comment \\\nb", [Line(1, value="a"), Line(3, value="b")]),
        ("a\\", [Line(1, value="a")]),
        ("a#b", [Line(1, value="a#b")]),
        ("-r x.txt", [Line(1, "--requirement", "x.txt")]),
        ("-rx.txt", [Line(1, "--requirement", "x.txt")]),
        ("--requirement=x.txt", [Line(1, "--requirement", "x.txt")]),
        ("-c 'x y.txt'", [Line(1, "--constraint", "x y.txt")]),
        ("-e .[dev]", [Line(1, "--editable", ".[dev]")]),
        ("--pre", [Line(1, "--pre")]),
        (f"a==1 --hash={DIGEST} \\\n  --hash {DIGEST}", [Line(1, value="a==1", hashes=(DIGEST, DIGEST))]),
        ("a --config-settings=x=y", [Line(1, value="a", ignored="--config-settings=x=y")]),
        ("a\r\nb\rc", [Line(1, value="a"), Line(2, value="b"), Line(3, value="c")]),
    ],
)
def test_lines(text: str, expected: list[Line]) -> None:
    assert list(lines(text, "r.txt")) == expected


@pytest.mark.parametrize("value", ["md5:" + "a" * 32, "sha256:short", "sha256:" + "g" * 64, "none"])
def test_what_is_not_a_strong_hash_is_refused(value: str) -> None:
    with pytest.raises(ManifestError, match=r"^r.txt:2: .* is not a hash"):
        list(lines(f"\na==1 --hash={value}", "r.txt"))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\xef\xbb\xbfa", "a"),
        ("a".encode("utf-16"), "a"),
        ("# coding: latin-1\n# \xe9".encode("latin-1"), "# coding: latin-1\n# \xe9"),
    ],
)
def test_encodings(data: bytes, expected: str) -> None:
    assert decode(data, "r.txt") == expected


@pytest.mark.parametrize("data", [b"\xff", b"a\x00b", b"# coding: no-such\na", b"# coding: base64\na"])
def test_what_is_not_text_is_refused(data: bytes) -> None:
    with pytest.raises(ManifestError, match=r"^r.txt"):
        decode(data, "r.txt")


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="a=-#\\ \n\r\t.[]@:/;'\"", max_size=60))
def test_any_text_is_read_or_refused_with_its_line(text: str) -> None:
    last = text.count("\n") + text.count("\r") + 1
    numbers = []
    try:
        numbers = [line.number for line in lines(text, "r.txt")]
    except ManifestError as error:
        numbers = [error.line]
    assert all(1 <= number <= last for number in numbers)
