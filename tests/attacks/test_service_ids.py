"""Ids of others, on every operation that the API has: answered as ids that never were, and nothing comes of asking."""

from __future__ import annotations

import http.client
import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest

from jhansi_runner.runner.api.app import OPERATIONS
from jhansi_runner.runner.api.operation import Operation
from support.served import served
from support.user import ordinary_user, wait_for

pytestmark = pytest.mark.attack
_NEVER = {"sandbox": f"sb_{'0' * 32}", "run": f"run_{'0' * 16}"}
_BODIES: dict[str, list[bytes]] = {
    "addFiles": [b'{"path": "x", "content": "x"}', b"{"],
    "putFile": [b"x", b""],
    "uploadArchive": [b"x", b"PK\5\6" + bytes(18)],
    "exec": [b'{"command": "true"}', b'{"command": "true", "wait": true, "detach": true}', b'{"timeout": 1e9}'],
    "forkSandbox": [b"", b'{"wait": true}', b"[]"],
    "createSnapshot": [b'{"name": "kept"}', b'{"name": "/"}'],
    "restoreSnapshot": [b'{"name": "kept", "wait": true}', b"{}"],
}
"""For each operation that takes one: some that make sense, and some that do not."""
_ASKED = [row for row in OPERATIONS if "{" in row.path or row.name == "explain"]


@dataclass(frozen=True)
class _Owned:
    """What somebody has: ids by what they are in paths."""

    token: str
    ids: dict[str, str]


class _Api:
    """A service, as two owners use it."""

    def __init__(self, url: str, tokens: dict[str, str]) -> None:
        self._port = urlsplit(url).port
        self.mine, self.theirs = (_Owned(token, {}) for token in tokens.values())
        for one in (self.mine, self.theirs):
            sandbox = str(self.json(one.token, "POST", "/v1/sandboxes", b"")["id"])
            at = f"/v1/sandboxes/{sandbox}"
            self.json(one.token, "PUT", f"{at}/files/a.txt", b"secret")
            self.json(one.token, "POST", f"{at}/snapshot", b'{"name": "kept"}')
            run = self.json(one.token, "POST", f"{at}/exec", b'{"command": "echo secret; sleep 600", "detach": true}')
            one.ids.update(sandbox=sandbox, run=str(run["id"]))
            wait_for(lambda one=one: self.state(one) == "running")  # type: ignore[misc]

    def ask(self, token: str, method: str, path: str, body: bytes | None = None) -> tuple[int, dict[str, str], bytes]:
        """Status, headers but for the time, and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            connection.request(method, path, body, {"Authorization": f"Bearer {token}"})
            answer = connection.getresponse()
            headers = {name.lower(): value for name, value in answer.getheaders() if name.lower() != "date"}
            return answer.status, headers, answer.read()
        finally:
            connection.close()

    def json(self, token: str, method: str, path: str, body: bytes | None = None) -> Any:
        """What is answered, when all is well."""
        status, _, text = self.ask(token, method, path, body)
        assert status < 300, text
        return json.loads(text)

    def state(self, one: _Owned) -> str:
        """What became of the run."""
        return str(self.json(one.token, "GET", f"/v1/runs/{one.ids['run']}")["state"])

    def all_of(self, one: _Owned) -> list[object]:
        """All that an owner sees of what is theirs."""
        at = f"/v1/sandboxes/{one.ids['sandbox']}"
        paths = (
            "/v1/sandboxes",
            "/v1/runs",
            at,
            f"{at}/runs",
            f"{at}/files?deep=true",
            f"{at}/snapshots",
            "/v1/metrics",
        )
        return [self.json(one.token, "GET", path) for path in paths]


@pytest.fixture(scope="module")
def api() -> Iterator[_Api]:
    with ordinary_user() as user:
        tokens = {name: user.run("token", "create", name).stdout.split()[-1] for name in ("mine", "theirs")}
        with served(user, "--no-socket", "--listen", "127.0.0.1:0", "--runs", "4") as server:
            yield _Api(server.url, tokens)


def _paths(row: Operation, mine: dict[str, str], other: dict[str, str]) -> Iterator[str]:
    """The paths that name at least one thing of somebody else's, with what is mine for the rest."""
    kinds = re.findall(r"\{(sandbox|run)\}", row.path)
    for chosen in itertools.product((mine, other), repeat=len(kinds)):
        if other in chosen:
            ids = dict(zip(kinds, (ids[kind] for kind, ids in zip(kinds, chosen, strict=True)), strict=True))
            yield row.path.replace(":path", "").format(**ids, path="a.txt", snapshot="kept")
    if row.name == "explain":
        yield f"{row.path}?purl=pkg:pypi/six@1.16.0&sandbox={other['sandbox']}"


def _without(ids: dict[str, str], text: str) -> str:
    for kind, one in ids.items():
        text = text.replace(one, kind)
    return text


def test_every_operation_that_takes_a_body_is_tried_with_some() -> None:
    assert {row.name for row in _ASKED if row.takes} == _BODIES.keys()
    assert len(_ASKED) > 25


@pytest.mark.parametrize("row", _ASKED, ids=lambda row: row.name)
def test_an_id_of_somebody_else_is_as_one_that_never_was(api: _Api, row: Operation) -> None:
    mine, theirs = api.mine.ids, api.theirs.ids
    before = api.all_of(api.theirs)
    for body in _BODIES.get(row.name, [None]):
        for got_path, never_path in zip(_paths(row, mine, theirs), _paths(row, mine, _NEVER), strict=True):
            got, never = (api.ask(api.mine.token, row.method, path, body) for path in (got_path, never_path))
            assert 400 <= got[0] < 500, (got_path, got)
            assert _without(theirs, str(got)) == _without(_NEVER, str(never)), got_path
    assert api.all_of(api.theirs) == before


def test_the_same_operations_do_something_for_whose_ids_they_are(api: _Api) -> None:
    """What is answered above is so because of the ids."""
    for row in _ASKED:
        if row.method == "GET" and not row.name.startswith(("getEvents", "getLog", "getSbom")):
            ids = {**api.mine.ids, "path": "a.txt", "snapshot": "kept"}
            status, _, text = api.ask(
                api.mine.token,
                "GET",
                row.path.replace(":path", "").format(**ids)
                + (f"?purl=pkg:pypi/six@1.16.0&sandbox={ids['sandbox']}" if row.name == "explain" else ""),
            )
            assert status == 200, (row.name, text)
