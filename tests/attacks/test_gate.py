"""What a program asks of the gate beyond reading packages: refused, and in the outcome with code and reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jhansi_runner.proxy.registries.upstreams import public_host
from support.registry import Upstream
from support.user import User

pytestmark = pytest.mark.attack

CLIENT = """
import os, socket, ssl, sys
REGISTRY = %r
def tunnel(host, port=443):
    endpoint = socket.create_connection(('127.0.0.1', 3128), 20)
    endpoint.sendall(f'CONNECT {host}:{port} HTTP/1.1\\r\\nHost: {host}:{port}\\r\\n\\r\\n'.encode())
    head = b''
    while b'\\r\\n\\r\\n' not in head:
        data = endpoint.recv(4096)
        if not data: break
        head += data
    print(head.split(b'\\r\\n')[0].decode())
    return endpoint
def secure(endpoint, name, alpn=None):
    context = ssl.create_default_context()
    context.check_hostname = False
    if alpn: context.set_alpn_protocols(alpn)
    return context.wrap_socket(endpoint, server_hostname=name)
def ask(endpoint, text):
    endpoint.sendall(text.encode())
    answer = b''
    try:
        while data := endpoint.recv(4096): answer += data
    except OSError: pass
    print(answer.decode('latin-1'))
def request(method, path='/simple/six/', host=REGISTRY, extra='', body=''):
    head = f'{method} {path} HTTP/1.1\\r\\nHost: {host}\\r\\n{extra}Connection: close\\r\\n\\r\\n'
    ask(secure(tunnel(REGISTRY), REGISTRY), head + body)
def plain():
    head = f'GET http://{REGISTRY}/simple/six/ HTTP/1.1\\r\\nHost: {REGISTRY}\\r\\n\\r\\n'
    ask(socket.create_connection(('127.0.0.1', 3128)), head)
def another_sni():
    ask(secure(tunnel(REGISTRY), 'canary.test'), f'GET / HTTP/1.1\\r\\nHost: {REGISTRY}\\r\\n\\r\\n')
"""

REQUESTS = {
    "another host": ("tunnel('canary.test')", "JR-GATE-HOST", "canary.test"),
    "a host by its address": ("tunnel('192.0.2.1')", "JR-GATE-HOST", "192.0.2.1"),
    "the host's loopback": ("tunnel('127.0.0.1', 443)", "JR-GATE-HOST", "127.0.0.1"),
    "the metadata address": ("tunnel('169.254.169.254', 80)", "JR-GATE-HOST", "169.254.169.254"),
    "a look-alike": ("tunnel(REGISTRY + '.canary.test')", "JR-GATE-HOST", "canary.test"),
    "another port": ("tunnel(REGISTRY, 22)", "JR-GATE-PORT", "22"),
    "another SNI": ("another_sni()", "JR-GATE-SNI", "canary.test"),
    "another Host": ("request('GET', host='canary.test')", "JR-GATE-HOST-HEADER", "canary.test"),
    "PUT": ("request('PUT')", "JR-GATE-METHOD", "PUT"),
    "POST": ("request('POST', extra='Content-Length: 6\\r\\n', body='secret')", "JR-GATE-METHOD", "POST"),
    "DELETE": ("request('DELETE')", "JR-GATE-METHOD", "DELETE"),
    "a body": ("request('GET', extra='Content-Length: 6\\r\\n', body='secret')", "JR-GATE-BODY", "body"),
    "a query": ("request('GET', path='/simple/six/?secret=canary')", "JR-GATE-PATH", "query"),
    "an upload": ("request('GET', path='/legacy/')", "JR-GATE-PATH", "legacy"),
    "climbing": ("request('GET', path='/simple/../../etc/passwd')", "JR-GATE-PATH", "etc"),
    "plain HTTP": ("plain()", "JR-GATE-PLAIN", "HTTPS"),
    "what is no TLS": ("ask(tunnel(REGISTRY), 'GET / HTTP/1.0\\r\\n\\r\\n')", "JR-GATE-PLAIN", "TLS"),
}  # fmt: skip

Ask = Callable[[str], dict[str, Any]]


@pytest.fixture
def ask(user: User, upstream: Upstream) -> Ask:
    """Run a client inside; the outcome of the run."""
    user.policy(upstream.url)
    user.write("client.py", "")

    def run(action: str) -> dict[str, Any]:
        user.write("client.py", CLIENT % public_host("pypi") + action)
        return user.exec_json("client.py")

    return run


def test_the_gate_answers_the_client_when_it_only_reads(ask: Ask) -> None:
    found = ask("request('GET')")
    assert "HTTP/1.1 200" in found["stdout"], found
    assert "six-1.16.0" in found["stdout"]
    assert found["denied"] == []


@pytest.mark.parametrize("name", REQUESTS)
def test_the_gate_refuses_and_the_outcome_says_so(ask: Ask, upstream: Upstream, name: str) -> None:
    action, code, word = REQUESTS[name]
    found = ask(action)
    assert code in {row["code"] for row in found["denied"]}, found
    row = next(row for row in found["denied"] if row["code"] == code)
    assert row["verdict"] == "deny"
    assert word.lower() in (row["reason"] + row["url"]).lower()
    assert row["phase"] == "run"
    assert "200 OK" not in found["stdout"]
    assert upstream.requests == []


def test_a_refusal_is_told_once_on_stderr_however_often_it_was_tried(user: User, upstream: Upstream) -> None:
    user.policy(upstream.url)
    source = CLIENT % public_host("pypi") + "for _ in range(5): tunnel('canary.test')"
    done = user.python(source)
    assert done.stdout.count("403") == 5
    lines = [line for line in done.stderr.splitlines() if "canary.test" in line]
    assert len(lines) == 1, done.stderr
    assert "5 times" in lines[0]
    assert "JR-GATE-HOST" in lines[0]


def test_a_flood_that_ends_with_the_program_hides_nothing(ask: Ask) -> None:
    flood = "import threading\ndef some():\n    for _ in range(100): tunnel('canary.test')\n"
    threads = "threads = [threading.Thread(target=some) for _ in range(8)]\n"
    found = ask(flood + threads + "[t.start() for t in threads]; [t.join() for t in threads]; tunnel('hidden.test')")
    assert found["stdout"].count("403") == 801
    rows = {row["url"]: row["count"] for row in found["denied"]}
    assert rows == {"canary.test:443": 800, "hidden.test:443": 1}


def test_a_name_that_carries_terminal_escapes_is_shown_and_not_obeyed(user: User, upstream: Upstream) -> None:
    user.policy(upstream.url)
    source = CLIENT % public_host("pypi") + r"request('GET', path='/\x1b]0;canary\x07\x1b[2J')"
    done = user.python(source)
    assert "refused" in done.stderr
    assert not set(done.stderr) & {"\x1b", "\x07"}


def test_http2_is_not_spoken(ask: Ask, upstream: Upstream) -> None:
    found = ask("print('ALPN', secure(tunnel(REGISTRY), REGISTRY, ['h2', 'http/1.1']).selected_alpn_protocol())")
    assert "ALPN http/1.1" in found["stdout"] or "ALPN None" in found["stdout"], found
    assert upstream.requests == []
