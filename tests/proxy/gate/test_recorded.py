"""Whatever a client writes, its refusal is recorded for its run, and the runner can read it."""

from __future__ import annotations

import pytest

from support.service import Door

LONG = 400


def _one(door: Door, code: str) -> None:
    entry = door.wait_for(code)
    assert (entry.run, entry.plane, entry.verdict) == (door.run, "gate", "deny")
    assert len(entry.method) <= 64 and len(entry.url) <= LONG and len(entry.reason) <= LONG
    assert (entry.method + entry.url + entry.reason).isascii()
    assert (entry.method + entry.url + entry.reason).isprintable()
    assert all(heard.verdict == "deny" for heard in door.heard)


def test_a_huge_method_is_recorded(door: Door) -> None:
    said = door.ask(b"M" * 65000 + f" /simple/demo/ HTTP/1.1\r\nHost: {door.public}\r\n\r\n".encode())
    assert said.status == 403
    _one(door, "JR-GATE-METHOD")


def test_a_method_that_leaves_no_room_for_anything_else_is_recorded(door: Door) -> None:
    door.plain(b"M" * 65380 + b" http://x/ HTTP/1.1\r\nHost: x\r\n\r\n")
    _one(door, "JR-GATE-PLAIN")


def test_a_method_that_is_not_text_is_recorded(door: Door) -> None:
    door.plain(b"\xff\x1b" * 10000 + b" http://x/ HTTP/1.1\r\nHost: x\r\n\r\n")
    _one(door, "JR-GATE-PLAIN")


@pytest.mark.parametrize("host", [b"\xff" * 20000, b"x" * 60000, "ü".encode() * 9000, b"\x1b" * 20000])
def test_a_tunnel_to_a_huge_or_odd_host_is_recorded(door: Door, host: bytes) -> None:
    door.plain(b"CONNECT " + host + b":443 HTTP/1.1\r\nHost: x\r\n\r\n")
    _one(door, "JR-GATE-PROTOCOL")


def test_a_huge_path_is_recorded(door: Door) -> None:
    door.get("/" + "\xff" * 20000)
    _one(door, "JR-GATE-PATH")


MALFORMED = [
    b"CONNECT\r\n\r\n",
    b"CONNECT other.test HTTP/1.1\r\n\r\n",
    b"CONNECT other.test:x HTTP/1.1\r\n\r\n",
    b"CONNECT other.test:99999 HTTP/1.1\r\n\r\n",
    b"CONNECT https://other.test/ HTTP/1.1\r\n\r\n",
    b"CONNECT other.test:443 HTTP/9\r\n\r\n",
    b"CONNECT other.test:443 HTTP/1.1 x\r\n\r\n",
    b"CONNECT  HTTP/1.1\r\n\r\n",
    b"CONNECT other.test:443 HTTP/1.1\r\nno colon\r\n\r\n",
    b"CONNECT {host}:443 HTTP/1.1\r\nContent-Length: x\r\n\r\n",
    b"CONNECT {host}:443 HTTP/1.1\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"CONNECT {host}:443 HTTP/1.1\r\n : x\r\n\r\n",
    b"CONNECT {host}:443 HTTP/1.1\r\nTransfer-Encoding : chunked\r\n\r\n",
    b"GET /simple/demo/ HTTP/1.1\r\n\r\n",
    b"\x16\x03\x01\r\n\r\n",
]


@pytest.mark.parametrize("head", MALFORMED)
def test_what_is_malformed_before_the_tunnel_is_recorded(door: Door, head: bytes) -> None:
    said = door.plain(head.replace(b"{host}", door.public.encode()))
    assert said.status == 400
    _one(door, "JR-GATE-PROTOCOL")
    assert door.codes() == ["JR-GATE-PROTOCOL"]


def test_what_is_malformed_in_the_tunnel_is_recorded(door: Door) -> None:
    assert door.ask(b"GET\r\n\r\n").status == 400
    _one(door, "JR-GATE-PROTOCOL")


def test_what_is_malformed_behind_a_good_request_is_recorded(door: Door) -> None:
    said = door.ask(f"GET /simple/demo/ HTTP/1.1\r\nHost: {door.public}\r\n\r\nGET\r\n\r\n".encode())
    assert (said.raw.count(b"HTTP/1.1 200 "), said.raw.count(b"HTTP/1.1 400 ")) == (1, 1)
    assert door.wait_for("JR-GATE-PROTOCOL").run == door.run
    assert [entry.verdict for entry in door.heard] == ["allow", "deny"]
