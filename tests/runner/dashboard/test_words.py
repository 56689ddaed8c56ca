"""What cannot be seen is shown by its code, and nothing that others wrote is markup."""

from __future__ import annotations

import pytest

from jhansi_runner.runner.dashboard.words import lasting, moment, name, output, text, until
from support.dashboard import HOSTILE


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("one\ntwo\tthree\n", "one\ntwo\tthree\n"),
        ("dos\r\nlines\r\n", "dos\nlines\n"),
        ("10%\r20%\n", "10%\\r20%\n"),
        ("\x1b[31mred\x07\x00", "\\x1b[31mred\\x07\\x00"),
        ("abc\u202egnp.exe", "abc\\u202egnp.exe"),
        ("a\u200bb\u2028c\u0085d\x9be", "a\\u200bb\\u2028c\\x85d\\x9be"),
        ("half \udcff", "half \\udcff"),
        ("tag \U000e0041", "tag \\U000e0041"),
        ("café שלום 日本 🙂", "café שלום 日本 🙂"),
    ],
)
def test_output_keeps_lines_and_shows_what_cannot_be_seen(printed: str, shown: str) -> None:
    assert output(printed) == shown


def test_a_name_is_one_line_without_markup_and_isolated() -> None:
    shown = name(f"a\nb{HOSTILE}")
    assert shown.startswith("<bdi>a\\nb&lt;script&gt;") and shown.endswith("</bdi>")
    assert "\u202e" not in shown and "<script" not in shown and "\\x1b[31m" in shown


def test_a_text_is_escaped_once() -> None:
    assert text("<a> & b\n") == "&lt;a&gt; &amp; b\n"


def test_times_are_for_people_and_for_programs() -> None:
    assert moment(0.0) == '<time datetime="1970-01-01T00:00:00Z">1970-01-01 00:00:00</time>'
    assert moment(None) == "" and moment(1e300) == "1e+300"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-1, "0.00 s"),
        (0.424, "0.42 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (185, "3 min 5 s"),
        (7800, "2 h 10 min"),
        (3600, "1 h"),
        (90_000, "1 d 1 h"),
    ],
)
def test_how_long_something_takes(seconds: float, words: str) -> None:
    assert lasting(seconds) == words


def test_what_has_passed_is_now() -> None:
    assert until(90.0, 30.0) == "in 1 min" and until(30.0, 30.0) == "now"
