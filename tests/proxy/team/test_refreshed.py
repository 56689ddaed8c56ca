"""However many ask, and however often: it is made once, in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from jhansi_runner.proxy.team.refreshed import Refreshed


class Maker:
    """Counts, and may be held."""

    def __init__(self) -> None:
        self.made, self.now = 0, 0.0
        self.go = threading.Event()
        self.go.set()
        self.takes = 0.0

    def __call__(self) -> int:
        """Make the next number."""
        self.go.wait(120)
        self.made += 1
        self.now += self.takes
        if self.made == 3:
            raise OSError("no")
        return self.made

    def clock(self) -> float:
        """A clock that stands still."""
        return self.now


def _run(check: Callable[[Maker, Refreshed[int]], asyncio.Future[None]] | object) -> None:
    async def main() -> None:
        maker = Maker()
        await check(maker, Refreshed(maker, 5.0, maker.clock))  # type: ignore[operator]

    asyncio.run(main())


def test_it_is_made_once_an_interval_for_all_who_ask() -> None:
    async def check(maker: Maker, value: Refreshed[int]) -> None:
        assert await asyncio.gather(*(value.get(60) for _ in range(50))) == [1] * 50
        maker.now += 4.9
        assert await value.get(60) == 1
        maker.now += 0.2
        assert await asyncio.gather(*(value.get(60) for _ in range(50))) == [2] * 50

    _run(check)


def test_nobody_waits_longer_than_they_want_and_other_threads_stay_free() -> None:
    async def check(maker: Maker, value: Refreshed[int]) -> None:
        maker.go.clear()
        assert await asyncio.gather(*(value.get(0.05) for _ in range(50))) == [None] * 50
        assert await asyncio.wait_for(asyncio.to_thread(lambda: "free"), 60) == "free"
        maker.go.set()
        assert await value.get(60) == 1
        maker.now += 6
        maker.go.clear()
        assert await value.get(0.05) == 1
        maker.go.set()

    _run(check)


def test_what_takes_long_is_made_more_rarely() -> None:
    async def check(maker: Maker, value: Refreshed[int]) -> None:
        maker.takes = 2.0
        assert await value.get(60) == 1
        maker.now += 39
        assert await value.get(60) == 1
        maker.now += 2
        assert await value.get(60) == 2

    _run(check)


def test_a_failure_is_told_to_who_waits_and_the_last_value_stays() -> None:
    async def check(maker: Maker, value: Refreshed[int]) -> None:
        maker.made = 1
        assert await value.get(60) == 2
        maker.now += 6
        with pytest.raises(OSError, match="no"):
            await value.get(60)
        assert await value.get(60) == 2
        maker.now += 6
        assert await value.get(60) == 4

    _run(check)
