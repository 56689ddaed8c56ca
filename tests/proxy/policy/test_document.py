"""YAML without surprises: what a policy has no use for is refused before anything is read into it."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jhansi_runner.proxy.policy.document import (
    DEPTH_LIMIT,
    Kind,
    Mapping,
    Node,
    Scalar,
    Sequence,
    read_document,
)


def read(data: str | bytes) -> tuple[Node | None, list[tuple[int, int, str]]]:
    found: list[tuple[int, int, str]] = []
    raw = data.encode() if isinstance(data, str) else data
    return read_document(raw, lambda *problem: found.append(problem)), found


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("true", Kind.BOOLEAN),
        ("False", Kind.BOOLEAN),
        ("yes", Kind.TEXT),
        ("off", Kind.TEXT),
        ("'true'", Kind.TEXT),
        ("1", Kind.NUMBER),
        ("1.26", Kind.NUMBER),
        ("0x1f", Kind.NUMBER),
        ("1e3", Kind.NUMBER),
        ("012", Kind.NUMBER),
        ("1:30", Kind.TEXT),
        ("1.2.3", Kind.TEXT),
        ("2026-11-21", Kind.TEXT),
        ("'1'", Kind.TEXT),
        ("null", Kind.NOTHING),
        ("~", Kind.NOTHING),
        ("", Kind.NOTHING),
    ],
)
def test_plain_words_mean_what_yaml_1_2_says(text: str, kind: Kind) -> None:
    node, problems = read(f"key: {text}\n")
    assert not problems
    assert isinstance(node, Mapping)
    value = node.entries[0][1]
    assert isinstance(value, Scalar)
    assert value.kind is kind


def test_nodes_know_their_place() -> None:
    node, _ = read("a:\n  - x\n  - {b: c}\n")
    assert isinstance(node, Mapping)
    items = node.entries[0][1]
    assert isinstance(items, Sequence)
    assert [(item.line, item.column) for item in items.items] == [(2, 5), (3, 5)]


@pytest.mark.parametrize(
    ("data", "line", "column", "wrong"),
    [
        ("a: &x b\n", 1, 4, "anchors are not accepted here: &x"),
        ("a: b\nc: *x\n", 2, 4, "aliases are not accepted here: *x (quote text that starts with *)"),
        ("a: !!str b\n", 1, 4, "tags are not accepted here"),
        ("a: !=1.0\n", 1, 4, "quote text that starts with !"),
        ("a: !x {b: c}\n", 1, 4, "tags are not accepted here: !x"),
        ("a: 1\nb: 2\na: 3\n", 3, 1, "duplicate key 'a' (first on line 1)"),
        ("a: 1\n'a': 3\n", 2, 1, "duplicate key 'a' (first on line 1)"),
        ("a: 1\n---\nb: 2\n", 2, 1, "a policy is one document"),
        ("%YAML 1.1\n---\na: b\n", 1, 1, "YAML directives"),
        ("? [a]\n: b\n", 1, 3, "a key must be text"),
        ("a: 1\n\tb: 2\n", 2, 1, "found character '\\t' that cannot start any token"),
        ("a: >=1.0\n", 1, 5, 'quote text that starts with > or |, such as ">=1.0"'),
        ("- deny: *\n", 1, 10, "quote text that starts with *; pkg:pypi/* means every package of PyPI"),
        ("a: [1\n", 2, 1, "this is not YAML"),
        ("a: b\nc: \x01\n", 2, 4, "special characters are not allowed"),
        (b"a: b\nc: \xff\n", 2, 4, "the file is not UTF-8: byte 0xff"),
        ("a: b".encode("utf-16"), 1, 1, "the file is not UTF-8"),
        ('a: "\\UFFFFFFFF"\n', 1, 1, "this is not YAML"),
        (f"%YAML {'9' * 5000}.1\n---\na\n", 1, 1, "this is not YAML"),
        ("[" * 100_000, 1, DEPTH_LIMIT + 1, f"nested deeper than {DEPTH_LIMIT} levels"),
        ("- " * 100_000, 1, 2 * DEPTH_LIMIT + 1, f"nested deeper than {DEPTH_LIMIT} levels"),
        ("{a: " * 100_000, 1, 4 * (DEPTH_LIMIT - 1) + 2, f"nested deeper than {DEPTH_LIMIT} levels"),
    ],
)
def test_what_a_policy_has_no_use_for_is_refused_at_its_place(
    data: str | bytes, line: int, column: int, wrong: str
) -> None:
    _, problems = read(data)
    assert any((at, beside) == (line, column) and wrong in message for at, beside, message in problems), problems


def test_an_alias_bomb_is_refused_without_being_built() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [*{chr(97 + i)}, *{chr(97 + i)}]\n" for i in range(20)
    )
    _, problems = read(bomb)
    assert sum("aliases" in message for _, _, message in problems) == 40


def test_a_byte_order_mark_is_no_mistake() -> None:
    node, problems = read(b"\xef\xbb\xbfa: b\n")
    assert isinstance(node, Mapping)
    assert not problems
    assert node.entries[0][0].text == "a"


@pytest.mark.parametrize("text", ["", "# a comment\n"])
def test_a_file_without_a_document_gives_nothing(text: str) -> None:
    assert read(text) == (None, [])


@given(st.one_of(st.binary(max_size=60), st.text("ab:-[]{}&*!%|>'\"\\#,?~ \n\t\x85\ufeffUxu0F", max_size=60)))
@example('"\\xD8"')
@example("- !<a> b")
@example("%TAG ! tag:x,2000:\n---\n!a b")
def test_any_bytes_are_read_or_complained_about_at_a_place(data: str | bytes) -> None:
    _, problems = read(data)
    assert all(line > 0 and column > 0 and message.isprintable() for line, column, message in problems)
