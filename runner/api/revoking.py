"""Ends what goes on for tokens that were revoked, which another process does: requests, and programs."""

from __future__ import annotations

import asyncio
import contextlib

from jhansi_runner.runner.api.app import Outer
from jhansi_runner.runner.console import say
from jhansi_runner.runner.sandboxes.errors import SandboxError
from jhansi_runner.runner.sandboxes.model import LOCAL
from jhansi_runner.runner.sandboxes.service import Service

_SECONDS, _ENDING_SECONDS = 1.0, 10.0


async def keep_out(service: Service, app: Outer) -> None:
    """Look for it until cancelled. Whose token was replaced meanwhile keeps programs that nobody waits for."""
    told = False
    while True:
        await asyncio.sleep(_SECONDS)
        try:
            good = await service.good_tokens()
            app.break_off(good)
            told = False
            with contextlib.suppress(TimeoutError):  # the rest is ended the next time
                async with asyncio.timeout(_ENDING_SECONDS):
                    await service.end_all_but({LOCAL, *good.values()})
        except SandboxError as error:
            if not told:
                say(f"warning: what goes on for tokens that were revoked cannot be ended: {error}; it is tried again")
            told = True
