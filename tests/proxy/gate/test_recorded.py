"""Whatever a client writes, its refusal is recorded for its run, and the runner can read it."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from jhansi_runner.proxy import paths
from support.registry import Upstream
from support.service import Door, services

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


FLOOD = 1000
"""More refusals than the gate's socket and its memory hold: some 270 and 256."""


@contextmanager
def _stopped(home: paths.Paths) -> Iterator[None]:
    """The service takes nothing in meanwhile."""
    (service,) = services(os.path.dirname(home.state))
    os.kill(service, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(service, signal.SIGCONT)


def _refused_tunnel(door: Door, host: str) -> None:
    connection, said = door.tunnel(host)
    connection.close()
    assert said.status == 403


def _in_ledger(home: paths.Paths, run: str) -> list[dict[str, str]]:
    lines = [line for file in Path(home.ledger).iterdir() for line in file.read_text().splitlines()]
    return [row for row in map(json.loads, lines) if row.get("run") == run]


def test_a_flood_of_refusals_hides_none(door: Door, home: paths.Paths, up: Upstream) -> None:
    quiet = Door(home, up, "default: allow\n")
    with _stopped(home), ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: _refused_tunnel(door, "flood.test"), range(FLOOD)))
        _refused_tunnel(quiet, "quiet.test")
        _refused_tunnel(door, "hidden.test")
    assert quiet.wait_for("JR-GATE-HOST").url == "quiet.test:443"
    quiet.close()
    door.close()
    *single, flood = _in_ledger(home, door.run)
    assert {row["code"] for row in single} == {"JR-GATE-HOST"}
    assert (flood["code"], flood["verdict"], flood["sandbox"]) == ("JR-GATE-FLOOD", "deny", "box")
    count, words = flood["reason"].split(" ", 1)
    assert words.startswith("more refusals were not recorded one by one")
    assert len(single) + int(count) == FLOOD + 1
    assert len(single) < FLOOD


def test_the_run_hears_of_every_refusal_before_it_is_told_that_it_is_finished(door: Door) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: _refused_tunnel(door, "other.test"), range(400)))
    door.close()
    told = [entry for entry in door._heard if entry.code == "JR-GATE-HOST"]
    untold = [int(entry.reason.split()[0]) for entry in door._heard if entry.code == "JR-UNTOLD"]
    assert len(told) + sum(untold) == 400
