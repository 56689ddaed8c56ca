"""What programs wrote, cut to what a model can take, loses nothing that cannot be read on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jhansi_runner.runner.mcp.cutting import cut, one_line, plain, short, whole_characters
from jhansi_runner.runner.mcp.running import in_words
from jhansi_runner.runner.sandboxes.model import Event

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXTS, st.integers(4, 20))
def test_pieces_of_whole_characters_are_the_text(text: str, size: int) -> None:
    data, read, offset = text.encode(), "", 0
    while offset < len(data):
        piece = data[offset : offset + size]
        count = whole_characters(piece, more=offset + len(piece) < len(data))
        read += piece[:count].decode()
        offset += count
    assert read == text


@given(st.binary(min_size=1), st.booleans())
def test_there_is_always_a_next_piece(data: bytes, more: bool) -> None:
    assert 0 < whole_characters(data, more=more) <= len(data)


def test_a_long_text_keeps_its_head_and_tail_and_says_where_to_read_on() -> None:
    text = "é" * 10_000 + "x" * 30_000 + "the end"
    shown = cut(text, "run_1")
    assert len(shown) < 21_000
    assert shown.startswith("é" * 8_000)
    assert shown.endswith("the end")
    assert "20007 characters are left out here: read_outcome with run run_1 and offset 16000" in shown
    assert cut("short", "run_1") == short("short") == "short"
    assert short("abc", 2) == "ab\n[... 1 more characters]"


@given(st.text())
def test_whatever_is_shown_can_be_sent_and_is_one_printable_line(text: str) -> None:
    plain(text).encode()
    line = one_line(text)
    assert len(line) <= 120
    assert line.isprintable()


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("output", {"text": "a\n\x1b[2J b \n\n"}, "running:  [2J b"),
        ("output", {"text": "\n"}, ""),
        ("plan", {"requirements": [{}]}, "1 package needed"),
        ("plan", {"requirements": "hostile"}, ""),
        ("install", {"purl": "pkg:pypi/six@1"}, "installing pkg:pypi/six@1"),
        ("refused", {"url": "http://else.test/"}, "refused: http://else.test/"),
        ("message", {"text": "compiling"}, "compiling"),
        ("again", {}, "running it again"),
        ("of a newer server", {}, ""),
    ],
)
def test_events_are_told_in_words(name: str, data: dict[str, object], words: str) -> None:
    assert in_words(Event(1, name, data)) == words
