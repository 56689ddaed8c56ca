"""The dashboard's routes: who looks, then what is shown. Nothing here changes anything but who is signed in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from jhansi_runner.runner.api.whole import MADE_EACH
from jhansi_runner.runner.dashboard import guard
from jhansi_runner.runner.dashboard.guard import HEADERS
from jhansi_runner.runner.dashboard.handlers import Handlers
from jhansi_runner.runner.dashboard.pages import STATIC, page, static
from jhansi_runner.runner.dashboard.session import COOKIE, Sessions
from jhansi_runner.runner.dashboard.signing import Signing
from jhansi_runner.runner.sandboxes.errors import SandboxError
from jhansi_runner.runner.sandboxes.model import Caller
from jhansi_runner.runner.sandboxes.service import Service
from jhansi_runner.runner.sandboxes.threads import OWNER
from jhansi_runner.runner.sandboxes.turns import Turns

CallerOf = Callable[[Request], Awaitable[Caller | None]]
Shown = Callable[[Request, Caller], Awaitable[Response]]
_YEAR = "public, max-age=31536000, immutable"


def routes(service: Service, caller_of: CallerOf, env: Mapping[str, str], stopping: asyncio.Event) -> list[Route]:
    """The dashboard of a service.

    `caller_of` tells who needs no session: by a header, or by the socket that a request came through. `env` is that of
    the server, `stopping` is set when it ends.
    """
    sessions = Sessions()
    handlers, signing = Handlers(service, env, stopping), Signing(service, sessions)
    door = _Door(service, sessions, caller_of)
    shown = {
        "/": handlers.overview,
        "/sandboxes": handlers.sandboxes,
        "/sandboxes/{sandbox}": handlers.sandbox,
        "/runs": handlers.runs,
        "/runs/{run}": handlers.run,
        "/runs/{run}/log": handlers.log,
        "/runs/{run}/sbom": handlers.sbom,
        "/cache": handlers.cache,
        "/policy": handlers.policy,
    }
    return [
        *(Route(path, door.shows(handler), methods=["GET"]) for path, handler in shown.items()),
        Route("/runs/{run}/events", door.streams(handlers.events), methods=["GET"]),
        Route("/dashboard", _overview, methods=["GET"]),
        Route("/login", signing.form, methods=["GET"]),
        Route("/login", signing.sign_in, methods=["POST"]),
        Route("/logout", signing.sign_out, methods=["POST"]),
        Route("/static/{name}", _static, methods=["GET"]),
    ]


class _Door:
    """Lets those in who are known."""

    def __init__(self, service: Service, sessions: Sessions, caller_of: CallerOf) -> None:
        self._service, self._sessions, self._caller_of = service, sessions, caller_of
        self._turns = Turns(MADE_EACH)

    def shows(self, shown: Shown) -> Callable[[Request], Awaitable[Response]]:
        """A page, or an error as a page; who is not known is asked to sign in."""

        async def answer(request: Request) -> Response:
            caller = await self._caller(request)
            if caller is None:
                return RedirectResponse(f"/login?next={guard.place(request.url.path)}", 303, HEADERS)
            try:
                return await self._made(request, caller, shown)
            except SandboxError as error:
                return _trouble(request, caller, error)

        return answer

    def streams(self, shown: Shown) -> Callable[[Request], Awaitable[Response]]:
        """What scripts ask for: an error has no page."""

        async def answer(request: Request) -> Response:
            caller = await self._caller(request)
            if caller is None:
                return Response("sign in first", 401, HEADERS, "text/plain")
            try:
                return await self._made(request, caller, shown)
            except SandboxError as error:
                return Response(str(error), error.status, HEADERS, "text/plain")

        return answer

    async def _made(self, request: Request, caller: Caller, shown: Shown) -> Response:
        """What is shown, made when it is the caller's turn."""
        OWNER.set(caller.name)
        async with self._turns.turn(caller.name):
            return await shown(request, caller)

    async def _caller(self, request: Request) -> Caller | None:
        token = self._sessions.token(request.cookies.get(COOKIE, ""))
        caller = await self._service.holder(token) if token is not None else None
        request.state.signed_in = caller is not None
        if caller is not None:
            return caller
        named = "authorization" in request.headers or guard.is_at_home(request.headers.get("host", ""))
        return await self._caller_of(request) if named else None


def _trouble(request: Request, caller: Caller, error: SandboxError) -> Response:
    title = "Not found" if error.status == 404 else "That cannot be shown"
    values = {"title": title, "message": str(error), "hint": error.hint}
    return page("message.html", caller, values, status=error.status, signed_in=request.state.signed_in)


async def _overview(request: Request) -> Response:
    del request
    return RedirectResponse("/", 308, HEADERS)


async def _static(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in STATIC:
        return Response("there is no such file", 404, HEADERS, "text/plain")
    return Response(static(name), 200, {**HEADERS, "Cache-Control": _YEAR, "Content-Type": STATIC[name]})
