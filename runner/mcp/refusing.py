"""Why something was refused: of a package by what the policy says now, of a run by what it met."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jhansi_runner.runner.errors import RunnerError
from jhansi_runner.runner.mcp.answers import Refusal, Refusals, refusals
from jhansi_runner.runner.mcp.cutting import short
from jhansi_runner.runner.sandboxes.model import Caller
from jhansi_runner.runner.sandboxes.service import Service

_EXPLAINED = 20
_NEXT = ". Next: "


async def of_package(service: Service, caller: Caller, sandbox: str, purl: str) -> Refusals:
    """What the policy says of a package. Raises RunnerError."""
    found = await service.explain(caller, sandbox, purl)
    allowed = bool(found.get("allowed"))
    message = str(found.get("message", "")).partition(_NEXT)[0]
    return Refusals(allowed=allowed, message=message, refusals=[] if allowed else [_refusal(found)])


async def of_run(service: Service, caller: Caller, run: str) -> Refusals:
    """What a run was refused, each with what to do next. Raises RunnerError."""
    ended = await service.run(caller, run)
    met, error = refusals(ended), ended.error or str(ended.outcome.get("error", ""))
    explained = [await _with_next(service, caller, ended.sandbox_id, each) for each in met[:_EXPLAINED]]
    if not met and not error:
        return Refusals(allowed=True, message=f"nothing was refused in {run}", refusals=[])
    return Refusals(allowed=False, message=short(error) or f"refused in {run}:", refusals=explained)


async def _with_next(service: Service, caller: Caller, sandbox: str, met: Refusal) -> Refusal:
    if not met.purl:
        return met.model_copy(update={"next": "a sandbox reaches nothing but packages of the policy's registries"})
    try:
        found = await service.explain(caller, sandbox, met.purl)
    except RunnerError:  # the sandbox is gone, or the name is none: what the run met is still true
        return met
    return met.model_copy(update={"next": _refusal(found).next})


def _refusal(found: Mapping[str, Any]) -> Refusal:
    rule = found.get("rule")
    pattern = f"{rule.get('pattern', '')} " if isinstance(rule, Mapping) else ""
    return Refusal(
        purl=str(found.get("purl", "")),
        code=str(found.get("code", "")),
        reason=str(found.get("reason", "")),
        rule=f"{pattern}({found.get('source', '')}:{found.get('line', '')})",
        next=str(found.get("message", "")).partition(_NEXT)[2],
    )
