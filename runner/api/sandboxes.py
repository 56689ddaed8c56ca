"""Sandboxes and their snapshots."""

from __future__ import annotations

from starlette.responses import Response

from jhansi_runner.runner.api import answers
from jhansi_runner.runner.api.bodies import ForkBody, NewSandboxBody, Page, SnapshotBody
from jhansi_runner.runner.api.operation import Ask, Operation, Says, Takes, json_of, list_of
from jhansi_runner.runner.api.reading import read_json

_ROOT, _ONE = "/v1/sandboxes", "/v1/sandboxes/{sandbox}"


async def _create(ask: Ask) -> Response:
    asked = (await read_json(ask.request, NewSandboxBody)).asked(ask.context.ttl)
    made = await ask.service.create(ask.caller, asked)
    return json_of(answers.Sandbox.of(made), 201, {"location": f"{_ROOT}/{made.id}"})


async def _list(ask: Ask) -> Response:
    page = ask.asked(Page)
    found = await ask.service.sandboxes(ask.caller, limit=page.limit, offset=page.offset)
    return list_of([answers.Sandbox.of(each) for each in found])


async def _list_active(ask: Ask) -> Response:
    page = ask.asked(Page)
    found = await ask.service.sandboxes(ask.caller, active=True, limit=page.limit, offset=page.offset)
    return list_of([answers.Sandbox.of(each) for each in found])


async def _show(ask: Ask) -> Response:
    return json_of(answers.Sandbox.of(await ask.service.sandbox(ask.caller, ask.name("sandbox"))))


async def _delete(ask: Ask) -> Response:
    await ask.service.sandbox(ask.caller, ask.name("sandbox"))  # of what is gone already, a client is told so
    await ask.service.delete(ask.caller, ask.name("sandbox"))
    return Response(status_code=204)


async def _fork(ask: Ask) -> Response:
    body = await read_json(ask.request, ForkBody)
    made = await ask.while_there(ask.service.fork(ask.caller, ask.name("sandbox"), wait=bool(body.wait)))
    return json_of(answers.Sandbox.of(made), 201, {"location": f"{_ROOT}/{made.id}"})


async def _snapshot(ask: Ask) -> Response:
    body = await read_json(ask.request, SnapshotBody)
    copying = ask.service.snapshot(ask.caller, ask.name("sandbox"), body.name, wait=bool(body.wait))
    made = await ask.while_there(copying)
    return json_of(answers.Snapshot.of(made), 201)


async def _snapshots(ask: Ask) -> Response:
    found = await ask.service.snapshots(ask.caller, ask.name("sandbox"))
    return list_of([answers.Snapshot.of(each) for each in found])


async def _restore(ask: Ask) -> Response:
    body = await read_json(ask.request, SnapshotBody)
    copying = ask.service.restore(ask.caller, ask.name("sandbox"), body.name, wait=bool(body.wait))
    found = await ask.while_there(copying)
    return json_of(answers.Sandbox.of(found))


async def _drop_snapshot(ask: Ask) -> Response:
    await ask.service.drop_snapshot(ask.caller, ask.name("sandbox"), ask.name("snapshot"))
    return Response(status_code=204)


_SANDBOX = Says(200, "The sandbox.", answers.Sandbox)
_MADE = Says(201, "The new sandbox.", answers.Sandbox)
_MANY = Says(200, "Sandboxes, the latest first.", answers.Sandbox, many=True)
_GONE = Says(204, "It is gone.")
_NAMED = (Takes(models=(SnapshotBody,), needed=True),)

OPERATIONS = (
    Operation(
        *("POST", _ROOT, "createSandbox", "Create a sandbox.", _create, (_MADE,)),
        takes=(Takes(models=(NewSandboxBody,)),),
        errors=(403,),
    ),
    Operation("GET", _ROOT, "listSandboxes", "List sandboxes, deleted ones as well.", _list, (_MANY,), query=Page),
    Operation(
        *("GET", _ROOT + "/active", "listActiveSandboxes", "List sandboxes that are there.", _list_active, (_MANY,)),
        query=Page,
    ),
    Operation("GET", _ONE, "getSandbox", "Show a sandbox.", _show, (_SANDBOX,), errors=(404,)),
    Operation(
        *("DELETE", _ONE, "deleteSandbox", "End what runs in a sandbox, and delete it.", _delete, (_GONE,)),
        errors=(404, 409),
    ),
    Operation(
        *("POST", _ONE + "/fork", "forkSandbox", "Copy a sandbox as it is.", _fork, (_MADE,)),
        takes=(Takes(models=(ForkBody,)),),
        errors=(403, 404, 409),
    ),
    Operation(
        *("POST", _ONE + "/snapshot", "createSnapshot", "Keep a copy of the files under a name.", _snapshot),
        (Says(201, "The snapshot.", answers.Snapshot),),
        takes=_NAMED,
        errors=(403, 404, 409),
    ),
    Operation(
        *("GET", _ONE + "/snapshots", "listSnapshots", "List snapshots, the latest first.", _snapshots),
        (Says(200, "Snapshots.", answers.Snapshot, many=True),),
        errors=(404,),
    ),
    Operation(
        *("DELETE", _ONE + "/snapshots/{snapshot}", "deleteSnapshot", "Delete a snapshot.", _drop_snapshot, (_GONE,)),
        errors=(404, 409),
    ),
    Operation(
        *("POST", _ONE + "/restore", "restoreSnapshot", "Make the files what they were.", _restore, (_SANDBOX,)),
        takes=_NAMED,
        errors=(404, 409),
    ),
)
