"""Whatever is answered instead of what was asked for: one shape, for every error there is.

`{"error": {"code", "message", "hint", "status"}}`; `code` is stable. Source: ADR 16.
"""

from __future__ import annotations

import http
import json
import secrets
import traceback

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from jhansi_runner.runner.console import say
from jhansi_runner.runner.errors import REFUSED, RunnerError
from jhansi_runner.runner.sandboxes.errors import SandboxError

JSON = "application/json"
_HINTS = {
    404: ("no_such_path", "GET /openapi.json lists the paths that there are"),
    405: ("method_not_allowed", "the header Allow lists the methods that this path takes"),
}


def error_body(status: int, code: str, message: str, hint: str = "") -> bytes:
    """The one object that tells of an error."""
    told = {"error": {"code": code, "message": message, "hint": hint, "status": status}}
    return json.dumps(told).encode()  # ASCII, whatever a name in the message may hold


def error_response(error: SandboxError) -> Response:
    """The answer that tells of an error of the core's."""
    headers = {} if error.retry_after is None else {"retry-after": str(error.retry_after)}
    if error.status == 401:
        headers["www-authenticate"] = 'Bearer realm="jhansi-runner"'
    body = error_body(error.status, error.name, str(error), error.hint)
    return Response(body, error.status, headers, JSON)


async def told(request: Request, error: Exception) -> Response:
    """The answer to any exception at all. What is our fault is shown as a number alone, which the log has as well."""
    del request
    if isinstance(error, SandboxError):
        return error_response(error)
    if isinstance(error, HTTPException):
        code, hint = _HINTS.get(error.status_code, ("bad_request", ""))
        phrase = http.HTTPStatus(error.status_code).phrase.lower()
        return Response(
            error_body(error.status_code, code, phrase, hint), error.status_code, dict(error.headers or {}), JSON
        )
    if isinstance(error, RunnerError):
        status, code = (403, "refused") if error.code == REFUSED else (400, "bad_request")
        return Response(error_body(status, code, str(error), "\n".join(error.lines)), status, media_type=JSON)
    number = secrets.token_hex(6)
    say(f"error {number}: a request failed, which is a fault of jhansi-runner's:")
    for line in "".join(traceback.format_exception(error)).splitlines():
        say(f"  {line}")
    hint = f"the server's log says more under {number}"
    return Response(error_body(500, "internal_error", "this failed, and should not have", hint), 500, media_type=JSON)
