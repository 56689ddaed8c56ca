"""Programs over HTTP: waited for, followed, left alone; and clients that leave, or read slowly."""

from __future__ import annotations

import contextlib
import json
import select
import socket
import time
from typing import Any

import pytest

from jhansi_runner.runner.api import connection, streams, whole
from jhansi_runner.runner.sandboxes.model import CANCELLED, RUNNING, Program
from jhansi_runner.runner.sandboxes.tokens import digest
from support.api import Serving, read_rest
from support.user import wait_for

_EVENTS = "text/event-stream"


def _run(server: Serving, command: str, **more: Any) -> Any:
    return server.ask("POST", f"/v1/sandboxes/{server.sandbox()}/exec", {"command": command, **more})


def _state(server: Serving, run: str) -> str:
    return server.service.made[run].state


def _latest(server: Serving, sandbox: str) -> str:
    runs = [run.id for run in server.service.made.values() if run.sandbox_id == sandbox]
    return runs[-1] if runs else ""


def _begin(server: Serving, sandbox: str, command: str, accept: str = "*/*", more: str = "") -> socket.socket:
    """A client that asked for a program, and has read nothing yet."""
    body = json.dumps({"command": command}).encode()
    head = f"POST /v1/sandboxes/{sandbox}/exec HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    head += f"{more}Accept: {accept}\r\nContent-Length: {len(body)}\r\n\r\n"
    end = server.connect()
    end.sendall(head.encode() + body)
    wait_for(lambda: _latest(server, sandbox))
    return end


def test_the_answer_is_the_outcome(server: Serving) -> None:
    answer = _run(server, "say hello")
    assert answer.status == 200
    assert answer.json["output"] == answer.json["stdout"] == "say hello\n".removeprefix("say ")
    assert answer.json["exit_code"] == 0 and answer.json["state"] == "done" and answer.json["denied"] == []
    assert answer.headers["location"] == f"/v1/runs/{answer.json['run_id']}"


def test_a_program_that_fails_is_an_outcome(server: Serving) -> None:
    answer = _run(server, "fail")
    assert answer.status == 200 and answer.json["exit_code"] == 3


def test_what_is_asked_for_reaches_the_core(server: Serving) -> None:
    asked = {
        "filename": "a.py", "command": ["x", "y"], "args": ["1"], "stdin_base64": "AAE=", "env": {"K": "V"},
        "timeout": 2, "test": True, "wait": True, "offline": True, "no_install": True,
    }  # fmt: skip
    run = server.ask("POST", f"/v1/sandboxes/{server.sandbox()}/exec", asked).json["run_id"]
    assert server.service.asked[run] == Program(
        "a.py", ("x", "y"), ("1",), b"\0\1", {"K": "V"}, 2.0, test=True, wait=True, offline=True, no_install=True
    )


@pytest.mark.attack
@pytest.mark.parametrize("name", ["command", "args"])
def test_words_are_bounded_in_number(server: Serving, name: str) -> None:
    """A MiB of short ones takes thirteen, for each run that waits."""
    body = {"command": "x", name: ["x"] * 6000}
    answer = server.ask("POST", f"/v1/sandboxes/{server.sandbox()}/exec", body)
    assert answer.status == 400 and f"{name}: List should have at most 5000 items" in answer.json["error"]["message"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"filename": ""},
        {"args": ["x"]},
        {"command": "x", "stdin": "a", "stdin_base64": "YQ=="},
        {"command": "x", "stdin_base64": "%"},
        {"command": ["x", 1]},
        {"command": "x\0y"},
        {"command": "x", "env": {"A": 1}},
        {"command": "x", "timeout": -1},
        {"comand": "x"},
        {"command": "x", "wait": "yes"},
        {"command": "x", "env": {f"A{number}": "x" for number in range(2000)}},
    ],
)
def test_what_makes_no_sense_runs_nothing(server: Serving, body: dict[str, Any]) -> None:
    sandbox = server.sandbox()
    answer = server.ask("POST", f"/v1/sandboxes/{sandbox}/exec", body)
    assert answer.code == "bad_request" and answer.json["error"]["hint"]
    assert not _latest(server, sandbox)


def test_events_are_typed_and_numbered(server: Serving) -> None:
    sandbox = server.sandbox()
    answer = server.ask(
        "POST", f"/v1/sandboxes/{sandbox}/exec", {"command": "say hi"}, {"Accept": f"{_EVENTS}, */*;q=0.1"}
    )
    assert answer.status == 200 and answer.headers["content-type"].startswith(_EVENTS)
    first, second, rest = answer.body.decode().split("\n\n")
    assert first == 'id: 1\nevent: output\ndata: {"event": "output", "seq": 1, "stream": "stdout", "text": "hi\\n"}'
    assert second.startswith("id: 2\nevent: done\ndata: {") and rest == ""
    run = _latest(server, sandbox)
    assert server.ask("GET", f"/v1/runs/{run}/events").body == answer.body
    after = server.ask("GET", f"/v1/sandboxes/{sandbox}/runs/{run}/events?after=1").body
    assert after == server.ask("GET", f"/v1/runs/{run}/events", headers={"Last-Event-ID": "1"}).body
    assert after.startswith(b"id: 2\n")
    assert server.ask("GET", f"/v1/runs/{run}/events", headers={"Last-Event-ID": "x"}).code == "bad_request"


@pytest.mark.parametrize(
    ("accepted", "events"),
    [
        ("text/event-stream", True),
        ("application/json, text/event-stream", True),
        ("*/*, Text/Event-Stream ; q=0.5", True),
        ("application/json, text/event-stream;q=0.9", False),
        ("text/event-stream;q=0", False),
        ("text/event-stream;q=0.000, */*", False),
        ("text/event-stream;q=much", True),
        ("application/json;q=0.2, text/event-stream;q=0.3", True),
        ("text/*", False),
        ("", False),
    ],
)
def test_events_are_for_whoever_would_rather_have_them(server: Serving, accepted: str, *, events: bool) -> None:
    path = f"/v1/sandboxes/{server.sandbox()}/exec"
    answer = server.ask("POST", path, {"command": "say x"}, {"Accept": accepted})
    assert answer.headers["content-type"].startswith("text/event-stream") is events


def test_a_busy_sandbox_is_409(server: Serving) -> None:
    sandbox = server.sandbox()
    started = server.ask("POST", f"/v1/sandboxes/{sandbox}/exec", {"command": "sleep", "detach": True})
    assert started.status == 202 and started.json["state"] == "running"
    assert started.headers["location"] == f"/v1/runs/{started.json['id']}"
    second = server.ask("POST", f"/v1/sandboxes/{sandbox}/exec", {"command": "say x"})
    assert second.status == 409 and second.code == "sandbox_busy" and second.headers["retry-after"] == "1"
    cancelled = server.ask("DELETE", f"/v1/sandboxes/{sandbox}/runs/{started.json['id']}")
    assert cancelled.status == 200 and cancelled.json["state"] == "cancelled"


def test_what_is_known_of_runs_can_be_read(server: Serving) -> None:
    sandbox = server.sandbox()
    run = server.ask("POST", f"/v1/sandboxes/{sandbox}/exec", {"command": "say <b>"}).json["run_id"]
    for root in ("/v1/runs", f"/v1/sandboxes/{sandbox}/runs"):
        assert server.ask("GET", f"{root}?limit=1").json[0]["id"] == run
        assert server.ask("GET", f"{root}/{run}").json["exit_code"] == 0
        log = server.ask("GET", f"{root}/{run}/log?stream=stdout")
        assert log.body == b"<b>\n" and log.headers["content-type"] == "text/plain; charset=utf-8"
        assert server.ask("GET", f"{root}/{run}/log?stream=stderr").body == b""
        assert server.ask("GET", f"{root}/{run}/log?stream=x").code == "bad_request"
        assert server.ask("GET", f"{root}/{run}/sbom").json == {"bomFormat": "CycloneDX"}
        assert server.ask("HEAD", f"{root}/{run}/log").body == b""


@pytest.mark.parametrize("accept", ["*/*", _EVENTS])
def test_who_leaves_ends_what_they_wait_for(server: Serving, accept: str) -> None:
    sandbox = server.sandbox()
    with _begin(server, sandbox, "sleep", accept):
        assert _state(server, _latest(server, sandbox)) == RUNNING
    wait_for(lambda: _state(server, _latest(server, sandbox)) == CANCELLED)


@pytest.mark.attack
@pytest.mark.parametrize("accept", ["*/*", _EVENTS])
@pytest.mark.parametrize("ends", [True, False])
def test_what_is_asked_with_a_token_ends_with_it(server: Serving, accept: str, ends: bool) -> None:
    name = f"ends-{accept == _EVENTS}-{ends}"
    token = server.token(name)
    header = f"Authorization: Bearer {token}"
    sandbox = server.sandbox({"Authorization": f"Bearer {token}"})
    with _begin(server, sandbox, "sleep", accept, f"{header}\r\n"):
        server.loop.call_soon_threadsafe(server.app.break_off, {digest("another") if ends else digest(token)})
        if ends:
            wait_for(lambda: _state(server, _latest(server, sandbox)) == CANCELLED)
        else:
            time.sleep(0.2)
            assert _state(server, _latest(server, sandbox)) == RUNNING


def test_who_only_watches_ends_nothing(server: Serving) -> None:
    run = _run(server, "sleep", detach=True).json["id"]
    with server.connect() as end:
        end.sendall(f"GET /v1/runs/{run}/events HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        found = b""
        while b"sleeping" not in found:
            found += end.recv(4096)
    time.sleep(0.3)
    assert _state(server, run) == RUNNING


def test_a_stream_with_nothing_to_tell_shows_that_it_is_alive(server: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "HEARTBEAT", 0.1)
    sandbox = server.sandbox()
    with _begin(server, sandbox, "sleep", _EVENTS) as end:
        found = b""
        while found.count(b": nothing new\n\n") < 2:
            found += end.recv(4096)


def test_who_reads_nothing_is_dropped_and_holds_up_nobody(server: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "STALLED_SECONDS", 1)
    sandbox = server.sandbox()
    with _begin(server, sandbox, "flood", _EVENTS):
        run = _latest(server, sandbox)
        assert _run(server, "say x").status == 200
        wait_for(lambda: _state(server, run) == CANCELLED)


@pytest.mark.attack
def test_answers_that_nobody_reads_are_few_at_once_and_nobody_elses_wait(server: Serving) -> None:
    token = {"Authorization": f"Bearer {server.token('reads-nothing')}"}
    command = "say " + "x" * 900_000
    run = server.ask("POST", f"/v1/sandboxes/{server.sandbox(token)}/exec", {"command": command}, token).json["run_id"]
    request = f"GET /v1/runs/{run} HTTP/1.1\r\nHost: x\r\nAuthorization: {token['Authorization']}\r\n\r\n".encode()
    ends = [server.connect() for _ in range(3 * whole.SENT_EACH)]
    try:
        for end in ends:
            end.sendall(request)
        wait_for(lambda: len(_answered(ends)) >= whole.SENT_EACH)
        time.sleep(0.3)
        answered = _answered(ends)
        assert len(answered) == whole.SENT_EACH
        assert _run(server, "say x").status == 200
        assert server.ask("GET", "/v1/sandboxes", None, token).status == 200
        for end in answered:
            end.close()
        others = [end for end in ends if end not in answered]
        wait_for(lambda: len(_answered(others)) == whole.SENT_EACH)
    finally:
        for end in ends:
            end.close()


def test_a_large_answer_is_whole(server: Serving) -> None:
    text = "x" * 500_000
    run = _run(server, f"say {text}").json
    assert run["stdout"] == f"{text}\n" and server.ask("GET", f"/v1/runs/{run['run_id']}").json["outcome"] == {
        name: run[name] for name in ("run_id", "exit_code", "stdout", "output", "duration_ms")
    }
    head = server.ask("HEAD", f"/v1/runs/{run['run_id']}")
    assert head.status == 200 and head.body == b"" and int(head.headers["content-length"]) > 1_000_000


def _answered(ends: list[socket.socket]) -> list[socket.socket]:
    """Those that have something to read."""
    return select.select(ends, [], [], 0)[0]


def test_who_reads_slowly_gets_everything(server: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "STALLED_SECONDS", 2)
    sandbox = server.sandbox()
    with _begin(server, sandbox, "flood", _EVENTS) as end:
        until, found = time.monotonic() + 4, 0
        while time.monotonic() < until or found < 1_000_000:
            data = end.recv(20_000)
            assert data
            found += len(data)
            time.sleep(0.02)
        assert _state(server, _latest(server, sandbox)) == RUNNING


@pytest.mark.parametrize("sent", [b"GET /health HTTP/1.1\r\nHost: x\r\n", b"G"])
def test_a_head_that_does_not_come_is_not_waited_for(
    server: Serving, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 1)
    with server.connect() as end:
        end.sendall(sent)
        assert read_rest(end).startswith(b"HTTP/1.1 408 ")


def test_a_body_that_trickles_is_not_waited_for(server: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "SLOW_SECONDS", 1)
    with server.connect() as end:
        end.sendall(b"POST /v1/sandboxes HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it was said by then, and is there to read
            for _ in range(6):
                end.sendall(b"  ")
                time.sleep(0.2)
        assert read_rest(end).startswith(b"HTTP/1.1 408 ")


def test_a_connection_that_asks_for_nothing_is_closed(server: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "IDLE_SECONDS", 1)
    with server.connect() as end:
        assert read_rest(end) == b""


def test_more_connections_than_there_is_room_for_are_told(server: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MOST_CONNECTIONS", 3)
    ends = [_begin(server, server.sandbox(), "sleep") for _ in range(3)]
    try:
        with server.connect() as end:
            assert read_rest(end).startswith(b"HTTP/1.1 503 ")
    finally:
        for each in ends:
            each.close()
    wait_for(lambda: server.ask("GET", "/health").status == 200)


@pytest.mark.attack
@pytest.mark.parametrize("kind", ["silent", "half a head", "a body that trickles", "asked once, with a token"])
def test_connections_by_which_nobody_known_asks_for_anything_keep_nobody_out(
    server: Serving, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(connection, "MOST_CONNECTIONS", 4)
    token = server.token(f"fills-{kind.split()[0]}").encode()
    asked = b"GET /v1/sandboxes HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n\r\n" % token
    login = b"POST /v1/sandboxes HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n\r\n{"
    sent = {"silent": b"", "half a head": b"GET /health HT", "a body that trickles": login}.get(kind, asked)
    working = _begin(server, server.sandbox(), "sleep")
    ends = [server.connect(tcp=True) for _ in range(12)]
    try:
        for end in ends:
            with contextlib.suppress(OSError):
                end.sendall(sent)
        for end in ends if sent == asked else ():
            with contextlib.suppress(OSError):  # who had to make way has no answer
                end.recv(1000)
        time.sleep(0.2)
        for _ in range(5):
            assert server.ask("GET", "/v1/sandboxes").status == 200
        ends += [server.connect(tcp=True) for _ in range(12)]
        working.settimeout(0.2)
        with pytest.raises(TimeoutError):  # who is known and waits for an answer is left alone
            working.recv(1)
    finally:
        for end in (working, *ends):
            end.close()


def test_an_end_of_the_server_ends_what_is_waited_for(tmp_path: object) -> None:
    from support.api import serving

    del tmp_path
    with serving() as server:
        sandbox, other = server.sandbox(), server.sandbox()
        with _begin(server, sandbox, "sleep") as waiting, _begin(server, other, "sleep", _EVENTS) as following:
            server.loop.call_soon_threadsafe(server.stopping.set)
            assert b'"state": "cancelled"' in read_rest(waiting)
            assert b"event: done" in read_rest(following)
