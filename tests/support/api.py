"""The API's real server at real sockets, in a thread, with a core whose programs are pretended."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import socket
import tempfile
import threading
from collections.abc import Coroutine, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from jhansi_runner.proxy.paths import Paths, make
from jhansi_runner.runner.api.access import Access
from jhansi_runner.runner.api.app import build
from jhansi_runner.runner.api.listening import tcp_listener, unix_listener
from jhansi_runner.runner.api.operation import Context
from jhansi_runner.runner.api.server import serve
from jhansi_runner.runner.sandboxes.service import Settings
from jhansi_runner.runner.sandboxes.tokens import Tokens
from support.fake_runs import FakeRuns

_Result = TypeVar("_Result")
UPLOAD = 1 << 20


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """What it says."""
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The error's code, in the one shape that errors have."""
        error = self.json["error"]
        assert set(error) == {"code", "message", "hint", "status"}
        assert error["status"] == self.status
        return str(error["code"])


class Serving:
    """A server: `path` is its unix socket, `port` its TCP port on loopback."""

    def __init__(self, home: str, *, same_user: bool = False, uid: int | None = None) -> None:
        self.home, self.same_user, self.uid = home, same_user, os.geteuid() if uid is None else uid
        self.folders = Paths({"JHANSI_HOME": home}, os.getuid(), "host")
        self.unix, self.tcp = (
            unix_listener(make(self.folders.runtime)),
            tcp_listener("127.0.0.1:0", secure=False, insecure=False),
        )
        self.path, self.port = str(self.unix.getsockname()), int(self.tcp.getsockname()[1])
        self.loop = asyncio.new_event_loop()
        self.ready = threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()
        assert self.ready.wait(60)

    def _run(self) -> None:
        self.loop.run_until_complete(self._serve())
        self.loop.close()

    async def _serve(self) -> None:
        self.stopping = asyncio.Event()
        self.service = FakeRuns(self.folders, {}, Settings(upload=UPLOAD), runs=False)
        async with self.service:
            access = Access(self.uid, self.service.caller, self.same_user, frozenset(["service.test"]))
            spool = make(self.folders.service)
            self.app = build(Context(self.service, access, UPLOAD, 3600.0, spool, self.stopping))
            await serve(self.app, [self.unix, self.tcp], [], None, self.stopping, self.ready.set)

    def do(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        """Do something in the server's loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(60)

    def token(self, name: str, *, sees_all: bool = False) -> str:
        """A new token."""

        async def create() -> str:
            return Tokens(self.service._database).create(name, sees_all=sees_all)

        return self.do(create())

    def end(self) -> None:
        """End it."""
        self.loop.call_soon_threadsafe(self.stopping.set)
        self.thread.join(60)
        assert not self.thread.is_alive()

    def connect(self, *, tcp: bool = False) -> socket.socket:
        """A raw connection."""
        if tcp:
            return socket.create_connection(("127.0.0.1", self.port), 60)
        end = socket.socket(socket.AF_UNIX)
        end.settimeout(60)
        end.connect(self.path)
        return end

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | str | dict[str, Any] | Iterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        tcp: bool = False,
    ) -> Answer:
        """One request, and its answer."""
        data = json.dumps(body) if isinstance(body, dict) else body
        connection = http.client.HTTPConnection("localhost", self.port, timeout=60)
        connection.sock = self.connect(tcp=tcp)
        try:
            sent = data.encode() if isinstance(data, str) else data
            connection.request(method, path, sent, dict(headers or {}))
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, found, answer.read())
        finally:
            connection.close()

    def sandbox(self, headers: Mapping[str, str] | None = None) -> str:
        """A new sandbox; its id."""
        made = self.ask("POST", "/v1/sandboxes", None, headers)
        assert made.status == 201, made
        return str(made.json["id"])


@contextlib.contextmanager
def serving(*, same_user: bool = False, uid: int | None = None) -> Iterator[Serving]:
    """A server of a home of its own."""
    with tempfile.TemporaryDirectory(prefix="jh-") as home:
        server = Serving(home, same_user=same_user, uid=uid)
        try:
            yield server
        finally:
            server.end()


def exchange(end: socket.socket, data: bytes) -> bytes:
    """Send bytes, and read all that comes until the server closes; AssertionError if it does not."""
    end.sendall(data)
    return read_rest(end)


def read_rest(end: socket.socket) -> bytes:
    """All that comes until the server closes; AssertionError if it does not."""
    found = b""
    while True:
        try:
            data = end.recv(65536)
        except TimeoutError:
            raise AssertionError(f"the server keeps the connection open after {found[-2000:]!r}") from None
        except ConnectionResetError:
            return found + b"<reset>"
        if not data:
            return found
        found += data
