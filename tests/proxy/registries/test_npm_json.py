"""The walk through a JSON object reads what the json module reads, and refuses what it refuses."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jhansi_runner.proxy.registries.npm_json import Cursor

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10)


def _walked(text: str) -> dict[str, object]:
    cursor = Cursor(text)
    found = {key: cursor.value() for key in cursor.members()}
    cursor.end()
    return found


@given(st.dictionaries(st.text(), values), st.sampled_from([None, 1]), st.booleans())
def test_what_is_written_is_read(document: dict[str, object], indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(document, indent=indent, ensure_ascii=ascii_only)
    assert _walked(f" \r\n{text}\t") == document


def test_objects_are_walked_at_any_depth() -> None:
    cursor = Cursor('{"a": 1, "b": {"c": {}, "d": {"e": [2]}}, "f": {}}')
    seen: list[tuple[str, object]] = []
    for key in cursor.members():
        if key == "b":
            seen += [(inner, cursor.value()) for inner in cursor.members()]
        else:
            seen.append((key, cursor.value()))
    cursor.end()
    assert seen == [("a", 1), ("c", {}), ("d", {"e": [2]}), ("f", {})]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "{",
        "}",
        "[]",
        "null",
        '"a"',
        '{"a"}',
        '{"a":}',
        '{"a" 1}',
        '{"a":1',
        '{"a":1,',
        '{"a":1,}',
        '{,"a":1}',
        '{"a":1 "b":2}',
        '{"a":1}}',
        '{"a":1} x',
        "{1:2}",
        "{null:2}",
        "{'a':1}",
        '{"a":NaN}',
        '{"a":-Infinity}',
        '{"a":"\n"}',
        '{"a":01}',
        '{"a":tru}',
        '\ufeff{"a":1}',
        '{"a":\u00a01}',
        '{"a":' + "9" * 5000 + "}",
    ],
)
def test_what_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # whatever its words are
        _walked(text)


def test_a_depth_that_no_packument_has_is_refused() -> None:
    with pytest.raises(RecursionError):
        _walked('{"a":' + "[" * 100_000)
