"""Heads of answers say what follows, and nothing that is in them can end them early."""

from __future__ import annotations

import pytest

from jhansi_runner.proxy.mirror.answer import Answer, problem
from jhansi_runner.proxy.mirror.http.response import UnfitHeader, answer_head, has_body

DATE = "date: Thu, 01 Jan 1970 00:00:00 GMT"


def _head(answer: Answer, *, keep_alive: bool = True, old: bool = False) -> list[str]:
    text = answer_head(answer, DATE, keep_alive=keep_alive, old=old).decode("latin-1")
    assert text.endswith("\r\n\r\n")
    return text.removesuffix("\r\n\r\n").split("\r\n")


def test_a_head_has_date_headers_and_length() -> None:
    assert _head(Answer(200, (("etag", '"x"'),), b"abc")) == [
        "HTTP/1.1 200 OK",
        'etag: "x"',
        DATE,
        "content-length: 3",
    ]


def test_the_reason_of_a_refusal_is_the_phrase() -> None:
    line, *rest = _head(problem(403, "JR-TEST", "because of \u00fc\r\nX: y"))
    assert line == "HTTP/1.1 403 Forbidden: because of ???X: y [JR-TEST]"
    assert len(line) < 500
    assert "x-jhansi-code: JR-TEST" in rest
    assert len(_head(problem(403, "JR-TEST", "long " * 1000))[0]) < 450


@pytest.mark.parametrize("status", [204, 304])
def test_some_answers_have_no_length(status: int) -> None:
    assert not any(line.startswith("content-length") for line in _head(Answer(status)))
    assert not has_body(Answer(status), "GET")


def test_the_answer_to_head_tells_the_length_and_has_no_body() -> None:
    assert "content-length: 3" in _head(Answer(200, body=b"abc"))
    assert not has_body(Answer(200, body=b"abc"), "HEAD")


def test_what_becomes_of_the_connection_is_said_where_it_is_not_plain() -> None:
    assert "connection: close" in _head(Answer(200), keep_alive=False)
    assert "connection: close" in _head(Answer(200), keep_alive=False, old=True)
    assert "connection: keep-alive" in _head(Answer(200), old=True)


@pytest.mark.parametrize("value", ["a\r\nb: c", "a\nb", "a\rb", "a\0b", "\u2028"])
def test_a_value_that_would_be_more_than_one_is_not_sent(value: str) -> None:
    with pytest.raises(UnfitHeader):
        _head(Answer(200, (("content-type", value),)))
