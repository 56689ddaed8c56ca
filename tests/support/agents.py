"""An agent: the SDK's own client of the Model Context Protocol, with our server as an ordinary user."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
from anyio.from_thread import start_blocking_portal
from mcp import ClientSession, StdioServerParameters, types
from mcp.client.stdio import stdio_client

from support.ordinary import ordinary_argv
from support.user import User


@dataclass
class Agent:
    """A session. `told` is what was told of progress."""

    session: ClientSession
    told: list[str] = field(default_factory=list)

    async def call(self, tool: str, **given: Any) -> dict[str, Any]:
        """Use a tool; its data. AssertionError when it says that it could not."""
        found = await self.session.call_tool(tool, given)
        assert not found.isError, text(found)
        return dict(found.structuredContent or {})

    async def said(self, tool: str, **given: Any) -> str:
        """Use a tool; its text. AssertionError when it says that it could not."""
        found = await self.session.call_tool(tool, given)
        assert not found.isError, text(found)
        return text(found)

    async def fails(self, tool: str, **given: Any) -> str:
        """Use a tool in vain; what it says."""
        found = await self.session.call_tool(tool, given)
        assert found.isError, found
        return text(found)

    async def hear(self, tool: str, **given: Any) -> dict[str, Any]:
        """Use a tool, and keep what is told of its progress."""

        async def told(progress: float, total: float | None, message: str | None) -> None:
            del progress, total
            self.told.append(message or "")

        self.told.clear()
        found = await self.session.call_tool(tool, given, progress_callback=told)
        assert not found.isError, text(found)
        return dict(found.structuredContent or {})


def text(found: types.CallToolResult) -> str:
    """The text of an answer."""
    return "\n".join(each.text for each in found.content if isinstance(each, types.TextContent))


@asynccontextmanager
async def agent(user: User, *words: str) -> AsyncIterator[Agent]:
    """A session with `jhansi-runner mcp` of this user; what it says on standard error is in `mcp.err`."""
    command, *args = ordinary_argv([*user.command, "mcp", *words])
    server = StdioServerParameters(command=command, args=args, env=user.env, cwd=user.work)
    with Path(user.root, "mcp.err").open("a") as errors:
        transport = stdio_client(server, errlog=errors)
        async with transport as (reading, writing), ClientSession(reading, writing) as session:
            await session.initialize()
            yield Agent(session)


Use = Callable[[Agent], Awaitable[None]]
"""What an agent does."""


def talk(user: User, use: Use, *words: str) -> None:
    """Let an agent do something in a session of its own, within 200 s."""

    async def all_of_it() -> None:
        with anyio.fail_after(200):
            async with agent(user, *words) as found:
                await use(found)

    anyio.run(all_of_it)


@contextmanager
def session(user: User) -> Iterator[Callable[[Use], None]]:
    """A session in which one thing after the other is done, each within 120 s."""

    async def within(use: Use, found: Agent) -> None:
        with anyio.fail_after(120):
            await use(found)

    with start_blocking_portal() as portal, portal.wrap_async_context_manager(agent(user)) as found:
        yield lambda use: portal.call(within, use, found)
