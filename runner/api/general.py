"""What is about no single sandbox: health, metrics, what the policy says, the description of the API."""

from __future__ import annotations

import json

from starlette.requests import Request
from starlette.responses import Response

from jhansi_runner.runner.api import answers
from jhansi_runner.runner.api.bodies import ExplainQuery
from jhansi_runner.runner.api.failures import JSON
from jhansi_runner.runner.api.families import families
from jhansi_runner.runner.api.metrics import OPENMETRICS, PROMETHEUS, exposition
from jhansi_runner.runner.api.metrics_answer import Metrics
from jhansi_runner.runner.api.operation import Ask, Operation, Says, json_of


async def _health(ask: Ask) -> Response:
    del ask
    return json_of(answers.Health())


async def _metrics(ask: Ask) -> Response:
    found = await ask.service.metrics(ask.caller)
    answered = ask.context.answered if ask.caller.sees_all else {}
    media = _wanted(ask.request)
    if media == JSON and ask.request.url.path != "/metrics":
        return json_of(Metrics.of(found, answered))
    text = exposition(families(found, answered), openmetrics=media == OPENMETRICS)
    return Response(text, media_type=None, headers=_typed(media))


def _typed(media: str) -> dict[str, str]:
    return {"content-type": OPENMETRICS if media == OPENMETRICS else PROMETHEUS}


def _wanted(request: Request) -> str:
    accepted = [each.partition(";")[0].strip() for each in request.headers.get("accept", "").lower().split(",")]
    if OPENMETRICS.partition(";")[0] in accepted:
        return OPENMETRICS
    return PROMETHEUS if "text/plain" in accepted else JSON


async def _explain(ask: Ask) -> Response:
    asked = ask.asked(ExplainQuery)
    return Response(json.dumps(dict(await ask.service.explain(ask.caller, asked.sandbox, asked.purl))), media_type=JSON)


OPERATIONS = (
    Operation(
        *("GET", "/health", "getHealth", "Tell that the server answers.", _health),
        (Says(200, "It does.", answers.Health),),
        open=True,
    ),
    Operation(
        *("GET", "/v1/metrics", "getMetrics", "Count what is and was.", _metrics),
        (Says(200, "Counts, as JSON or as Prometheus reads them.", Metrics, media=(JSON, PROMETHEUS, OPENMETRICS)),),
    ),
    Operation(
        *("GET", "/metrics", "getPrometheusMetrics", "Count what is and was, as Prometheus reads it.", _metrics),
        (Says(200, "Counts.", media=(PROMETHEUS, OPENMETRICS)),),
    ),
    Operation(
        *("GET", "/v1/explain", "explain", "Tell what the policy says of a package.", _explain),
        (Says(200, "What `policy explain --json` prints."),),
        query=ExplainQuery,
        errors=(404,),
    ),
)
