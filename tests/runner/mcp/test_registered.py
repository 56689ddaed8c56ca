"""What README.md tells to register with a client of the protocol is a server."""

from __future__ import annotations

import json

from support.agents import Agent, talk
from support.console import blocks
from support.tree import ROOT
from support.user import User


def test_the_entry_in_the_readme_is_a_server_that_runs_code(user: User) -> None:
    [entry] = [json.loads(each.text) for each in blocks((ROOT / "README.md").read_text()) if each.language == "json"]
    [server] = entry["mcpServers"].values()
    assert server["command"] == "jhansi-runner"
    verb, *words = server["args"]
    assert verb == "mcp"

    async def use(agent: Agent) -> None:
        assert (await agent.call("run_code", language="python", code="print(6 * 7)"))["output"] == "42\n"

    talk(user, use, *words)
