"""Reads bodies and queries: strictly, and never more than is allowed. What makes no sense is told plainly, with 400."""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request

from jhansi_runner.runner.sandboxes.errors import SandboxError, bad_request, too_large
from jhansi_runner.runner.sandboxes.threads import threaded

JSON_BYTES = 1 << 20
"""The most bytes of a JSON body, except one that brings files."""
_LARGE = 64 << 10
_MOST_MISTAKES = 1000
"""More are not looked at: each is made into an object, also of the half a million that fit into a body."""
_Model = TypeVar("_Model", bound=BaseModel)
_Read = TypeVar("_Read")


async def read_json(request: Request, model: type[_Model], most: int = JSON_BYTES) -> _Model:
    """A JSON body, whatever its Content-Type says: curl labels it as a form. An empty one is an empty object."""
    data = await read_all(request, most)
    return await understood(data, lambda text: checked(model, parse_json(text) if text.strip() else {}))


async def understood(data: bytes, read: Callable[[bytes], _Read]) -> _Read:
    """What `read` makes of a body: in a thread where that takes long, so that nobody else waits meanwhile."""
    return read(data) if len(data) <= _LARGE else await threaded(read, data)


def read_query(request: Request, model: type[_Model]) -> _Model:
    """The parameters behind the question mark. Twice the same makes no sense."""
    pairs = request.query_params.multi_items()
    found = dict(pairs)
    if len(found) < len(pairs):
        raise bad_request("a parameter is there twice", "name each of them once")
    return checked(model, found, strict=False)


async def read_all(request: Request, most: int) -> bytes:
    """The whole body, in memory, if it has no more bytes."""
    data = bytearray()
    async for chunk in limited(request, most):
        data += chunk
    return bytes(data)


async def limited(request: Request, most: int) -> AsyncGenerator[bytes]:
    """The body as it comes. Raises SandboxError as soon as there is more of it than allowed."""
    announced, came = request.headers.get("content-length", ""), 0
    if announced.isdecimal() and int(announced) > most:
        raise _too_much(most)
    try:
        async for chunk in request.stream():
            came += len(chunk)
            if came > most:
                raise _too_much(most)
            if chunk:
                yield chunk
    except ClientDisconnect:
        raise SandboxError(400, "incomplete", "the body did not come whole") from None


def parse_json(data: bytes) -> object:
    """What JSON says, if it says it in one way only: no key twice, no NaN, no number or text that is none elsewhere."""
    try:
        found = json.loads(data, object_pairs_hook=_object, parse_constant=_no_number, parse_float=_number)
        json.dumps(found, ensure_ascii=False).encode()
    except UnicodeError:
        raise bad_request("the body has text that is not UTF-8, or half a character", "send JSON in UTF-8") from None
    except RecursionError:
        raise bad_request("the body is nested too deeply", "no body of this API needs more than a few levels") from None
    except ValueError as error:
        raise bad_request(f"the body is no JSON: {error}", "send one JSON object") from None
    return found


def checked(model: type[_Model], found: object, *, strict: bool = True) -> _Model:
    """What was found, as the model has it. Raises SandboxError that names the first field that is wrong."""
    if not isinstance(found, dict):
        raise bad_request("the body is no JSON object", 'send an object, such as {"language": "python"}')
    try:
        return model.model_validate(found, strict=strict)
    except ValidationError as error:
        raise _explained(error, sorted(model.model_fields)) from None


def _explained(error: ValidationError, known: Sequence[str]) -> SandboxError:
    if error.error_count() > _MOST_MISTAKES:
        return bad_request("almost nothing in the body is what it should be", f"known are: {', '.join(known)}")
    mistakes = error.errors(include_url=False, include_context=False, include_input=False)
    # what may be a text or a list, and is a list with a mistake, is not told to be a text
    first = next((one for one in mistakes if one["type"] != "string_type"), mistakes[0])
    where = ".".join(str(part) for part in first["loc"] if not str(part).startswith(("list[", "dict[", "function-")))
    if first["type"] == "extra_forbidden":
        name = str(first["loc"][-1])
        near = difflib.get_close_matches(name, known, 1) if len(first["loc"]) == 1 else []
        hint = f"did you mean {near[0]!r}?" if near else f"known are: {', '.join(known)}"
        return bad_request(f"{where[:200]!r} is not known here", hint)
    said = first["msg"].removeprefix("Value error, ")
    return bad_request(f"{where[:200]}: {said}" if where else said, "GET /openapi.json tells what can be sent")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("an object has the same key twice")
    return found


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number in JSON")


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _too_much(most: int) -> SandboxError:
    return too_large(f"the body has more than {most} bytes", "send less at once, or several requests")
