"""Work that may take long, in a thread; nobody who stops to wait leaves it half-done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def threaded(act: Callable[P, T], *words: P.args, **more: P.kwargs) -> T:
    """Its result. Whoever is cancelled meanwhile is so when it has ended: a thread cannot be."""
    task = asyncio.ensure_future(asyncio.to_thread(act, *words, **more))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
