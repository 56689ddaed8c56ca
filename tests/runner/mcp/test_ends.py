"""Runs end with whoever asked for them: a call that is cancelled, a client that leaves, a server that is killed."""

from __future__ import annotations

import os
import secrets
import signal
from contextlib import suppress
from typing import Any

import anyio
from mcp import McpError, types

from support.agents import Agent, agent, talk
from support.user import User, alive, environ, processes, wait_for


def _endless(before: str = "") -> tuple[str, str]:
    """A program that never ends, and a mark in its command line."""
    mark = f"mark-{secrets.token_hex(8)}"
    return f"sh -c '{before} echo begun; while :; do sleep 1; done' {mark}", mark


async def _begun(agent: Agent, box: str, command: str, mark: str, group: Any) -> None:
    async def call() -> None:
        with suppress(McpError):  # what a call that was cancelled is answered
            await agent.session.call_tool("run_command", {"sandbox": box, "command": command})

    group.start_soon(call)
    while not alive(mark):
        await anyio.sleep(0.05)


def _servers(user: User) -> list[int]:
    mark = f"JHANSI_HOME={user.state}\0".encode()
    return [pid for pid, command in processes() if mark in environ(pid) and b"\0mcp" in command]


def test_a_call_that_is_cancelled_ends_its_run_whatever_that_ignores(user: User) -> None:
    command, mark = _endless('trap "" TERM INT HUP;')

    async def use(agent: Agent) -> None:
        box = (await agent.call("create_sandbox"))["sandbox"]
        async with anyio.create_task_group() as group:
            number = agent.session._request_id  # the SDK offers no way to ask for it
            await _begun(agent, box, command, mark, group)
            params = types.CancelledNotificationParams(requestId=number, reason="enough")
            notification = types.CancelledNotification(params=params)
            await agent.session.send_notification(types.ClientNotification(notification))
            with anyio.fail_after(60):
                while alive(mark):
                    await anyio.sleep(0.05)
            group.cancel_scope.cancel()
        assert (await agent.call("run_command", sandbox=box, command="echo on"))["output"] == "on\n"

    talk(user, use)


def test_a_run_is_cancelled_by_another_call(user: User) -> None:
    command, mark = _endless()

    async def use(agent: Agent) -> None:
        box = (await agent.call("create_sandbox"))["sandbox"]
        lines: list[str] = []

        async def hear() -> None:
            found = await agent.session.call_tool("run_command", {"sandbox": box, "command": command})
            lines.append(str((found.structuredContent or {})["state"]))

        async with anyio.create_task_group() as group:
            group.start_soon(hear)
            while not alive(mark):
                await anyio.sleep(0.05)
            [listed] = (await agent.call("list_runs", sandbox=box))["runs"]
            assert (listed["state"], listed["program"][:2]) == ("running", "sh")
            run = listed["run"]
            while not (so_far := await agent.call("read_outcome", run=run))["content"]:
                await anyio.sleep(0.05)
            assert (so_far["content"], so_far["next_offset"]) == ("begun\n", 6)
            nothing_new = await agent.call("read_outcome", run=run, offset=6)
            assert (nothing_new["content"], nothing_new["next_offset"]) == ("", 6)
            assert (await agent.call("cancel_run", run=run))["state"] == "cancelled"
        assert lines == ["cancelled"]
        assert "begun" in await agent.said("read_outcome", run=run)

    talk(user, use)


def test_nothing_is_left_when_the_client_leaves(user: User) -> None:
    command, mark = _endless()

    async def all_of_it() -> None:
        with anyio.fail_after(150):
            async with anyio.create_task_group() as group, agent(user) as found:
                box = (await found.call("create_sandbox"))["sandbox"]
                await _begun(found, box, command, mark, group)
                group.cancel_scope.cancel()

    anyio.run(all_of_it)
    wait_for(lambda: not alive(mark) and not _servers(user))


def test_nothing_is_left_when_the_server_is_killed_and_the_sandbox_is_whole(user: User) -> None:
    command, mark = _endless()
    boxes: list[str] = []

    async def all_of_it() -> None:
        with anyio.fail_after(150):
            async with agent(user) as found, anyio.create_task_group() as group:
                boxes.append((await found.call("create_sandbox"))["sandbox"])
                await _begun(found, boxes[0], command, mark, group)
                for pid in _servers(user):
                    os.kill(pid, signal.SIGKILL)
                group.cancel_scope.cancel()

    anyio.run(all_of_it)
    wait_for(lambda: not alive(mark))

    async def go_on(found: Agent) -> None:
        ended = await found.call("run_command", sandbox=boxes[0], command="echo on")
        assert ended["output"] == "on\n"

    talk(user, go_on)
