"""Work that may take long, in a thread; nobody who stops to wait leaves it half-done, nor takes all threads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from functools import partial
from typing import ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from jhansi_runner.runner.sandboxes.turns import Turns

P = ParamSpec("P")
T = TypeVar("T")
OWNER: ContextVar[str] = ContextVar("owner", default="")
"""For whom something is done; "" for the service itself."""
THREADS_EACH, _THREADS = 4, 32
_pool = ThreadPoolExecutor(_THREADS, "work")
_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, Turns] = WeakKeyDictionary()


async def threaded(act: Callable[P, T], *words: P.args, **more: P.kwargs) -> T:
    """Its result. Whoever is cancelled meanwhile is so when it has ended: a thread cannot be.

    Few threads are one owner's at once, so that others have theirs whatever there is to do for that one.
    """
    loop = asyncio.get_running_loop()
    async with _turns.setdefault(loop, Turns(THREADS_EACH)).of(OWNER.get()):
        task = loop.run_in_executor(_pool, copy_context().run, partial(act, *words, **more))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait([task])
            raise
