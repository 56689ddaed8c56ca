"""The application: the table of what can be asked for, and what every request goes through.

`build` is pure but for the modules that it loads: the server gives it a core, and the tests as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jhansi_runner.runner.api import describe, files, general, runs, sandboxes
from jhansi_runner.runner.api.access import Access, token_of
from jhansi_runner.runner.api.failures import error_response, told
from jhansi_runner.runner.api.operation import Ask, Context, Operation, too_many
from jhansi_runner.runner.api.peer import Peer
from jhansi_runner.runner.api.reading import read_query
from jhansi_runner.runner.errors import RunnerError
from jhansi_runner.runner.sandboxes.errors import SandboxError
from jhansi_runner.runner.sandboxes.model import Caller
from jhansi_runner.runner.sandboxes.threads import OWNER
from jhansi_runner.runner.sandboxes.tokens import digest

OPERATIONS: tuple[Operation, ...] = (
    *(*general.OPERATIONS, *sandboxes.OPERATIONS, *files.OPERATIONS, *runs.OPERATIONS),
    describe.operation(),
)
REQUESTS_EACH = 256
"""Requests of one owner that are worked on at once; most of them wait for programs."""
_SAFE = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}


def build(context: Context, pages: Sequence[BaseRoute] = ()) -> Outer:
    """The application, with pages beside the API: those decide themselves who may read them."""
    handlers = dict.fromkeys((SandboxError, RunnerError, HTTPException, Exception), told)
    context = replace(context, description=describe.as_json(OPERATIONS))
    routes: list[BaseRoute] = [_route(path, rows, context) for path, rows in _by_path(OPERATIONS).items()]
    app = Starlette(routes=[*routes, *pages], exception_handlers=handlers)
    app.router.redirect_slashes = False
    return Outer(app, context.access, context.answered)


def _by_path(operations: Sequence[Operation]) -> dict[str, dict[str, Operation]]:
    found: dict[str, dict[str, Operation]] = {}
    for row in operations:
        found.setdefault(row.path, {})[row.method] = row
    fixed = sorted(found, key=lambda path: "{" in path.rpartition("/")[2])  # /active is no id
    return {path: found[path] for path in fixed}


def _route(path: str, rows: Mapping[str, Operation], context: Context) -> Route:
    async def answer(request: Request) -> Response:
        row = rows["GET" if request.method == "HEAD" else request.method]
        caller = Caller("", sees_all=False) if row.open else request.state.caller
        ask = Ask(request, context, caller, read_query(request, row.query))
        if row.open or row.method != "GET":
            return await row.handler(ask)
        return ask.answer(partial(row.handler, ask))

    return Route(path, answer, methods=list(rows))


class Outer:
    """What every request goes through before and after the application, whatever it is for."""

    def __init__(self, app: ASGIApp, access: Access, answered: Counter[int]) -> None:
        self._app, self._access, self._answered = app, access, answered
        self._requests: Counter[str] = Counter()
        self._by_token: dict[_Answering, tuple[bytes, Callable[[], None]]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answering = _Answering(scope, receive, send, self._answered)
        name = ""
        try:
            peer: Peer = scope["state"]["peer"]
            headers = Headers(scope=scope)
            self._access.check_peer(peer, headers)
            if needs_caller(scope["path"]):
                caller = scope["state"]["caller"] = await self._access.caller(peer, headers)
                if self._requests[caller.name] >= REQUESTS_EACH:
                    raise too_many(1, f"{REQUESTS_EACH} requests of yours are being worked on")
                name = caller.name
                OWNER.set(name)
                if "authorization" in headers:
                    shown = digest(token_of(headers["authorization"]))
                    self._by_token[answering] = shown, scope["state"]["break_off"]
                self._requests[name] += 1
            await self._app(scope, answering.receive, answering.send)
        except SandboxError as error:
            await error_response(error)(scope, answering.receive, answering.send)
        except Exception:
            if not answering.done:  # what was told of it already needs nothing more; else the connection has to break
                raise
        finally:
            self._by_token.pop(answering, None)
            if name:
                self._requests[name] -= 1
                self._requests += Counter()  # forgets those that have none

    def break_off(self, good: Collection[bytes]) -> None:
        """End what is being asked with a token whose digest is none of these."""
        for shown, break_off in list(self._by_token.values()):
            if shown not in good:
                break_off()


def needs_caller(path: str) -> bool:
    """Whether a path is the API's, which nobody reads unknown. Pages look after themselves."""
    return path == "/metrics" or path == "/v1" or path.startswith("/v1/")


class _Answering:
    """Sees a request and its answer pass: counts it, adds headers, and ends a connection that was not read whole."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, answered: Counter[int]) -> None:
        self._receive, self._send, self._answered, self.done = receive, send, answered, False
        headers = Headers(scope=scope)
        self._unread = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request" and not message.get("more_body"):
            self._unread = False
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._answered[message["status"]] += 1
            headers = MutableHeaders(raw=list(message["headers"]))
            for name, value in _SAFE.items():
                headers.setdefault(name, value)
            if self._unread:
                headers["connection"] = "close"
            message = {**message, "headers": headers.raw}
        elif not message.get("more_body"):
            self.done = True
        await self._send(message)
