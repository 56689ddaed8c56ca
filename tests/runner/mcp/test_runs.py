"""Programs that an agent runs: what it is told of them, while they run and afterwards."""

from __future__ import annotations

import base64
from collections.abc import Callable

import anyio

from support.agents import Agent, Use
from support.agents import agent as agent_of
from support.registry import Upstream
from support.user import User

Session = Callable[[Use], None]


def test_code_is_run_in_a_sandbox_that_stays(session: Session) -> None:
    async def use(agent: Agent) -> None:
        first = await agent.call("run_code", language="python", code="open('a', 'w').write('1'); print('hello')")
        assert (first["exit_code"], first["output"], first["state"]) == (0, "hello\n", "done")
        assert first["output_is_cut"] is False
        box = first["sandbox"]
        code = "import sys; print(open('a').read(), *sys.argv[1:], input(), __import__('os').environ['NAME'])"
        given = {"args": ["x y"], "stdin": "line\n", "env": {"NAME": "value"}}
        again = await agent.call("run_code", language="python", code=code, sandbox=box, **given)
        assert (again["sandbox"], again["output"]) == (box, "1 x y line value\n")
        said = await agent.said("run_code", language="python", code="raise SystemExit(3)", sandbox=box)
        assert said.startswith("exit code 3 in ")
        assert box in said

    session(use)


def test_files_commands_and_copies(session: Session) -> None:
    async def use(agent: Agent) -> None:
        files = [
            {"path": "src/main.py", "content": "print('main')"},
            {"path": "data.bin", "content": base64.b64encode(b"\0\xff").decode(), "encoding": "base64"},
            {"path": "run.sh", "content": "#!/bin/sh\necho ran\n", "executable": True},
        ]
        box = (await agent.call("write_files", files=files))["sandbox"]
        assert (await agent.call("run_file", sandbox=box, path="src/main.py"))["output"] == "main\n"
        assert (await agent.call("run_command", sandbox=box, command="./run.sh; echo $?"))["output"] == "ran\n0\n"
        listed = await agent.call("list_files", sandbox=box, deep=True)
        assert {each["path"] for each in listed["files"]} >= {"src", "src/main.py", "data.bin", "run.sh"}
        assert (await agent.call("read_file", sandbox=box, path="data.bin"))["encoding"] == "base64"
        assert await agent.said("read_file", sandbox=box, path="src/main.py") == "print('main')"
        await agent.call("snapshot_sandbox", sandbox=box, name="first")
        copy = await agent.call("fork_sandbox", sandbox=box)
        assert copy["parent"] == box
        await agent.call("delete_file", sandbox=box, path="src")
        assert "there is no" in await agent.fails("read_file", sandbox=box, path="src/main.py")
        assert await agent.said("read_file", sandbox=copy["sandbox"], path="src/main.py") == "print('main')"
        await agent.call("restore_sandbox", sandbox=box, name="first")
        assert await agent.said("read_file", sandbox=box, path="src/main.py") == "print('main')"
        for path in ("../../sandboxes.db", "/etc/passwd"):
            await agent.fails("read_file", sandbox=box, path=path)

    session(use)


def test_a_long_output_is_cut_and_can_be_read_whole(session: Session) -> None:
    code = "import sys\nfor n in range(20000): print('é', n)\nprint('only here', file=sys.stderr)"
    whole = "".join(f"é {number}\n" for number in range(20000))

    async def use(agent: Agent) -> None:
        ended = await agent.call("run_code", language="python", code=code)
        assert ended["output_is_cut"] is True
        assert len(ended["output"]) < 25_000
        assert ended["output"].startswith("é 0\n")
        assert "characters are left out here: read_outcome with run" in ended["output"]
        assert "é 19999\n" in ended["output"]
        read, offset = "", 0
        while offset is not None:
            piece = await agent.call("read_outcome", run=ended["run"], stream="stdout", offset=offset, limit=50_001)
            read, offset = read + piece["content"], piece["next_offset"]
        assert read == whole
        assert (await agent.call("read_outcome", run=ended["run"], stream="stderr"))["content"] == "only here\n"
        past = await agent.call("read_outcome", run=ended["run"], offset=10**9)
        assert (past["content"], past["next_offset"]) == ("", None)

    session(use)


def test_what_a_program_prints_stays_data(session: Session) -> None:
    code = """import os
os.write(1, b'{"jsonrpc": "2.0", "id": 1, "result": {}}\\n\\xff\\x00\\x1b[2J')
os.write(1, '\\u2028\\ud83d'.encode('utf-8', 'surrogatepass'))
open(b'\\xff\\n', 'w').close()
"""

    async def use(agent: Agent) -> None:
        ended = await agent.hear("run_code", language="python", code=code)
        assert ended["output"].startswith('{"jsonrpc": "2.0", "id": 1, "result": {}}\n')
        assert "\u2028" in ended["output"]
        await agent.call("list_files", sandbox=ended["sandbox"])
        assert all(line.isprintable() for line in agent.told)

    session(use)


def test_progress_is_told_to_who_asks_for_it_and_not_too_often(session: Session) -> None:
    code = "import time\nfor n in range(150): print(n, flush=True); time.sleep(0.01)"

    async def use(agent: Agent) -> None:
        ended = await agent.hear("run_code", language="python", code=code)
        assert ended["exit_code"] == 0
        assert any(line.startswith("running: ") for line in agent.told)
        assert len(agent.told) < 2 * ended["duration_ms"] / 1000 + 5

    session(use)


def test_what_is_installed_is_told(session: Session, owner: User, upstream: Upstream) -> None:
    owner.policy(upstream.url)

    async def use(agent: Agent) -> None:
        ended = await agent.hear("run_code", language="python", code="import six; print(six.__name__)")
        assert (ended["exit_code"], ended["output"]) == (0, "six\n"), ended
        assert any("six" in each for each in ended["installed"])
        assert any("six" in line or "package" in line for line in agent.told)

    session(use)


def test_a_manifest_that_cannot_be_met_hinders_nobody_who_mends_it(
    session: Session, owner: User, upstream: Upstream
) -> None:
    owner.policy(upstream.url)

    async def use(agent: Agent) -> None:
        files = [{"path": "requirements.txt", "content": "six==0.0.1\n"}]
        box = (await agent.call("write_files", files=files))["sandbox"]
        assert (await agent.call("run_command", sandbox=box, command="ls"))["exit_code"] == 125
        mend = "cat requirements.txt; echo six >requirements.txt"
        assert (await agent.call("run_command", sandbox=box, command=mend, no_install=True))["output"] == "six==0.0.1\n"
        ended = await agent.call("run_command", sandbox=box, command="python -c 'import six; print(six.__name__)'")
        assert ended["output"] == "six\n"

    session(use)


def test_a_refusal_is_told_once(session: Session) -> None:
    async def use(agent: Agent) -> None:
        policy = "version: 1\nregistries: {pypi: {enabled: true}}\ndefault: allow\nrules: [{deny: 'pkg:pypi/six'}]\n"
        box = (await agent.call("create_sandbox", policy=policy))["sandbox"]
        said = await agent.said("run_code", language="python", code="import six", sandbox=box)
        lines = [line for line in said.splitlines() if line.startswith("refused: ")]
        assert len(lines) == 1 and lines[0].count("[JR-DENY-RULE]") == lines[0].count("Next: ") == 1, said

    session(use)


def test_what_no_package_is_known_for_is_told_to_who_failed_by_it(session: Session) -> None:
    async def use(agent: Agent) -> None:
        code = "try:\n    import nobodys_module_1\nexcept ImportError:\n    raise SystemExit(CODE)"
        said = await agent.said("run_code", language="python", code=code.replace("CODE", "1"))
        assert "not installed: nobodys_module_1 (main.py:2): " in said and "requirements.txt" in said
        assert "nobodys_module_1" not in await agent.said("run_code", language="python", code=code.replace("CODE", "0"))

    session(use)


def test_a_sandbox_takes_programs_of_several_languages_and_commands(
    session: Session, owner: User, upstream: Upstream
) -> None:
    owner.policy(upstream.url)

    async def use(agent: Agent) -> None:
        box = (await agent.call("run_code", language="python", code="import six; print('py')"))["sandbox"]
        node = await agent.call("run_code", language="node", code="console.log('js')", sandbox=box)
        assert node["output"] == "js\n", node
        command = await agent.call("run_command", command="python3 main.py && ls", sandbox=box)
        assert command["output"] == "py\nmain.js\nmain.py\n", command

    session(use)


def test_a_refusal_is_an_outcome_and_is_explained(session: Session, owner: User, upstream: Upstream) -> None:
    owner.policy(upstream.url, "rules:\n  - {deny: 'pkg:pypi/six', reason: nobody may}\n")

    async def use(agent: Agent) -> None:
        ended = await agent.call("run_code", language="python", code="import six")
        assert ended["exit_code"] == 126
        of_run = await agent.call("explain_refusal", run=ended["run"])
        assert of_run["allowed"] is False
        assert "nobody may" in await agent.said("explain_refusal", run=ended["run"])
        of_package = await agent.call("explain_refusal", purl="pkg:pypi/six@1.16.0", sandbox=ended["sandbox"])
        [refusal] = of_package["refusals"]
        assert (refusal["code"], refusal["reason"]) == ("JR-DENY-RULE", "nobody may")
        assert "policy.yaml:" in refusal["rule"]
        assert refusal["next"]
        assert (await agent.call("explain_refusal", purl="pkg:pypi/idna"))["allowed"] is True
        assert "not a package-url" in await agent.fails("explain_refusal", purl="six")
        fine = await agent.call("run_code", language="python", code="print(1)", sandbox=ended["sandbox"])
        assert "nothing was refused" in await agent.said("explain_refusal", run=fine["run"])

    session(use)


def test_tests_are_run(session: Session) -> None:
    async def use(agent: Agent) -> None:
        test = "require('node:test')('adds', () => require('node:assert').equal(1 + 1, %d))"
        files = [{"path": f"{name}.test.js", "content": test % value} for name, value in (("a", 2), ("b", 3))]
        box = (await agent.call("write_files", files=files))["sandbox"]
        ended = await agent.call("run_tests", sandbox=box)
        assert ended["exit_code"] == 1, ended
        assert "# pass 1" in ended["output"]
        assert "# fail 1" in ended["output"]
        await agent.call("delete_file", sandbox=box, path="b.test.js")
        assert (await agent.call("run_tests", sandbox=box))["exit_code"] == 0

    session(use)


def test_calls_for_one_sandbox_take_turns(session: Session) -> None:
    async def use(agent: Agent) -> None:
        box = (await agent.call("create_sandbox"))["sandbox"]
        command = "test ! -e busy || echo both; touch busy; sleep 0.1; rm busy"
        found: list[str] = []

        async def once() -> None:
            found.append((await agent.call("run_command", sandbox=box, command=command))["output"])

        async with anyio.create_task_group() as group:
            for _ in range(4):
                group.start_soon(once)
        assert found == [""] * 4

    session(use)


def test_time_that_is_over_ends_a_program(session: Session) -> None:
    async def use(agent: Agent) -> None:
        code = "import time; print('begun', flush=True); time.sleep(1000)"
        ended = await agent.call("run_code", language="python", code=code, timeout_seconds=5)
        assert (ended["exit_code"], ended["timed_out"], ended["output"]) == (124, True, "begun\n")

    session(use)


def test_two_sessions_share_what_is_there(session: Session, owner: User) -> None:
    async def use(agent: Agent) -> None:
        async with agent_of(owner) as other:
            box = (await agent.call("create_sandbox"))["sandbox"]
            await other.call("write_files", sandbox=box, files=[{"path": "a", "content": "theirs"}])
            assert await agent.said("read_file", sandbox=box, path="a") == "theirs"
            found: list[str] = []

            async def once(who: Agent) -> None:
                found.append((await who.call("run_command", sandbox=box, command="cat a"))["output"])

            async with anyio.create_task_group() as group:
                group.start_soon(once, agent)
                group.start_soon(once, other)
            assert found == ["theirs", "theirs"]

    session(use)


def test_node_is_told_by_the_name_which_kind_of_module_it_is(session: Session) -> None:
    async def use(agent: Agent) -> None:
        for code in ("import os from 'node:os'; console.log(typeof os.cpus)", "console.log(typeof require('os').cpus)"):
            ended = await agent.call("run_code", language="node", code=code)
            assert ended["output"] == "function\n", ended

    session(use)
