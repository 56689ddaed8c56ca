"""A run on behalf of a call: heard while it happens, ended when nobody waits for it any more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio

from jhansi_runner.runner.console import counted
from jhansi_runner.runner.mcp.cutting import one_line
from jhansi_runner.runner.sandboxes.model import Caller, Event, Program, Run
from jhansi_runner.runner.sandboxes.service import Service

Tell = Callable[[str], Awaitable[None]]
"""Takes a line about what goes on."""
_PAUSE = 0.5
"""Seconds between two lines, at least."""


async def run(service: Service, caller: Caller, sandbox: str, program: Program, tell: Tell | None) -> Run:
    """Let a program run, and wait for its end. A call that is cancelled ends the run. Raises SandboxError."""
    with anyio.CancelScope(shield=True):  # a run that was submitted is known to us, whatever comes
        found = await service.submit(caller, sandbox, program)
    try:
        if tell is not None:
            await _follow(service, caller, found.id, tell)
        return await service.finished(caller, found.id)
    except BaseException:  # the call was cancelled, or there is nobody to tell any more
        with anyio.CancelScope(shield=True):
            await service.cancel(caller, found.id)
        raise


async def _follow(service: Service, caller: Caller, run_id: str, tell: Tell) -> None:
    told = -_PAUSE
    async for event in service.events(caller, run_id):
        line, now = in_words(event), anyio.current_time()
        if line and now - told >= _PAUSE:
            told = now
            await tell(line)


def in_words(event: Event) -> str:
    """What an event means, in one printable line; "" where there is nothing to say."""
    data = event.data
    if event.name == "plan":
        needed = data.get("requirements")
        return f"{counted(len(needed), 'package')} needed" if isinstance(needed, list) and needed else ""
    if event.name == "install":
        return f"installing {one_line(str(data.get('purl', '')))}"
    if event.name == "refused":
        return f"refused: {one_line(str(data.get('purl') or data.get('url') or ''))}"
    if event.name in ("message", "output"):
        line = one_line(str(data.get("text", "")))
        return f"{'running: ' if event.name == 'output' and line else ''}{line}"
    return "running it again" if event.name == "again" else ""
