"""Requests that two parsers could read in two ways, and clients that write without end."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.paths import AUTHORITY_FILE
from support.registry import Upstream
from support.service import Door, gate_memory, gates_of, sent_until_cut_off

SECOND = "GET /files/{files}/bad-1.0-py3-none-any.whl HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"


def _filled(requests: str, door: Door, up: Upstream) -> bytes:
    return requests.format(host=door.public, files=f"127.0.0.1:{up.files_port}").encode("latin-1")


@pytest.mark.parametrize(
    "head",
    [
        "GET /simple/demo/ HTTP/1.1\r\nHost: {host}\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
        "GET /simple/demo/ HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\nContent-Length: 40\r\n\r\n",
        "GET /simple/demo/ HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: xchunked\r\n\r\n",
        "GET /simple/demo/ HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "GET /simple/demo/ HTTP/1.1\r\nHost: {host}\r\n : x\r\n\r\n",
        "GET /simple/demo/ HTTP/1.1 x\r\nHost: {host}\r\n\r\n",
        "GET /simple/demo/ HTTP/1.1\r\nHost: {host}\r\nAccept\r\n\r\n",
        "CONNECT other.test:443 HTTP/1.1\r\nHost: {host}\r\n\r\n",
        "GET https://other.test/simple/demo/ HTTP/1.1\r\nHost: other.test\r\n\r\n",
        "\x16\x03\x01\x00\x05hello",
    ],
)
def test_what_can_be_read_in_two_ways_brings_nothing(door: Door, up: Upstream, head: str) -> None:
    asked = len(up.requests)
    said = door.ask(_filled(head + SECOND, door, up))
    assert said.raw.count(b"HTTP/1.1 200") == 0, said
    assert said.status in (0, 400, 403)
    assert len(up.requests) == asked
    assert not any(entry.plane == "mirror" for entry in door.heard), "the gate is where it ends"


@pytest.mark.parametrize(
    "head",
    [
        "GET /simple/demo/ HTTP/1.1\r\nHost: {host}\r\nAccept: a\r\n X-Jhansi-Run: other\r\n\r\n",
        "GET /simple/demo/\tHTTP/1.1\r\nHost: {host}\r\n\r\n",
    ],
)
def test_odd_spacing_does_not_outlive_the_gate(door: Door, up: Upstream, head: str) -> None:
    said = door.ask(_filled(head + SECOND, door, up))
    assert (said.raw.count(b"HTTP/1.1 200 "), said.raw.count(b"HTTP/1.1 403 ")) == (1, 1)
    door.wait_for("JR-DENY-RULE")
    assert [(entry.run, entry.url) for entry in door.heard] == [
        (door.run, "/pypi/simple/demo/"),
        (door.run, f"/pypi/files/127.0.0.1:{up.files_port}/bad-1.0-py3-none-any.whl"),
    ]


def test_lines_that_end_in_lf_alone_say_the_same_or_nothing(door: Door) -> None:
    said = door.ask(f"GET /simple/demo/ HTTP/1.1\nHost: {door.public}\nConnection: close\n\n".encode())
    assert said.status in (0, 200, 400)
    evil = door.ask(f"GET /simple/demo/ HTTP/1.1\r\nHost: {door.public}\nHost: other.test\r\n\r\n".encode())
    assert evil.status in (0, 400, 403)


def test_pipelined_requests_are_judged_one_by_one(door: Door, up: Upstream) -> None:
    first = "GET /simple/demo/ HTTP/1.1\r\nHost: {host}\r\n\r\n"
    said = door.ask(_filled(first + SECOND, door, up))
    assert (said.raw.count(b"HTTP/1.1 200 "), said.raw.count(b"HTTP/1.1 403 ")) == (1, 1)
    door.wait_for("JR-DENY-RULE")


def test_a_head_without_end_is_cut_off(door: Door, home: paths.Paths) -> None:
    before = gate_memory(home)
    with door.tls() as connection:
        connection.sendall(f"GET /simple/demo/ HTTP/1.1\r\nHost: {door.public}\r\nX: ".encode())
        assert sent_until_cut_off(connection, b"x" * (1 << 16)) < 100 << 20
    assert "KiB" in door.wait_for("JR-GATE-PROTOCOL").reason
    assert gate_memory(home) - before < 30 << 20


def test_a_head_without_end_is_cut_off_before_the_tunnel_too(door: Door) -> None:
    with socket.create_connection(("127.0.0.1", door.port), 10) as connection:
        connection.sendall(b"CONNECT ")
        assert sent_until_cut_off(connection, b"x" * (1 << 16)) < 100 << 20
    door.wait_for("JR-GATE-PROTOCOL")


def test_a_flood_behind_a_request_is_cut_off(door: Door, home: paths.Paths) -> None:
    before = gate_memory(home)
    with door.tls() as connection:
        connection.sendall(f"GET /simple/demo/ HTTP/1.1\r\nHost: {door.public}\r\n\r\n".encode())
        sent_until_cut_off(connection, b"\r\nx" * (1 << 14))
    assert gate_memory(home) - before < 30 << 20


@pytest.mark.parametrize("lines", [100, 1000])
def test_many_headers_are_fine_or_refused(door: Door, lines: int) -> None:
    assert door.get("/simple/demo/", *["X-More: " + "y" * 100] * lines).status in (0, 200, 400, 403)
    assert door.get("/simple/demo/").status == 200


def test_control_characters_in_a_header_do_not_reach_the_mirror(door: Door) -> None:
    for value in ("\x0b", "\x00x", "a\x1fb", "\xff\xfe"):
        assert door.get("/simple/demo/", f"Accept: {value}").status in (0, 200, 400)
    assert door.get("/simple/demo/").status == 200


def test_the_gates_network_holds_nothing_but_the_mirror(door: Door, home: paths.Paths) -> None:
    door.get("/simple/demo/")
    (gate,) = gates_of(home)
    net = Path(f"/proc/{gate}/net")
    assert len((net / "route").read_text().splitlines()) == 1, "no route leads out"
    interfaces = [line.split(":")[0].strip() for line in (net / "dev").read_text().splitlines()[2:]]
    assert interfaces == ["lo"]
    listening = [line.split()[1] for line in (net / "tcp").read_text().splitlines()[1:] if line.split()[3] == "0A"]
    assert listening == ["0100007F:0C39"], "the mirror's listener is alone"
    assert os.readlink(f"/proc/{gate}/ns/net") != os.readlink("/proc/self/ns/net")


def test_the_gate_sees_its_authority_and_nothing_of_the_user(home: paths.Paths) -> None:
    (gate,) = gates_of(home)
    root = Path(f"/proc/{gate}/root")
    environment = Path(f"/proc/{gate}/environ").read_bytes().split(b"\0")
    names = {entry.split(b"=")[0] for entry in environment if entry}
    heap = {b"MALLOC_MMAP_THRESHOLD_", b"MALLOC_TRIM_THRESHOLD_"}
    assert names == {b"PYTHONPATH", b"PATH", b"LANG", b"PWD"} | heap
    assert os.listdir(root / "authority") == [AUTHORITY_FILE]
    assert not (root / home.state.lstrip("/")).exists()
    assert not (root / "etc/passwd").exists()
