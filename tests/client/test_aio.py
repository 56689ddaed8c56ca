"""The client for asyncio does what the other one does, at the same time."""

from __future__ import annotations

import asyncio
import inspect
from contextlib import aclosing

import pytest

from jhansi_runner.client import AsyncClient, AsyncRun, AsyncSandbox, Client, JhansiError, Run, Sandbox
from support.serving import socket_of
from support.user import User

OTHERS = {"__enter__": "__aenter__", "__exit__": "__aexit__", "close": "aclose"}


@pytest.mark.parametrize(("plain", "other"), [(Client, AsyncClient), (Sandbox, AsyncSandbox), (Run, AsyncRun)])
def test_both_clients_can_do_the_same(plain: type, other: type) -> None:
    for name, method in inspect.getmembers(plain, inspect.isfunction):
        twin = getattr(other, OTHERS.get(name, name))
        assert list(inspect.signature(twin).parameters) == list(inspect.signature(method).parameters), name
        assert [p.default for p in inspect.signature(twin).parameters.values()] == [
            p.default for p in inspect.signature(method).parameters.values()
        ], name


def test_programs_run_side_by_side(owner: User) -> None:
    async def one(client: AsyncClient, number: int) -> str:
        async with await client.create() as sandbox:
            await sandbox.write("main.py", f"print({number})")
            return (await sandbox.run("main.py")).stdout

    async def all_of_them() -> list[str]:
        async with AsyncClient(socket_of(owner)) as client:
            return await asyncio.gather(*(one(client, number) for number in range(4)))

    assert asyncio.run(all_of_them()) == ["0\n", "1\n", "2\n", "3\n"]


def test_streams_runs_and_copies(owner: User) -> None:
    async def all_of_it() -> None:
        async with AsyncClient(socket_of(owner)) as client, await client.create() as sandbox:
            await sandbox.write("a", "1")
            async with aclosing(sandbox.stream(command="cat a; sleep 1000")) as events:
                async for event in events:
                    if event.text == "1":
                        break
            while (await sandbox.runs())[0].info.state != "cancelled":
                await asyncio.sleep(0.05)
            run = await sandbox.start(command="echo two")
            assert (await run.wait()).stdout == "two\n"
            assert await run.log() == "two\n"
            await sandbox.snapshot("one")
            async with await sandbox.fork() as copy:
                assert await copy.read("a") == b"1"
            await sandbox.restore("one")
            with pytest.raises(JhansiError):
                await sandbox.read("not/there")

    asyncio.run(all_of_it())


def test_a_task_that_is_cancelled_ends_its_run(owner: User) -> None:
    async def all_of_it() -> None:
        async with AsyncClient(socket_of(owner)) as client, await client.create() as sandbox:
            task = asyncio.create_task(sandbox.command("sleep 1000"))
            while not any(run.info.state == "running" for run in await sandbox.runs()):
                await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            while (await sandbox.runs())[0].info.state != "cancelled":
                await asyncio.sleep(0.05)

    asyncio.run(all_of_it())
