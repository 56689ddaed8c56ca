"""What an agent is shown, and what it is told when it asks for what makes no sense."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from typing import Any

import jsonschema

from jhansi_runner.runner.mcp.table import ROWS
from support.agents import Agent, Use, talk
from support.agents import agent as agent_of
from support.ordinary import ordinary_argv
from support.user import User

Session = Callable[[Use], None]
READING = {"read_outcome", "explain_refusal", "read_file", "list_files", "list_sandboxes", "list_runs"}


WRONG: list[tuple[str, dict[str, object], str]] = [
    ("run_code", {"language": "perl", "code": "1"}, "language: Input should be 'python'"),
    ("run_code", {"language": "python"}, "code: Field required"),
    ("run_code", {"language": "python", "code": "1", "tiemout_seconds": 1}, "is timeout_seconds meant?"),
    ("run_code", {"language": "python", "code": "1", "timeout_seconds": -1}, "greater than 0"),
    ("run_file", {"sandbox": "sb_x", "path": ""}, "path: "),
    ("write_files", {"files": []}, "files: "),
    ("write_files", {"files": [{"path": "a", "content": "no base64!", "encoding": "base64"}]}, "is no base64"),
    ("explain_refusal", {}, "give a purl or a run"),
    ("explain_refusal", {"purl": "pkg:pypi/a", "run": "run_0"}, "one of the two"),
    ("list_sandboxes", {"limit": 10**9}, "limit: "),
    ("fork_sandbox", {"sandbox": "../../etc"}, "there is no sandbox"),
    ("delete_sandbox", {"sandbox": f"sb_{'0' * 32}"}, "there is no sandbox"),
    ("no_such_tool", {}, "there is no tool 'no_such_tool'"),
]


def test_an_agent_is_shown_every_tool_with_its_schemas_and_what_it_changes(session: Session) -> None:
    async def look(agent: Agent) -> None:
        tools = {tool.name: tool for tool in (await agent.session.list_tools()).tools}
        assert set(tools) == {row.name for row in ROWS}
        for tool in tools.values():
            assert tool.description
            assert tool.outputSchema is not None
            for schema in (tool.inputSchema, tool.outputSchema):
                jsonschema.Draft202012Validator.check_schema(schema)
            assert tool.inputSchema["additionalProperties"] is False
            assert tool.annotations is not None
            assert bool(tool.annotations.readOnlyHint) == (tool.name in READING)
        assert tools["run_code"].inputSchema["required"] == ["language", "code"]

    session(look)


def test_titles_that_say_nothing_are_left_out_of_schemas() -> None:
    shown = json.dumps([row.shown().inputSchema for row in ROWS])
    assert '"title"' not in shown
    assert len(shown) < 12_000, "a model reads all of it"


def test_what_makes_no_sense_is_an_answer_that_says_so(session: Session) -> None:
    async def ask(agent: Agent) -> None:
        for tool, given, said in WRONG:
            assert said in await agent.fails(tool, **given)
        assert await agent.call("list_sandboxes") == {"sandboxes": []}

    session(ask)


def test_sandboxes_are_made_listed_and_deleted_and_are_their_owners(user: User) -> None:
    async def of_one(agent: Agent) -> None:
        made = await agent.call("create_sandbox", language="python", ttl_seconds=60)
        assert (made["status"], made["language"], made["agent"]) == ("created", "python", "mcp")
        assert (await agent.call("list_sandboxes"))["sandboxes"] == [made]

        async def of_another(other: Agent) -> None:
            assert await other.call("list_sandboxes") == {"sandboxes": []}
            assert "there is no sandbox" in await other.fails("delete_sandbox", sandbox=made["sandbox"])

        async with agent_of(user, "--owner", "second") as other:
            await of_another(other)
        assert "is deleted" in await agent.said("delete_sandbox", sandbox=made["sandbox"])
        assert await agent.call("list_sandboxes") == {"sandboxes": []}

    talk(user, of_one, "--owner", "first")


def test_a_policy_that_cannot_be_read_is_explained(session: Session) -> None:
    async def ask(agent: Agent) -> None:
        said = await agent.fails("create_sandbox", policy="version: 1\nnonsense: true\n")
        assert "nonsense" in said

    session(ask)


def test_standard_output_carries_the_protocol_alone_and_the_end_of_input_is_the_end(user: User) -> None:
    pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    argv = ordinary_argv([*user.command, "mcp"])
    with subprocess.Popen(argv, cwd=user.work, env=user.env, text=True, **pipes) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write('no JSON\n{"jsonrpc": "2.0", "id": 1, "method": "ping"}\n')
        server.stdin.flush()
        while json.loads(server.stdout.readline()).get("id") != 1:
            pass
        rest, _ = server.communicate("", timeout=60)
        assert (rest, server.returncode) == ("", 0)


def test_it_ends_at_once_where_nobody_asks(user: User) -> None:
    assert user.run("mcp", stdin=subprocess.DEVNULL).returncode == 0


def test_an_owner_has_a_name(user: User) -> None:
    done = user.run("mcp", "--owner", "../me")
    assert done.returncode == 125
    assert "--owner '../me' is no name" in done.stderr
