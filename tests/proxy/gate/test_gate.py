"""The gate at work: what passes, what is refused, and that the run hears of every refusal."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from jhansi_runner.proxy import paths
from support.registry import Upstream
from support.service import Door, gate_memory, heard, sent_until_cut_off

INDEX = "/simple/demo/"


def _accepts_json(door: Door, path: str = INDEX) -> dict[str, object]:
    said = door.get(path, "Accept: application/vnd.pypi.simple.v1+json")
    assert said.status == 200, said
    return dict(json.loads(said.body))


def test_index_and_file_pass(door: Door, up: Upstream) -> None:
    page = _accepts_json(door)
    assert page["versions"] == ["1.0"]
    path = str(page["files"][0]["url"]).removeprefix("../..")  # type: ignore[index]
    said = door.get(path)
    assert said.status == 200
    assert said.body in {listing.file.data for listing in up._listings.values()}
    assert [entry.status for entry in door.heard] == [200, 200]


def test_a_connection_serves_several_requests(door: Door) -> None:
    request = f"HEAD {INDEX} HTTP/1.1\r\nHost: {door.public}\r\n\r\n".encode()
    with door.tls() as connection:
        for _ in range(3):
            connection.sendall(request)
            assert connection.recv(1 << 16).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("name", ["bad-1.0-py3-none-any.whl", "BAD-1.0.tar.gz", "bad-1.0-py3-none-any.whl.metadata"])
def test_a_refusal_of_the_policys_is_in_phrase_and_body(door: Door, up: Upstream, name: str) -> None:
    said = door.get(f"/files/127.0.0.1:{up.files_port}/{name}")
    assert said.status == 403
    for words in ("policy.yaml:7", "steals keys", "JR-DENY-RULE"):
        assert words in said.reason
        assert words in json.loads(said.body)["detail"] + json.loads(said.body)["code"]
    entry = door.wait_for("JR-DENY-RULE")
    assert (entry.purl, entry.rule, entry.plane, entry.sandbox) == ("pkg:pypi/bad", "policy.yaml:7", "mirror", "box")


@pytest.mark.parametrize("host", ["other.test", "169.254.169.254", "127.0.0.1", "localhost", "evil.test"])
def test_a_tunnel_elsewhere_is_refused(door: Door, host: str) -> None:
    connection, said = door.tunnel(host)
    connection.close()
    assert (said.status, "policy show" in said.reason) == (403, True)
    assert door.wait_for("JR-GATE-HOST").url == f"{host}:443"


def test_a_look_alike_of_the_public_host_is_refused(door: Door) -> None:
    for host in (f"evil-{door.public}", f"{door.public}.evil.test", f"{door.public}.", door.public.upper()):
        connection, said = door.tunnel(host)
        connection.close()
        assert said.status == 403, host


@pytest.mark.parametrize("port", [80, 22, 8443])
def test_a_tunnel_to_another_port_is_refused(door: Door, port: int) -> None:
    connection, said = door.tunnel(port=port)
    connection.close()
    assert said.status == 403
    door.wait_for("JR-GATE-PORT")


def test_plain_http_is_refused(door: Door) -> None:
    said = door.plain(f"GET http://{door.public}{INDEX} HTTP/1.1\r\nHost: {door.public}\r\n\r\n".encode())
    assert (said.status, "HTTPS" in said.reason) == (403, True)
    door.wait_for("JR-GATE-PLAIN")


@pytest.mark.parametrize("data", [b"SSH-2.0-OpenSSH_9\r\n", b"\0" * 64, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"])
def test_what_is_no_tls_gets_nowhere(door: Door, data: bytes, up: Upstream) -> None:
    asked = len(up.requests)
    connection, _ = door.tunnel()
    connection.sendall(data)
    connection.shutdown(socket.SHUT_WR)
    assert b"200" not in connection.recv(1 << 16)[:20]
    connection.close()
    assert "not TLS" in door.wait_for("JR-GATE-PLAIN").reason
    assert len(up.requests) == asked


@pytest.mark.parametrize("sni", ["other.test", None])
def test_another_name_in_the_greeting_is_refused(door: Door, sni: str | None) -> None:
    said = door.ask(f"GET {INDEX} HTTP/1.1\r\nHost: {door.public}\r\nConnection: close\r\n\r\n".encode(), sni=sni)
    assert said.status in (0, 403)
    door.wait_for("JR-GATE-SNI")


def test_another_host_header_is_refused(door: Door) -> None:
    assert door.get(INDEX, host="other.test").status == 403
    assert "other.test" in door.wait_for("JR-GATE-HOST-HEADER").reason
    assert door.ask(f"GET {INDEX} HTTP/1.1\r\nConnection: close\r\n\r\n".encode()).status in (400, 403)


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_a_small_body_is_answered_with_why(door: Door, method: str, up: Upstream) -> None:
    said = door.get("/legacy/", "Content-Length: 5", "", "hello", method=method)
    assert (said.status, f"{method} is refused" in said.reason) == (403, True)
    assert b"JR-GATE-METHOD" in said.body
    assert door.wait_for("JR-GATE-METHOD").method == method
    assert all(request.method in ("GET", "HEAD") for request in up.requests)


@pytest.mark.parametrize("chunked", [False, True])
def test_a_large_body_is_answered_with_why_and_kept_by_nobody(door: Door, home: paths.Paths, chunked: bool) -> None:
    """Clients write all of it before they read: npm publishes so."""
    before, most = gate_memory(home), 0
    line = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {40 << 20}"
    piece = b"x" * (1 << 16)
    with door.tls() as connection:
        connection.sendall(f"PUT /legacy/ HTTP/1.1\r\nHost: {door.public}\r\n{line}\r\n\r\n".encode())
        for _ in range(640):
            connection.sendall(b"10000\r\n" + piece + b"\r\n" if chunked else piece)
            most = max(most, gate_memory(home))
        if chunked:
            connection.sendall(b"0\r\n\r\n")
        said = heard(connection)
    assert (said.status, "PUT is refused" in said.reason) == (403, True)
    assert b"[JR-GATE-METHOD]" in said.body
    assert most - before < 8 << 20
    assert [entry.code for entry in door.heard] == ["JR-GATE-METHOD"]


@pytest.mark.parametrize("line", ["Content-Length: 3000000000", "Transfer-Encoding: chunked"])
def test_a_large_body_is_cut_off(door: Door, line: str) -> None:
    with door.tls() as connection:
        connection.sendall(f"PUT /legacy/ HTTP/1.1\r\nHost: {door.public}\r\n{line}\r\n\r\n".encode())
        assert sent_until_cut_off(connection, b"10000\r\n" + b"x" * (1 << 16) + b"\r\n") < 100 << 20
    door.wait_for("JR-GATE-METHOD")


def test_a_get_with_a_body_is_refused(door: Door) -> None:
    assert door.get(INDEX, "Content-Length: 5", "", "hello").status == 403
    door.wait_for("JR-GATE-BODY")


def test_http_2_is_not_spoken(door: Door, up: Upstream) -> None:
    asked = len(up.requests)
    with door.tls(protocols=("h2", "http/1.1")) as connection:
        assert connection.selected_alpn_protocol() == "http/1.1"
    said = door.ask(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0")
    assert said.status in (0, 400, 403)
    assert len(up.requests) == asked


@pytest.mark.parametrize("path", ["/simple/demo/?data=x", "/pypi/demo/json", "/", "/simple/%2e%2e/", "/x/%ff.whl"])
def test_what_names_no_package_is_refused(door: Door, path: str) -> None:
    assert door.get(path).status == 403
    door.wait_for("JR-GATE-PATH")


def test_a_query_is_not_recorded(door: Door) -> None:
    door.get("/simple/demo/?key=a-secret")
    door.wait_for("JR-GATE-PATH")
    assert [entry.url.rpartition("/")[2] for entry in door.heard] == ["?***"]
    assert "a-secret" not in str(door.heard)


def test_two_runs_are_told_apart(door: Door, home: object, up: Upstream, jhansi_home: str) -> None:
    del jhansi_home
    other = Door(home, up, "default: deny\n")  # type: ignore[arg-type]
    try:
        assert other.get(INDEX).status == 403
        assert door.get(INDEX).status == 200
        assert {entry.run for entry in other.heard} == {other.run}
        assert other.codes() == ["JR-DENY-DEFAULT"]
        assert door.codes() == []
    finally:
        other.close()


def test_the_run_named_by_a_client_counts_for_nothing(door: Door, home: object, up: Upstream) -> None:
    other = Door(home, up, "default: deny\n")  # type: ignore[arg-type]
    try:
        assert other.get(INDEX, f"X-Jhansi-Run: {door.run}").status == 403
        assert door.heard == []
    finally:
        other.close()


def test_every_request_is_in_the_ledger(door: Door, home: object) -> None:
    door.get(INDEX)
    door.get("/legacy/", method="PUT")
    door.wait_for("JR-GATE-METHOD")
    folder = Path(home.ledger)  # type: ignore[attr-defined]
    rows = [json.loads(line) for path in folder.iterdir() for line in path.read_text().splitlines()]
    mine = [(row["plane"], row["verdict"]) for row in rows if row.get("run") == door.run]
    assert mine == [("mirror", "allow"), ("gate", "deny")]
