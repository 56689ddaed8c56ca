"""Programs that run, and what is known of those that ran."""

from __future__ import annotations

import asyncio
import json
import re

from starlette.requests import Request
from starlette.responses import Response

from jhansi_runner.runner.api import answers
from jhansi_runner.runner.api.bodies import EventsQuery, ExecBody, LogQuery, NoQuery, Page
from jhansi_runner.runner.api.failures import JSON
from jhansi_runner.runner.api.operation import EVENTS, TEXT, Ask, Operation, Says, Takes, json_of, list_of
from jhansi_runner.runner.api.reading import read_json
from jhansi_runner.runner.api.streams import Stream, disconnected, stream_of_events
from jhansi_runner.runner.sandboxes import model
from jhansi_runner.runner.sandboxes.errors import bad_request, not_found

_WEIGHT = re.compile(r"[01](\.\d{0,3})?", re.ASCII)
_EXEC, _OF_ONE, _ALL = "/v1/sandboxes/{sandbox}/exec", "/v1/sandboxes/{sandbox}/runs", "/v1/runs"


async def _exec(ask: Ask) -> Response:
    body = await read_json(ask.request, ExecBody)
    run = await ask.service.submit(ask.caller, ask.name("sandbox"), body.program())
    headers = {"location": f"{_ALL}/{run.id}"}
    if body.detach:
        return json_of(answers.Run.of(run), 202, headers)

    async def cancel() -> None:
        await ask.service.cancel(ask.caller, run.id)

    if wants_events(ask.request):
        return stream_of_events(ask.service.events(ask.caller, run.id), ask.context.stopping, headers, cancel)
    await _ended(ask, run)

    async def outcome() -> Response:
        done = await ask.service.run(ask.caller, run.id)
        return Response(json.dumps(answers.outcome_of(done)), 200, headers, JSON)

    return ask.answer(outcome)


async def _ended(ask: Ask, run: model.Run) -> None:
    """Wait for the end of a run. It is cancelled when who asked for it leaves, or the server stops."""
    finished = asyncio.create_task(ask.service.end_of(ask.caller, run.id))
    gone = asyncio.create_task(disconnected(ask.request.receive))
    stop: asyncio.Task[object] = asyncio.create_task(ask.context.stopping.wait())
    try:
        await asyncio.wait({finished, gone, stop}, return_when=asyncio.FIRST_COMPLETED)
        if finished.done():
            finished.result()
        else:
            await asyncio.shield(asyncio.ensure_future(ask.service.cancel(ask.caller, run.id)))
    except asyncio.CancelledError:
        await asyncio.shield(asyncio.ensure_future(ask.service.cancel(ask.caller, run.id)))
        raise
    finally:
        tasks: list[asyncio.Task[object]] = [gone, stop]
        for task in (*tasks, finished):
            task.cancel()
        await asyncio.wait({*tasks, finished})


def wants_events(request: Request) -> bool:
    """Whether the client would rather have events than one object, by what it accepts and how much.

    Source: RFC 9110, 12.5.1 (Accept) and 12.4.2 (Quality Values).
    """
    weights = dict(_weighed(each) for each in request.headers.get("accept", "").lower().split(","))
    return 0 < weights.get(EVENTS, 0) >= weights.get(JSON, 0)


def _weighed(accepted: str) -> tuple[str, float]:
    media, *parameters = (part.strip() for part in accepted.split(";"))
    found = next((each.removeprefix("q=") for each in parameters if each.startswith("q=")), "1")
    return media, float(found) if _WEIGHT.fullmatch(found) else 1.0


async def _list(ask: Ask) -> Response:
    page = ask.asked(Page)
    found = await ask.service.runs(ask.caller, ask.name("sandbox"), limit=page.limit, offset=page.offset)
    return list_of([answers.Run.of(each) for each in found])


async def _run(ask: Ask) -> model.Run:
    """The run that the path names, in the sandbox that it names, if it names one."""
    found = await ask.service.run(ask.caller, ask.name("run"))
    if ask.name("sandbox") not in ("", found.sandbox_id):
        raise not_found(f"run {ask.name('run')} in this sandbox")
    return found


async def _show(ask: Ask) -> Response:
    return json_of(answers.Run.of(await _run(ask)))


async def _cancel(ask: Ask) -> Response:
    return json_of(answers.Run.of(await ask.service.cancel(ask.caller, (await _run(ask)).id)))


async def _log(ask: Ask) -> Response:
    chunks = ask.service.log(ask.caller, (await _run(ask)).id, ask.asked(LogQuery).stream)
    return Stream(chunks, TEXT, ask.context.stopping)


async def _events(ask: Ask) -> Response:
    after = ask.asked(EventsQuery).after
    last = ask.request.headers.get("last-event-id", "")
    if last and not (last.isascii() and last.isdecimal() and len(last) < 16):
        raise bad_request(f"Last-Event-ID is no number: {last[:50]!r}", "send the id of the last event that came")
    run = await _run(ask)
    return stream_of_events(
        ask.service.events(ask.caller, run.id, max(after, int(last or 0))), ask.context.stopping, {}
    )


async def _sbom(ask: Ask) -> Response:
    found = await ask.service.sbom(ask.caller, (await _run(ask)).id)
    return Response(json.dumps(dict(found)), media_type=JSON)


_RUN = Says(200, "The run.", answers.Run)
_SAID = Says(200, "Events as they happen; the last is `done`.", media=(EVENTS,))


def _of(root: str, suffix: str) -> tuple[Operation, ...]:
    one = root + "/{run}"
    many = (Says(200, "Runs, the latest first.", answers.Run, many=True),)
    return (
        Operation("GET", root, f"listRuns{suffix}", "List runs.", _list, many, query=Page, errors=(404,)),
        Operation("GET", one, f"getRun{suffix}", "Show a run.", _show, (_RUN,), errors=(404,)),
        Operation("DELETE", one, f"cancelRun{suffix}", "End a run.", _cancel, (_RUN,), errors=(404, 409)),
        Operation(
            *("GET", one + "/log", f"getLog{suffix}", "Read what a run wrote.", _log),
            (Says(200, "What it wrote, as far as it is kept.", media=(TEXT,)),),
            query=LogQuery,
            errors=(404,),
        ),
        Operation(
            *("GET", one + "/events", f"getEvents{suffix}", "Read or follow a run's events.", _events, (_SAID,)),
            query=EventsQuery,
            errors=(404,),
            headers=("Last-Event-ID",),
        ),
        Operation(
            *("GET", one + "/sbom", f"getSbom{suffix}", "Read what a run had installed.", _sbom),
            (Says(200, "A CycloneDX document."),),
            errors=(404, 409),
        ),
    )


OPERATIONS = (
    Operation(
        *("POST", _EXEC, "exec", "Run a program, and wait for its end, or follow it, or let it run.", _exec),
        (
            Says(200, "How it ended, or events, if these are accepted.", answers.Outcome, media=(JSON, EVENTS)),
            Says(202, "It runs, because of `detach`.", answers.Run),
        ),
        query=NoQuery,
        takes=(Takes(models=(ExecBody,), needed=True),),
        errors=(403, 404, 409),
    ),
    *_of(_OF_ONE, "OfSandbox"),
    *_of(_ALL, ""),
)
