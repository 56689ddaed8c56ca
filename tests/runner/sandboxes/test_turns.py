"""What owners may have at once: each their own number, and nobody waits behind the work of another."""

from __future__ import annotations

import asyncio

from jhansi_runner.runner.sandboxes.turns import Turns


def test_who_has_something_else_to_do_comes_between_the_turns_of_one_owner() -> None:
    done: list[str] = []

    async def work(turns: Turns, name: str) -> None:
        async with turns.turn("a"):
            done.append(name)

    async def other() -> None:
        done.append("other")

    async def act() -> None:
        turns = Turns(1)
        await asyncio.gather(work(turns, "one"), work(turns, "two"), other())

    asyncio.run(act())
    assert done == ["other", "one", "two"]


def test_owners_wait_for_their_own_alone() -> None:
    async def act() -> None:
        turns = Turns(1)
        async with turns.turn("a"):
            async with turns.turn("b"):
                pass
            assert turns.of("a").locked() and not turns.of("b").locked()

    asyncio.run(act())
