"""An entry reaches its runner whatever is in it, and no message takes the runner down."""

from __future__ import annotations

import json
import socket
from dataclasses import fields

import pytest

from jhansi_runner.proxy.ledger import NUMBERS, Entry
from jhansi_runner.proxy.service.client import Link
from jhansi_runner.proxy.service.messages import MESSAGE_BYTES, entry_message, read_entry


@pytest.mark.parametrize("character", ["x", "\xff", "\0", '"', "\U0001f600", "\udcff"])
def test_an_entry_of_huge_texts_is_shortened_and_stays_whole(character: str) -> None:
    huge = Entry(**{f.name: 1 if f.name in NUMBERS else character * 100_000 for f in fields(Entry)})  # type: ignore[arg-type]
    message = entry_message(huge)
    assert len(message) <= MESSAGE_BYTES
    entry = read_entry(json.loads(message)["entry"])
    assert len(entry.method) == 64
    assert {len(entry.url), len(entry.reason)} == {400}
    assert entry.status == 1


def test_an_ordinary_entry_arrives_as_it_is() -> None:
    entry = Entry("mirror", "deny", "GET", "/pypi/simple/bad/", run="r", reason="no", status=403, time=1.5)
    assert read_entry(json.loads(entry_message(entry))["entry"]) == entry


@pytest.mark.parametrize(
    "message",
    [
        b'{"entry": {"method": "GE',
        b"\xff\xfe",
        b"[]",
        b"1",
        b'"entry"',
        b'{"entry": 1}',
        b'{"entry": null}',
        b'{"entry": {"unknown": 1}}',
        b'{"entry": {"url": 1}}',
        b'{"entry": {"status": "x"}}',
        b"[" * 60_000,
    ],
)
def test_an_unreadable_message_is_an_entry_of_its_own(message: bytes) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    heard: list[Entry] = []
    link = Link(ours, heard.append)
    with ours, theirs:
        theirs.send(message)
        theirs.send(entry_message(Entry("gate", "deny", "PUT", "x")))
        theirs.send(b'{"finished": true}')
        assert (link.read(), link.read(), link.read()) == (True, True, False)
    assert [(entry.verdict, entry.code) for entry in heard] == [("fault", "JR-UNREADABLE"), ("deny", "")]
    assert "ledger" in heard[0].reason
