"""One row of the table of what can be asked for. The routes and the description of the API are both made of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import unquote_to_bytes

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from jhansi_runner.runner.api.access import Access
from jhansi_runner.runner.api.bodies import Body, NoQuery
from jhansi_runner.runner.api.failures import JSON
from jhansi_runner.runner.api.streams import disconnected
from jhansi_runner.runner.api.whole import MADE_EACH, SENT_EACH, Whole
from jhansi_runner.runner.sandboxes.errors import SandboxError, bad_request
from jhansi_runner.runner.sandboxes.model import Caller
from jhansi_runner.runner.sandboxes.service import Service
from jhansi_runner.runner.sandboxes.turns import Turns

OCTETS, TEXT, EVENTS, TAR, MULTIPART = (
    "application/octet-stream", "text/plain; charset=utf-8", "text/event-stream", "application/x-tar",
    "multipart/form-data",
)  # fmt: skip
_Query = TypeVar("_Query", bound=Body)
_Done = TypeVar("_Done")
WHOLE_EACH = 8
"""Bodies of one owner that are taken in at once of those that have to be there whole: archives, and files in JSON."""


@dataclass(frozen=True, slots=True)
class Context:
    """What every request is answered with. `stopping` is set when the server ends.

    `upload` is the most bytes of a body, `ttl` that of sandboxes whose creator names none; `spool` is a folder for
    archives that are coming; `answered` counts answers by their status.
    """

    service: Service
    access: Access
    upload: int
    ttl: float
    spool: str
    stopping: asyncio.Event
    description: bytes = b""
    whole: Turns = field(default_factory=lambda: Turns(WHOLE_EACH))
    made: Turns = field(default_factory=lambda: Turns(MADE_EACH))
    sent: Turns = field(default_factory=lambda: Turns(SENT_EACH))
    """For bodies that have to be there whole, for answers that are made, and for large ones that are sent."""
    answered: Counter[int] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Ask:
    """One request: who asks for what. `query` has been checked."""

    request: Request
    context: Context
    caller: Caller
    query: Body

    @property
    def service(self) -> Service:
        """The core."""
        return self.context.service

    def name(self, part: str) -> str:
        """A part of the path, such as an id; "" where the path has none. What is no text in UTF-8 names nothing."""
        return str(self.request.path_params.get(part, ""))

    def asked(self, model: type[_Query]) -> _Query:
        """The parameters, by the model that the row names."""
        assert isinstance(self.query, model)
        return self.query

    @asynccontextmanager
    async def whole_body(self) -> AsyncIterator[None]:
        """A place for a body that has to be there whole, once one of the caller's is free: others wait unread."""
        async with self.context.whole.of(self.caller.name):
            yield

    async def while_there(self, work: Coroutine[Any, Any, _Done]) -> _Done:
        """What comes of work that may wait for a day; it is cancelled when who asked for it leaves."""
        doing, gone = asyncio.create_task(work), asyncio.create_task(disconnected(self.request.receive))
        try:
            await asyncio.wait({doing, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not doing.done():
                raise SandboxError(400, "incomplete", "who asked has left")
            return doing.result()
        finally:
            doing.cancel()
            gone.cancel()
            await asyncio.wait({doing, gone})

    def answer(self, make: Callable[[], Awaitable[Response]]) -> Response:
        """An answer that is there whole, once it is the caller's turn."""
        return Whole(make, self.caller.name, self.context.made, self.context.sent)

    def path(self) -> str:
        """The path of a file, behind `/v1/sandboxes/{sandbox}/files/`. Raises SandboxError if it is no UTF-8."""
        parts = self.request.scope["raw_path"].split(b"/", 5)
        try:
            *before, found = (unquote_to_bytes(part).decode() for part in parts)
        except UnicodeError:
            raise bad_request("the path is not UTF-8", "write it in UTF-8, with %XX for each byte") from None
        if before != ["", "v1", "sandboxes", self.name("sandbox"), "files"]:  # a %2F among them is no slash
            raise bad_request("the path can be read in two ways", "write the slashes before .../files/ as they are")
        if not found:
            raise bad_request("the path of a file is empty", "write it behind .../files/")
        return found


Handler = Callable[[Ask], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Says:
    """One answer that is no error: a model for JSON, a list of them with `many`, or other media."""

    status: int
    what: str
    model: type[BaseModel] | None = None
    many: bool = False
    media: tuple[str, ...] = (JSON,)


@dataclass(frozen=True, slots=True)
class Takes:
    """One kind of body: JSON of some models, multipart, or bytes as they are. `needed`: it may not be left out."""

    media: str = JSON
    models: tuple[type[BaseModel], ...] = ()
    needed: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """What can be asked for. `errors` are statuses beyond those that everything has; `open`: anybody may."""

    method: str
    path: str
    name: str
    what: str
    handler: Handler
    says: tuple[Says, ...]
    query: type[Body] = NoQuery
    takes: tuple[Takes, ...] = ()
    errors: tuple[int, ...] = ()
    open: bool = False
    headers: tuple[str, ...] = field(default=())


def json_of(found: BaseModel, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """One object."""
    return Response(found.model_dump_json(), status, headers, JSON)


def list_of(found: list[BaseModel]) -> Response:
    """An array."""
    return Response("[" + ",".join(each.model_dump_json() for each in found) + "]", media_type=JSON)


def too_many(seconds: int, what: str) -> SandboxError:
    """More at once than one may have."""
    return SandboxError(429, "too_many_requests", what, "try again when others have ended", retry_after=seconds)
