"""`jhansi-runner mcp`: tools for agents, over standard input and output."""

from __future__ import annotations

import asyncio
import os
import re
import signal

import click

from jhansi_runner.runner.errors import RunnerError
from jhansi_runner.runner.sandboxes.model import LOCAL, Caller

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@click.command("mcp")
@click.option("--owner", default=LOCAL, metavar="NAME", show_default=True, help="Whose sandboxes these are.")
def mcp(owner: str) -> None:
    """Serve one client of the Model Context Protocol on standard input and output, until it closes them.

    Its tools run code in sandboxes, as `serve` does, on the same state, and need no server. A client sees only the
    sandboxes of its owner: give agents names of their own to keep them apart.
    """
    if not _NAME.fullmatch(owner):
        hint = "give 1 to 64 letters, digits, dots, dashes and underscores, a letter or digit first"
        raise RunnerError(f"--owner {owner[:64]!r} is no name", lines=(hint,))
    if os.isatty(0):
        raise RunnerError(
            "this speaks to a program, not to a person",
            lines=('register it with a client: {"command": "jhansi-runner", "args": ["mcp"]}',),
        )
    from jhansi_runner.runner.mcp.server import serve

    for number in (signal.SIGINT, signal.SIGTERM):  # a thread reads our input, and would wait for a line
        signal.signal(number, signal.SIG_DFL)
    asyncio.run(serve(Caller(owner, sees_all=False), os.environ))
