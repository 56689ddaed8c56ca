"""Sandboxes over HTTP: made, shown, listed, deleted; and what is answered to what makes no sense."""

from __future__ import annotations

import json
import os
import re
import threading
import time
from typing import Any

import pytest

from jhansi_runner.runner.api import reading
from jhansi_runner.runner.sandboxes.places import Place
from support.api import Serving
from support.user import wait_for

_ID = re.compile(r"sb_[0-9a-f]{32}")
_POLICY = "version: 1\nregistries: {pypi: {enabled: true}}\ndefault: deny\n"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@pytest.mark.parametrize("body", [None, "", " ", {}, {"language": None, "agent": None}])
def test_an_empty_body_makes_a_sandbox(server: Serving, body: Any) -> None:
    made = server.ask("POST", "/v1/sandboxes", body)
    assert made.status == 201 and _ID.fullmatch(made.json["id"])
    assert made.headers["location"] == f"/v1/sandboxes/{made.json['id']}"
    assert made.json["ttl"] == 3600 and made.json["status"] == "created" and made.json["deleted_at"] is None
    assert all(_TIME.fullmatch(made.json[name]) for name in ("created_at", "used_at", "expires_at"))


def test_what_is_asked_for_is_what_is_shown(server: Serving) -> None:
    asked = {"language": "python", "ttl": 60, "agent": "a", "created_by": "b", "limits": {"memory": "1GiB", "cpus": 1}}
    made = server.ask("POST", "/v1/sandboxes", asked).json
    shown = server.ask("GET", f"/v1/sandboxes/{made['id']}").json
    assert shown == made
    assert shown["limits"] == {"memory": "1GiB", "cpus": "1"} and shown["owner"] == "local"


@pytest.mark.parametrize(
    "policy", [{"version": 1, "registries": {"pypi": {"enabled": True}}, "default": "deny"}, _POLICY]
)
def test_a_policy_is_a_text_or_an_object(server: Serving, policy: Any) -> None:
    made = server.ask("POST", "/v1/sandboxes", {"policy": policy})
    assert made.status == 201, made
    assert "deny" in made.json["policy"]


@pytest.mark.parametrize("policy", [{"version": 1, "upstream": "x"}, "default: [", {"no": "policy"}])
def test_a_policy_that_is_none_is_refused(server: Serving, policy: Any) -> None:
    assert server.ask("POST", "/v1/sandboxes", {"policy": policy}).status in (400, 403)


def test_lists_have_pages_and_the_latest_first(server: Serving) -> None:
    made = [server.sandbox() for _ in range(3)]
    assert server.ask("DELETE", f"/v1/sandboxes/{made[2]}").status == 204
    listed = [each["id"] for each in server.ask("GET", "/v1/sandboxes?limit=3").json]
    assert listed == made[::-1]
    assert [each["id"] for each in server.ask("GET", "/v1/sandboxes?limit=1&offset=1").json] == [made[1]]
    active = [each["id"] for each in server.ask("GET", "/v1/sandboxes/active?limit=2").json]
    assert active == [made[1], made[0]]


def test_what_is_deleted_is_gone(server: Serving) -> None:
    made = server.sandbox()
    gone = server.ask("DELETE", f"/v1/sandboxes/{made}")
    assert gone.status == 204 and gone.body == b"" and "content-length" not in gone.headers
    assert server.ask("DELETE", f"/v1/sandboxes/{made}").status == 404
    assert server.ask("GET", f"/v1/sandboxes/{made}").status == 404


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('{"langage": "python"}', "did you mean 'language'?"),
        ('{"ttl": "60"}', "ttl: "),
        ('{"ttl": 0}', "ttl: "),
        ('{"ttl": true}', "ttl: "),
        ('{"ttl": NaN}', "NaN"),
        ('{"ttl": 1e999}', "too large"),
        ('{"ttl": ' + "9" * 5000 + "}", "JSON"),
        ('{"agent": "a", "agent": "b"}', "twice"),
        ('{"limits": {"memory": "1GiB", "memory": "2GiB"}}', "twice"),
        ('{"agent": "\\ud800"}', "half a character"),
        ('{"agent": "\\u0000"}', "NUL"),
        (b'{"agent": "\xff"}', "UTF-8"),
        ("[]", "no JSON object"),
        ("null", "no JSON object"),
        ("{", "no JSON"),
        ('{"language": "python"} {}', "no JSON"),
        ('{"limits": ' + "[" * 100_000 + "]" * 100_000 + "}", "nested"),
        ('{"policy": ' + '{"a":' * 100_000 + "1" + "}" * 100_001, "nested"),
        ('{"limits": {"memory": {}}}', "limits.memory"),
        ('{"language": "klingon"}', "klingon"),
    ],
)
def test_what_makes_no_sense_is_told_and_makes_nothing(server: Serving, body: str | bytes, message: str) -> None:
    before = server.ask("GET", "/v1/sandboxes?limit=1").json
    answer = server.ask("POST", "/v1/sandboxes", body)
    assert answer.status == 400 and answer.code
    assert message in json.dumps(answer.json["error"], ensure_ascii=False)
    assert server.ask("GET", "/v1/sandboxes?limit=1").json == before


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=501", "limit=x", "offset=-1", "offset=1e9", "limit=1&limit=2", "x=1"]
)
def test_parameters_that_make_no_sense_are_told(server: Serving, query: str) -> None:
    assert server.ask("GET", f"/v1/sandboxes?{query}").code == "bad_request"


@pytest.mark.parametrize("identifier", ["sb_" + "0" * 32, "x", "%00", "%FF", "..%2f..", "a" * 5000, "sb_*", "'"])
def test_an_id_that_is_none_is_not_found(server: Serving, identifier: str) -> None:
    for method, path in [("GET", ""), ("DELETE", ""), ("GET", "/runs/x"), ("POST", "/exec")]:
        body = {"command": "say x"} if path == "/exec" else None
        answer = server.ask(method, f"/v1/sandboxes/{identifier}{path}", body)
        assert answer.status == 404 and answer.code


def test_every_answer_has_headers_that_browsers_heed(server: Serving) -> None:
    for method, path in [("GET", "/health"), ("GET", "/v1/x"), ("PUT", "/health"), ("GET", "/v1/sandboxes/x")]:
        headers = server.ask(method, path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
        assert "access-control-allow-origin" not in headers and "server" not in headers


def test_a_method_that_a_path_does_not_take_is_told_with_those_that_it_takes(server: Serving) -> None:
    answer = server.ask("PATCH", "/v1/sandboxes")
    assert answer.status == 405 and answer.code == "method_not_allowed"
    assert {each.strip() for each in answer.headers["allow"].split(",")} == {"GET", "HEAD", "POST"}
    assert server.ask("POST", "/health").status == 405


def test_head_is_get_without_a_body(server: Serving) -> None:
    answer = server.ask("HEAD", "/health")
    assert answer.status == 200 and answer.body == b"" and answer.headers["content-length"] == "15"
    assert server.ask("HEAD", "/v1/nope").status == 404


def test_paths_with_a_slash_too_many_are_not_found(server: Serving) -> None:
    for path in ("/v1/sandboxes/", "/health/", "//health", "/v1//sandboxes", "/V1/sandboxes"):
        assert server.ask("GET", path).status == 404


def test_a_fault_of_ours_is_a_number_that_the_log_explains(server: Serving, capfd: pytest.CaptureFixture[str]) -> None:
    answer = server.ask("POST", f"/v1/sandboxes/{server.sandbox()}/exec", {"command": "fault"})
    assert answer.status == 500 and answer.code == "internal_error"
    assert b"secret" not in answer.body and b"ZeroDivision" not in answer.body
    number = answer.json["error"]["hint"].split()[-1]
    said = capfd.readouterr().err
    assert number in said and "ZeroDivisionError: a fault with a secret in it" in said
    assert server.ask("GET", "/health").status == 200


@pytest.mark.attack
@pytest.mark.parametrize(
    "body",
    [
        "{" + ",".join(f'"k{number}":1' for number in range(80_000)) + "}",
        '{"limits":{' + ",".join(f'"k{number}":[]' for number in range(70_000)) + "}}",
    ],
)
def test_a_body_of_mistakes_is_not_told_one_by_one_and_holds_up_nobody(
    server: Serving, body: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads, parse = list[threading.Thread](), reading.parse_json

    def seen(data: bytes) -> object:
        threads.append(threading.current_thread())
        return parse(data)

    monkeypatch.setattr(reading, "parse_json", seen)
    answer = server.ask("POST", "/v1/sandboxes", body)
    assert (answer.status, answer.code) == (400, "bad_request")
    assert answer.json["error"]["message"] == "almost nothing in the body is what it should be"
    assert server.thread not in threads and len(threads) == 1


@pytest.mark.attack
@pytest.mark.parametrize(("what", "body"), [("fork", {}), ("snapshot", {"name": "x"}), ("restore", {"name": "x"})])
def test_who_waits_for_a_busy_sandbox_and_leaves_waits_no_more(
    server: Serving, what: str, body: dict[str, Any]
) -> None:
    token = {"Authorization": f"Bearer {server.token(f'leaves-{what}')}"}
    sandbox = server.sandbox(token)
    lock = Place(server.folders, sandbox).hold()
    assert lock is not None
    try:
        data = json.dumps({**body, "wait": True})
        head = f"POST /v1/sandboxes/{sandbox}/{what} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(data)}\r\n"
        with server.connect() as end:
            end.sendall(f"{head}Authorization: {token['Authorization']}\r\n\r\n{data}".encode())
            wait_for(lambda: server.app._requests[f"leaves-{what}"])
            time.sleep(0.1)
        wait_for(lambda: not server.app._requests[f"leaves-{what}"], 5)
    finally:
        os.close(lock)
