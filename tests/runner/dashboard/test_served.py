"""The dashboard of the real service: what runs in real sandboxes is on its pages, for those whose it is."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator

import httpx
import pytest

PROGRAM = r"""
import sys
print("<script>alert(1)</script> \x1b[31m")
print("to stderr", file=sys.stderr)
sys.exit(3)
"""
URL = re.compile(r"serving at (unix:|)(\S+)")


class Served:
    """A running service: `socket` is its user's, `url` for those who have a token."""

    def __init__(self, command: str) -> None:
        self._command = command
        self._child = subprocess.Popen(
            [command, "serve", "--listen", "127.0.0.1:0"], stderr=subprocess.PIPE, text=True, env=dict(os.environ)
        )
        assert self._child.stderr is not None
        found = [URL.search(self._child.stderr.readline()) for _ in range(4)]
        self.socket, self.url = (one[2] for one in found if one is not None)

    def token(self, name: str, *options: str) -> str:
        """A new token."""
        made = subprocess.run([self._command, "token", "create", name, *options], capture_output=True, check=True)
        return made.stdout.decode().strip()

    def at_socket(self) -> httpx.Client:
        """Who owns the service."""
        return httpx.Client(transport=httpx.HTTPTransport(uds=self.socket), base_url="http://localhost", timeout=60)

    def with_token(self, token: str) -> httpx.Client:
        """Who has a token."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.url, headers=headers, trust_env=False, timeout=60)

    def end(self) -> str:
        """End it; what it said."""
        self._child.send_signal(signal.SIGTERM)
        return self._child.communicate(timeout=60)[1]


@pytest.fixture
def served(command: str) -> Iterator[Served]:
    found = Served(command)
    try:
        yield found
    finally:
        assert "Traceback" not in found.end()


def test_a_run_is_on_its_pages_for_its_owner_and_the_operator(served: Served) -> None:
    token, other = served.token("agent-7"), served.token("other")
    with served.with_token(token) as own, served.at_socket() as operator, served.with_token(other) as stranger:
        box = own.post("/v1/sandboxes", json={"language": "python", "agent": "<b>a</b>"}).json()["id"]
        own.post(f"/v1/sandboxes/{box}/files", json={"path": "main.py", "content": PROGRAM}).raise_for_status()
        own.post(f"/v1/sandboxes/{box}/exec", json={"filename": "main.py"}).raise_for_status()
        run = own.get(f"/v1/sandboxes/{box}/runs").json()[0]["id"]
        for client in (own, operator):
            page = client.get(f"/runs/{run}").text
            assert '<span class="badge bad">exit 3</span>' in page
            assert '<span class="stdout">&lt;script&gt;alert(1)&lt;/script&gt; \\x1b[31m\n</span>' in page
            assert '<span class="stderr">to stderr\n</span>' in page
            files = client.get(f"/sandboxes/{box}").text
            assert "main.py</bdi>" in files and "&lt;b&gt;a&lt;/b&gt;" in files and run in files
            assert box[:11] in client.get("/").text and run in client.get("/").text
            assert client.get(f"/runs/{run}/sbom").json()["bomFormat"] == "CycloneDX"
            assert b"<script>alert(1)</script> \x1b[31m" in client.get(f"/runs/{run}/log").content
            assert 'event: done\ndata: {"outcome": "exit 3"}' in client.get(f"/runs/{run}/events").text
        assert {stranger.get(path).status_code for path in (f"/runs/{run}", f"/sandboxes/{box}")} == {404}
        assert run not in stranger.get("/").text
        assert [client.get("/policy").status_code for client in (own, operator)] == [403, 200]


def test_a_browser_signs_in_with_a_token_until_that_is_revoked(served: Served, command: str) -> None:
    token = served.token("looker")
    with served.with_token("") as browser:
        browser.headers["Sec-Fetch-Site"] = "same-origin"
        assert browser.get("/").headers["location"] == "/login?next=/"
        assert browser.post("/login", data={"token": token}).headers["location"] == "/"
        assert "looker" in browser.get("/").text
        assert browser.get("/v1/sandboxes").status_code == 401
        subprocess.run([command, "token", "revoke", "looker"], capture_output=True, check=True)
        assert browser.get("/").status_code == 303
