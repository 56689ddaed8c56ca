"""A corporate forward proxy on loopback, which gives host names of tests a place to lead to."""

from __future__ import annotations

import base64
import contextlib
import selectors
import socket
import threading
import urllib.parse
from collections.abc import Mapping
from typing import NamedTuple, Self

from support.registry.reply import text_reply
from support.registry.server import HOST, LoopbackServer, ReplyHandler


class Passed(NamedTuple):
    """One request that reached the proxy. `target` as the client wrote it; `status` is 200 if it went on."""

    method: str
    target: str
    host: str
    status: int
    headers: Mapping[str, str]


class ForwardProxy:
    """Takes CONNECT and absolute URIs; `hosts` maps each name that it knows to a port on 127.0.0.1.

    The port in the request does not matter. Other names get 502. `credentials` as `user:password` asks for
    basic authentication, else 407. All requests are in `passed`, in the order in which they came.
    """

    def __init__(self, hosts: Mapping[str, int], credentials: str | None = None) -> None:
        self.passed: list[Passed] = []
        self._hosts = dict(hosts)
        self._credentials = credentials
        self._guard = threading.Lock()
        self._server = LoopbackServer(_handler(self))

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()
        if self._server.errors:
            raise RuntimeError(f"the test proxy is broken: {self._server.errors!r}")

    @property
    def url(self) -> str:
        """What a client gets as HTTP_PROXY and HTTPS_PROXY, with the credentials."""
        login = f"{self._credentials}@" if self._credentials else ""
        return f"http://{login}{HOST}:{self._server.server_port}"

    def admit(self, method: str, target: str, host: str, headers: Mapping[str, str]) -> tuple[int, int]:
        """Records a request; status to answer with and, for 200, the port to connect to."""
        port = self._hosts.get(host, 0)
        status = 200 if port else 502
        if self._credentials is not None:
            expected = "Basic " + base64.b64encode(self._credentials.encode()).decode()
            status = status if headers.get("proxy-authorization") == expected else 407
        with self._guard:
            self.passed.append(Passed(method, target, host, status, headers))
        return status, port


def _relay(left: socket.socket, right: socket.socket) -> None:
    """Copies both ways until both sides have ended."""
    with selectors.DefaultSelector() as selector:
        selector.register(left, selectors.EVENT_READ, right)
        selector.register(right, selectors.EVENT_READ, left)
        while selector.get_map():
            for key, _ in selector.select():
                source = key.fileobj
                assert isinstance(source, socket.socket)
                if data := source.recv(1 << 16):
                    key.data.sendall(data)
                else:
                    selector.unregister(source)
                    with contextlib.suppress(OSError):
                        key.data.shutdown(socket.SHUT_WR)


def _handler(proxy: ForwardProxy) -> type[ReplyHandler]:
    class Handler(ReplyHandler):
        rbufsize = 0  # what follows the request's head belongs to the relay, not to a buffer

        def do_CONNECT(self) -> None:
            self._pass_on(self.path.rpartition(":")[0], b"")

        def do_GET(self) -> None:
            url = urllib.parse.urlsplit(self.path)
            path = urllib.parse.urlunsplit(("", "", url.path or "/", url.query, ""))
            kept = [
                f"{name}: {value}\r\n"
                for name, value in self.headers.items()
                if name.lower() not in {"connection", "proxy-connection", "proxy-authorization"}
            ]
            # One request per connection: the relay does not read what it carries.
            head = f"{self.command} {path} HTTP/1.1\r\n{''.join(kept)}Connection: close\r\n\r\n"
            self._pass_on(url.hostname or "", head.encode("latin-1"))

        do_HEAD = do_POST = do_PUT = do_GET

        def _pass_on(self, host: str, head: bytes) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, port = proxy.admit(self.command, self.path, host, headers)
            self.close_connection = True
            if status != 200:
                challenge = {"Proxy-Authenticate": 'Basic realm="proxy"'} if status == 407 else {}
                self.send(text_reply(status, f"the proxy refuses {host}\n", {**challenge, "Connection": "close"}))
                return
            with socket.create_connection((HOST, port)) as onward:
                if head:
                    onward.sendall(head)
                else:
                    self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                _relay(self.connection, onward)

    return Handler
