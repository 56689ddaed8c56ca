"""The description of the API is true: it is valid, tells of every route, and the server does what it says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from jsonschema.validators import Draft202012Validator
from schemathesis.checks import CHECKS

from jhansi_runner.runner.api import describe
from jhansi_runner.runner.api.app import OPERATIONS
from jhansi_runner.runner.api.bodies import Body, ExecBody, FileBody
from support.api import Answer, Serving, serving

_SCHEMA = schemathesis.openapi.from_dict(describe.describe(OPERATIONS))
_CHECKS = [
    *("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance"),
    *("negative_data_rejection", "unsupported_method", "allow_header_conformance"),
]
_STREAMS = ["exec", "getEvents", "getEventsOfSandbox"]


@pytest.fixture(scope="module")
def document(server: Serving) -> dict[str, Any]:
    """The description, as it is sent."""
    return dict(server.ask("GET", "/openapi.json").json)


def test_every_reference_leads_somewhere_and_every_schema_is_one(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for name in re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)):
        assert name in schemas
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)


def test_every_operation_has_a_name_of_its_own_and_tells_its_errors(document: dict[str, Any]) -> None:
    rows = [row for path in document["paths"].values() for row in path.values()]
    assert len({row["operationId"] for row in rows}) == len(rows) == len(OPERATIONS)
    for row in rows:
        assert {"400", "401", "500"} <= set(row["responses"])
        errors = [answer for status, answer in row["responses"].items() if int(status) >= 400]
        for answer in errors:
            schema = answer["content"]["application/json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/Error"}
    assert document["paths"]["/health"]["get"]["security"] == []
    assert "multipart/form-data" in document["paths"]["/v1/sandboxes/{sandbox}/files"]["post"]["requestBody"]["content"]


def test_no_path_is_promised_that_is_too_long(server: Serving) -> None:
    longest = FileBody.model_json_schema()["properties"]["path"]["maxLength"]
    path = "/".join(["x" * 198] * 21)[:longest]
    answer = server.ask("POST", f"/v1/sandboxes/{server.sandbox()}/files", {"path": path, "content": ""})
    assert (len(path), answer.status) == (longest, 201)


@pytest.mark.parametrize(
    ("model", "body"),
    [
        (ExecBody, {"filename": "a"}),
        (ExecBody, {"command": "a"}),
        (ExecBody, {"command": ["a"]}),
        (ExecBody, {"test": True}),
        (ExecBody, {}),
        (ExecBody, {"filename": None}),
        (ExecBody, {"command": ""}),
        (ExecBody, {"command": []}),
        (ExecBody, {"test": False}),
        (ExecBody, {"command": "a", "filename": None, "test": None}),
        (ExecBody, {"command": "a", "stdin": "b", "stdin_base64": None}),
        (ExecBody, {"command": "a", "stdin": "b", "stdin_base64": "YQ=="}),
        (FileBody, {"path": "a", "content": "b", "content_base64": None}),
        (FileBody, {"path": "a", "content": "b", "content_base64": "YQ=="}),
        (FileBody, {"path": "a", "content": None}),
        (FileBody, {"path": "a"}),
        *[(FileBody, {"path": "a", "content_base64": text}) for text in ("", "YQ==", "YWI=", "=", "YQ", "YQ=", "Y*==")],
    ],
)
def test_what_is_said_to_be_needed_is(model: type[Body], body: dict[str, Any]) -> None:
    try:
        model.model_validate(body)
        taken = True
    except ValueError:
        taken = False
    assert Draft202012Validator(model.model_json_schema()).is_valid(body) is taken


def _conforms(document: dict[str, Any], path: str, method: str, answer: Answer) -> None:
    says = document["paths"][path][method]["responses"][str(answer.status)]["content"]["application/json"]["schema"]
    schema = {"components": document["components"], **says}
    jsonschema.validate(answer.json, schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def test_what_is_answered_conforms(server: Serving, document: dict[str, Any]) -> None:
    made = server.ask("POST", "/v1/sandboxes")
    _conforms(document, "/v1/sandboxes", "post", made)
    one, root = made.json["id"], "/v1/sandboxes/{sandbox}"
    asked: list[tuple[str, str, str, Any]] = [
        ("PUT", f"{root}/files/{{path}}", "/files/a", "x"),
        ("GET", f"{root}/files", "/files", None),
        ("POST", f"{root}/exec", "/exec", {"command": "say x"}),
        ("POST", f"{root}/exec", "/exec", {"command": "say x", "detach": True}),
        ("POST", f"{root}/exec", "/exec", {}),
        ("GET", f"{root}/runs", "/runs", None),
        ("POST", f"{root}/snapshot", "/snapshot", {"name": "x"}),
        ("GET", f"{root}/snapshots", "/snapshots", None),
        ("POST", f"{root}/fork", "/fork", None),
        ("GET", root, "", None),
        ("GET", f"{root}/runs/{{run}}", "/runs/x", None),
        ("PUT", f"{root}/files/{{path}}", "/files/a/b", "a file is in the way"),
        ("GET", f"{root}/files/{{path}}", "/files/a/b", None),
        ("POST", f"{root}/files", "/files", {"path": "a/b", "content": "x"}),
        ("DELETE", f"{root}/snapshots/{{snapshot}}", "/snapshots/y", None),
        ("GET", f"{root}/files/{{path}}", f"/files/{'x' * 9000}", None),
        ("GET", f"{root}/files/{{path}}", f"/files/{'x' * 90_000}", None),
    ]
    for method, path, rest, body in asked:
        _conforms(document, path, method.lower(), server.ask(method, f"/v1/sandboxes/{one}{rest}", body))


@pytest.fixture(scope="module")
def known() -> Iterator[tuple[str, str]]:
    """Where a server is that takes what is sent over TCP, and a sandbox that it has."""
    with serving(same_user=True) as found:
        yield f"http://127.0.0.1:{found.port}", found.sandbox()


@pytest.mark.parametrize("where", ["exec", "getEvents", "getEventsOfSandbox"])
def test_every_event_of_a_stream_is_what_is_described(where: str, known: tuple[str, str]) -> None:
    place, sandbox = known
    operation = _SCHEMA.find_operation_by_id(where)
    body: dict[str, Any] = {"command": "say x"}
    if where == "exec":
        headers = {"Accept": "text/event-stream"}
        case = operation.Case(path_parameters={"sandbox": sandbox}, body=body, headers=headers)
    else:
        ran = _SCHEMA.find_operation_by_id("exec").Case(path_parameters={"sandbox": sandbox}, body=body)
        run = ran.call(base_url=place).json()["run_id"]
        case = operation.Case(path_parameters={"run": run, "sandbox": sandbox})
    answer = case.call_and_validate(base_url=place, timeout=10)
    assert answer.headers["content-type"][0].startswith("text/event-stream") and b"event: done" in answer.content


@_SCHEMA.exclude(operation_id=_STREAMS).parametrize()
@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_the_server_does_what_is_described(case: schemathesis.Case[Any], known: tuple[str, str]) -> None:
    place, sandbox = known
    if "sandbox" in case.path_parameters and case.operation.definition.raw["operationId"] != "deleteSandbox":
        case.path_parameters["sandbox"] = sandbox
    form = case.media_type == "multipart/form-data"  # what is no text becomes one on its way, so it is none of ours
    names = [each for each in _CHECKS if not (form and each == "negative_data_rejection")]
    checks: list[Any] = list(CHECKS.get_by_names(names))
    case.call_and_validate(base_url=place, checks=checks, timeout=60)
