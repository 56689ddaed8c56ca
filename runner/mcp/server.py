"""The server: takes calls from a client on standard input, answers on standard output, until that is closed.

What cannot be done is an answer that says so, which a model can read; an error of the protocol would go to its client.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

import anyio
from mcp import types
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from pydantic import ValidationError

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.offline import always_offline
from jhansi_runner.runner.console import say
from jhansi_runner.runner.errors import RunnerError
from jhansi_runner.runner.mcp.cutting import plain
from jhansi_runner.runner.mcp.running import Tell
from jhansi_runner.runner.mcp.table import INSTRUCTIONS, ROWS
from jhansi_runner.runner.mcp.tools import Tools
from jhansi_runner.runner.mcp.wrong import explained
from jhansi_runner.runner.sandboxes.model import Caller
from jhansi_runner.runner.sandboxes.service import Service, Settings

_ROWS = {row.name: row for row in ROWS}


async def serve(caller: Caller, env: Mapping[str, str]) -> None:
    """Serve one client for an owner. All that it had running ends with it."""
    settings = Settings(offline=always_offline(env))
    async with Service(paths.current(env), env, settings) as service, _standard() as (stdin, stdout):
        server = _server(Tools(service, caller))
        async with stdio_server(stdin, stdout) as (reading, writing):
            await server.run(reading, writing, server.create_initialization_options())


def _server(tools: Tools) -> Server[Any, Any]:
    server: Server[Any, Any] = Server("jhansi-runner", version("jhansi-runner"), INSTRUCTIONS)

    @server.list_tools()  # type: ignore[no-untyped-call, untyped-decorator]
    async def listed() -> list[types.Tool]:
        return [row.shown() for row in ROWS]

    @server.call_tool(validate_input=False)  # type: ignore[untyped-decorator]
    async def called(name: str, given: dict[str, Any]) -> types.CallToolResult:
        return await answer(tools, name, given, _tell(server))

    return server


async def answer(tools: Tools, name: str, given: Mapping[str, Any], tell: Tell | None) -> types.CallToolResult:
    """Do what a call asks for; what went wrong is an answer as well."""
    row = _ROWS.get(name)
    if row is None:
        return _wrong(f"there is no tool {name!r}", f"there are {', '.join(_ROWS)}")
    try:
        found = await row.does(tools, row.asked.model_validate(dict(given)), tell)
    except ValidationError as error:
        return _wrong(f"{name} was asked with wrong arguments", *explained(error, row.asked))
    except RunnerError as error:
        return _wrong(f"{error} [{getattr(error, 'name', 'failed')}]", *error.lines)
    except Exception as error:  # a client that is told nothing would wait, and a model try again
        traceback.print_exception(error)
        return _wrong(f"this is a fault of jhansi-runner's: {type(error).__name__}", "its standard error has more")
    data = _plain(found.model_dump(mode="json"))
    return types.CallToolResult(content=[_text(found.text())], structuredContent=data, isError=False)


def _wrong(*lines: str) -> types.CallToolResult:
    return types.CallToolResult(content=[_text("\n".join(lines))], isError=True)


def _text(text: str) -> types.TextContent:
    return types.TextContent(type="text", text=plain(text))


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def _tell(server: Server[Any, Any]) -> Tell | None:
    """Tells a client that asked for it what goes on in the call that is being answered."""
    context = server.request_context
    token = context.meta.progressToken if context.meta is not None else None
    if token is None:
        return None
    count = 0

    async def tell(line: str) -> None:
        nonlocal count
        count += 1
        await context.session.send_progress_notification(token, count, message=plain(line))

    return tell


@asynccontextmanager
async def _standard() -> AsyncIterator[tuple[anyio.AsyncFile[str], anyio.AsyncFile[str]]]:
    """Our standard input and output, for the protocol alone: whoever else writes to 1 writes to standard error."""
    stdin, stdout = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    reading = open(stdin, encoding="utf-8", errors="replace")  # noqa: SIM115
    writing = open(stdout, "w", encoding="utf-8", newline="\n")  # noqa: SIM115
    try:
        yield anyio.wrap_file(reading), anyio.wrap_file(writing)
    except* BrokenPipeError:
        say("the client is gone")
    finally:
        reading.close()
