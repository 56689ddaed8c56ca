"""Events, however the bytes come in."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jhansi_runner.client import Event, JhansiError
from jhansi_runner.client.sse import Decoder

ODD = "\u2028 \u0085 \x0b \x0c \x1c"
"""What Python takes for ends of lines, and the standard does not."""


def _sent(events: list[Event], end: str) -> bytes:
    lines = [":", ""]
    for event in events:
        data = json.dumps(event.data, ensure_ascii=False)
        lines += [f"id: {event.number}", f"event: {event.name}", f"data:{data}", "", ": heartbeat", ""]
    return end.join([*lines, ""]).encode()


@given(
    texts=st.lists(st.text(st.characters(exclude_categories=["Cs"])) | st.just(ODD), max_size=4),
    end=st.sampled_from(["\n", "\r\n"]),
    size=st.integers(1, 40),
)
def test_events_come_whole_in_whatever_pieces(texts: list[str], end: str, size: int) -> None:
    events = [Event(number, "output", {"text": text}) for number, text in enumerate(texts, 1)]
    sent, decoder = _sent(events, end), Decoder()
    pieces = (sent[start : start + size] for start in range(0, len(sent), size))
    assert [event for piece in pieces for event in decoder.feed(piece)] == events
    assert decoder.last == len(events)


def test_data_of_several_lines_is_one_text() -> None:
    assert Decoder().feed(b'event: done\ndata: {"a":\ndata: 1}\n\n') == [Event(0, "done", {"a": 1})]


@pytest.mark.parametrize("data", [b"[]", b"nonsense", b'"text"', b"\xff"])
def test_what_is_no_object_is_no_event(data: bytes) -> None:
    with pytest.raises(JhansiError) as caught:
        Decoder().feed(b"data: " + data + b"\n\n")
    assert caught.value.code == "bad_answer"
