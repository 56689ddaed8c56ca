"""Facts that another process gathers, kept for a moment: however many look, one process looks for all."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Mapping
from typing import Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from jhansi_runner.runner.console import PREFIX
from jhansi_runner.runner.sandboxes.errors import SandboxError

T = TypeVar("T")
CACHE, POLICY = "cache", "policy"
_FRESH_SECONDS, _LONGEST_SECONDS = 15.0, 60.0
_MODULE = "jhansi_runner.runner.dashboard.gather"


class Aside(Generic[T]):
    """One kind of facts. `env` is that of the server."""

    def __init__(self, what: str, kind: type[T], env: Mapping[str, str]) -> None:
        self._what, self._env = what, env
        self._adapter = TypeAdapter(kind)
        self._lock = asyncio.Lock()
        self._known: tuple[T, float, float] | None = None

    async def facts(self) -> tuple[T, float]:
        """The facts, and when they were gathered, in seconds since the epoch. Raises SandboxError."""
        async with self._lock:
            if self._known is None or time.monotonic() - self._known[2] > _FRESH_SECONDS:
                self._known = await self._gather(), time.time(), time.monotonic()
            return self._known[0], self._known[1]

    async def _gather(self) -> T:
        command = (sys.executable, "-I", "-m", _MODULE, self._what)
        pipe = asyncio.subprocess.PIPE
        child = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe, env=dict(self._env)
        )
        try:
            async with asyncio.timeout(_LONGEST_SECONDS):
                out, words = await child.communicate()
        except TimeoutError:
            raise _unknown(f"the {self._what} took more than {_LONGEST_SECONDS:.0f} s to look at") from None
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
        if child.returncode:
            said = words.decode("utf-8", "replace").strip().rpartition("\n")[2].removeprefix(PREFIX)
            raise _unknown(f"the {self._what} cannot be looked at: {said or 'who looked was killed'}")
        try:
            return self._adapter.validate_json(out)
        except ValidationError:
            raise _unknown(f"the {self._what} cannot be looked at: what was gathered makes no sense") from None


def _unknown(message: str) -> SandboxError:
    return SandboxError(503, "unknown_now", message, "load the page again in a minute", retry_after=60)
