"""The description of the API: OpenAPI 3.1, made of the table of operations and of the models that check and answer.

Source: OpenAPI Specification 3.1.0.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.responses import Response

from jhansi_runner.runner.api import answers
from jhansi_runner.runner.api.bodies import SNAPSHOT, ExecBody
from jhansi_runner.runner.api.failures import JSON
from jhansi_runner.runner.api.operation import EVENTS, MULTIPART, OCTETS, Ask, Operation, Says, Takes

_REF = "#/components/schemas/{model}"
_ERRORS = {
    400: "The request makes no sense.",
    401: "Nobody knows who asks.",
    403: "It is not allowed.",
    404: "There is no such thing, or it is not yours.",
    405: "This path does not take that method.",
    408: "The request came too slowly.",
    409: "It does not go with what goes on in the sandbox, or with what is there.",
    413: "It is too much.",
    414: "The path is too long.",
    416: "The file has no such part.",
    421: "The service is not known by that name.",
    429: "Too much at once: try again.",
    431: "The head of the request is too long.",
    500: "A fault of the service's.",
    503: "The service has no room.",
    507: "The disk is full.",
}
_EVERYWHERE = (400, 401, 403, 405, 408, 414, 421, 429, 431, 500, 503, 507)
_EXAMPLES = {
    "sandbox": ("The id of a sandbox.", "sb_0123456789abcdef0123456789abcdef"),
    "run": ("The id of a run.", "run_0123456789abcdef"),
    "snapshot": ("The name of a snapshot.", "before"),
    "path": ("The path of a file, below the sandbox's folder; it may have slashes.", "main.py"),
}
_HEADERS = {
    "Last-Event-ID": (
        "The number of the last event that is known already.",
        {"type": "string", "pattern": "^[0-9]{0,15}$"},
    ),
    "Range": ("A part of the file, such as bytes=0-99.", {"type": "string"}),
}
_PATTERNS = {"snapshot": {"pattern": SNAPSHOT}}
_EVENT = {
    "type": "object",
    "description": "One event of a stream; docs/api.md tells of their names and fields.",
    "properties": {
        "id": {"type": "string"},
        "event": {"type": "string"},
        "data": {"type": "string", "contentMediaType": JSON},
    },
    "required": ["id", "event", "data"],
}
"""OpenAPI before 3.2 does not say how a stream is described; those who read one take this for its events'."""
_PART = {
    "type": "object",
    "properties": {
        "path": {"type": "string", "description": "The folder to put it into; before the files."},
        "file": {"type": "array", "items": {"type": "string", "format": "binary"}, "minItems": 1},
    },
    "required": ["file"],
}
_SCHEMAS: dict[str, Any] = {JSON: {"type": "object"}, EVENTS: _EVENT}
"""Of answers that have no model; all others are text."""


def describe(operations: Sequence[Operation]) -> dict[str, Any]:
    """The whole document."""
    schemas = _schemas(operations)
    paths: dict[str, dict[str, Any]] = {}
    for row in operations:
        paths.setdefault(row.path.replace(":path", ""), {})[row.method.lower()] = _operation(row, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "jhansi-runner",
            "version": version("jhansi-runner"),
            "description": "Runs code that nobody reviewed, in sandboxes that have names.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{"token": []}, {}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "Not needed on the unix socket, nor where the service takes its own user.",
                }
            },
        },
    }


def operation() -> Operation:
    """The row by which the description itself is read."""
    return Operation(
        *("GET", "/openapi.json", "getDescription", "Read this description.", _show),
        (Says(200, "An OpenAPI document."),),
        open=True,
    )


async def _show(ask: Ask) -> Response:
    return Response(ask.context.description, media_type=JSON)


def as_json(operations: Sequence[Operation]) -> bytes:
    """The document, as it is sent."""
    return json.dumps(describe(operations)).encode()


def _schemas(operations: Sequence[Operation]) -> dict[str, Any]:
    checked: dict[type[BaseModel], None] = {ExecBody: None}
    answered: dict[type[BaseModel], None] = {answers.Error: None}
    for row in operations:
        checked.update(dict.fromkeys([row.query, *(model for each in row.takes for model in each.models)]))
        answered.update(dict.fromkeys(each.model for each in row.says if each.model is not None))
    wanted = [(model, "validation") for model in checked] + [(model, "serialization") for model in answered]
    _, made = models_json_schema(wanted, ref_template=_REF)  # type: ignore[arg-type]
    return dict(made["$defs"])


def _operation(row: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"operationId": row.name, "summary": row.what}
    if row.open:
        found["security"] = []
    parameters = [_in_path(name) for name in re.findall(r"\{(\w+)", row.path)]
    parameters += _in_query(row, schemas) + [_in_header(name) for name in row.headers]
    if parameters:
        found["parameters"] = parameters
    if row.takes:
        content = {each.media: {"schema": _body(each)} for each in row.takes}
        found["requestBody"] = {"required": any(each.needed for each in row.takes), "content": content}
    answers_ = {str(each.status): _answer(each) for each in row.says}
    statuses = sorted({*row.errors, *_EVERYWHERE, *((413,) if row.takes else ())})
    errors = {str(status): {"description": _ERRORS[status], "content": _error()} for status in statuses}
    found["responses"] = {**answers_, **errors}
    return found


def _in_path(name: str) -> dict[str, Any]:
    what, example = _EXAMPLES[name]
    schema = {"type": "string", "minLength": 1, **_PATTERNS.get(name, {})}
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": what,
        "example": example,
        "schema": schema,
    }


def _in_query(row: Operation, schemas: dict[str, Any]) -> list[dict[str, Any]]:
    model = schemas[row.query.__name__]
    needed = model.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in needed, "schema": schema}
        for name, schema in model.get("properties", {}).items()
    ]


def _in_header(name: str) -> dict[str, Any]:
    what, schema = _HEADERS[name]
    return {"name": name, "in": "header", "required": False, "description": what, "schema": schema}


def _body(takes: Takes) -> dict[str, Any]:
    if takes.media == MULTIPART:
        return _PART
    if takes.media == OCTETS:
        return {"type": "string", "format": "binary"}
    references = [_reference(model) for model in takes.models]
    return references[0] if len(references) == 1 else {"oneOf": references}


def _answer(says: Says) -> dict[str, Any]:
    found: dict[str, Any] = {"description": says.what}
    if says.status == 204:
        return found
    content: dict[str, Any] = {}
    if says.model is not None:
        one = _reference(says.model)
        content[JSON] = {"schema": {"type": "array", "items": one} if says.many else one}
    for media in says.media:
        content.setdefault(media, {"schema": _SCHEMAS.get(media, {"type": "string"})})
    return {**found, "content": content}


def _error() -> dict[str, Any]:
    return {JSON: {"schema": _reference(answers.Error)}}


def _reference(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _REF.format(model=model.__name__)}
