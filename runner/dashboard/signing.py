"""Signing in with a token, for a cookie; and out."""

from __future__ import annotations

from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from jhansi_runner.runner.dashboard import guard
from jhansi_runner.runner.dashboard.guard import HEADERS, LOGIN_HEADERS
from jhansi_runner.runner.dashboard.pages import page
from jhansi_runner.runner.dashboard.session import COOKIE, SECONDS, Sessions, Throttle
from jhansi_runner.runner.sandboxes.service import Service
from jhansi_runner.runner.sandboxes.tokens import digest

_MOST_BYTES = 4096
_UNKNOWN = "This token is not known here. Ask who runs the server for one: jhansi-runner token create NAME."
_FORM = "application/x-www-form-urlencoded"


class Signing:
    """The form, and what comes of it."""

    def __init__(self, service: Service, sessions: Sessions) -> None:
        self._service, self._sessions, self._throttle = service, sessions, Throttle()

    async def form(self, request: Request) -> Response:
        """Ask for a token."""
        return _form(guard.place(request.query_params.get("next", "/")))

    async def sign_in(self, request: Request) -> Response:
        """Take a token; with one that is somebody's a session begins."""
        if not guard.is_our_form(request.headers):
            return _form("/", "That was not sent from this page. Sign in here.", 403)
        place = request.client.host if request.client else ""
        wait = self._throttle.wait(place)
        if wait:
            answer = _form("/", f"Too many attempts. Try again in {wait} s.", 429)
            answer.headers["Retry-After"] = str(wait)
            return answer
        fields = await _fields(request)
        if fields is None:
            return _form("/", "That is no token: it is too long, or not from a form.", 400)
        token, after = fields
        if await self._service.caller(token) is None:
            self._throttle.failed(place)
            return _form(after, _UNKNOWN, 403)
        self._sessions.close(request.cookies.get(COOKIE, ""))
        answer = RedirectResponse(after, 303, HEADERS)
        _set_cookie(answer, request, self._sessions.open(digest(token)), SECONDS)
        return answer

    async def sign_out(self, request: Request) -> Response:
        """End the session."""
        if guard.is_from_elsewhere(request.headers):
            return _form("/", "That was not sent from a page of this server.", 403)
        self._sessions.close(request.cookies.get(COOKIE, ""))
        answer = RedirectResponse("/login", 303, HEADERS)
        _set_cookie(answer, request, "", 0)
        return answer


def _form(after: str, wrong: str = "", status: int = 200) -> Response:
    return page("login.html", None, {"next": after, "wrong": wrong}, status=status, headers=LOGIN_HEADERS)


async def _fields(request: Request) -> tuple[str, str] | None:
    """The token and the place to go to; None for a body that is no small form."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        return None
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MOST_BYTES:
            return None
    try:
        found = parse_qs(body.decode("ascii"), max_num_fields=4, errors="strict")
    except ValueError:
        return None
    return found.get("token", [""])[0].strip(), guard.place(found.get("next", ["/"])[0])


def _set_cookie(answer: Response, request: Request, value: str, seconds: int) -> None:
    secure = request.url.scheme == "https"
    answer.set_cookie(COOKIE, value, max_age=seconds, path="/", secure=secure, httponly=True, samesite="strict")
