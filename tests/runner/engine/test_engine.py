"""Programs run by the engine as an ordinary user, in true sandboxes: what they tell, their order, how they end."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from typing import Any

import pytest

from support.engine import Driven, driven
from support.registry import Upstream
from support.user import User, wait_for

IGNORES = (
    "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('ready', flush=True)\ntime.sleep(60)"
)
WAITS = "import time\nprint('ready', flush=True)\ntime.sleep(60)"


@pytest.fixture(scope="module")
def engine(owner: User) -> Iterator[Driven]:
    with driven(owner, runs=2, timeout=60) as engine:
        yield engine


def _written(events: list[dict[str, Any]], stream: str) -> str:
    return "".join(one["text"] for one in events if one["event"] == "output" and one["stream"] == stream)


def test_a_program_tells_its_output_and_then_its_outcome(engine: Driven) -> None:
    sandbox = engine.sandbox(main_py="import sys\nprint('out', flush=True)\nprint('err', file=sys.stderr)\nsys.exit(3)")
    run = engine.submit(sandbox, filename="main.py")
    end = engine.ended(run)
    assert (end["state"], end["outcome"]["exit_code"]) == ("done", 3)
    *before, done = engine.events(run)
    assert {name: _written(before, name) for name in ("stdout", "stderr")} == {"stdout": "out\n", "stderr": "err\n"}
    assert [one["seq"] for one in (*before, done)] == list(range(1, len(before) + 2))
    assert {**done, "event": 0, "seq": 0} == {**end["outcome"], "event": 0, "seq": 0}
    assert (done["event"], done["run_id"], done["sandbox_id"], done["state"]) == ("done", run, sandbox, "done")


def test_input_arguments_and_variables_reach_the_program(engine: Driven) -> None:
    source = "import os, sys\nprint(sys.stdin.read(), sys.argv[1:], os.environ['KEY'], os.getcwd())"
    sandbox = engine.sandbox(main_py=source)
    run = engine.submit(sandbox, filename="main.py", args=["a b", "ü"], stdin="typed", env={"KEY": "a=b"})
    assert engine.outcome(run)["stdout"] == "typed ['a b', 'ü'] a=b /sandbox\n"


@pytest.mark.parametrize(
    "command",
    [
        'echo $0 $((1 + 1)) "$@"',
        "echo $0 2 ${1}",
        ["echo", "sh", "2"],
        "cd . && echo $0 2\n",
        "python -c 'import sys; print(*sys.argv[1:])' sh 2",
        "awk 'BEGIN { $1 = 0; print ARGV[1], ARGV[2], ARGV[3] }' sh 2",
    ],
)
def test_a_command_is_a_line_for_a_shell_or_words(engine: Driven, command: object) -> None:
    run = engine.submit(engine.sandbox(), command=command, args=["three"])
    assert engine.outcome(run)["stdout"] == "sh 2 three\n"


@pytest.mark.parametrize("command", ["sleep 1 &", "echo a;", "cat |", "echo a # says a"])
def test_arguments_that_have_no_place_are_refused(engine: Driven, command: str) -> None:
    engine.submit(engine.sandbox(), command=command, args=["rm"])
    refused = engine.told[-1]
    assert (refused["what"], refused["status"]) == ("refused", 400)
    assert "where its arguments go" in refused["message"]


def test_lines_for_a_shell_stay_as_they_are(engine: Driven) -> None:
    run = engine.submit(engine.sandbox(), command="cat <<END\nstays\nEND\n", args=["three"])
    assert (engine.outcome(run)["stdout"], engine.outcome(run)["stderr"]) == ("stays\n", "")


def test_a_run_has_the_same_id_in_the_journal(engine: Driven) -> None:
    run = engine.submit(engine.sandbox(main_py="print(1)"), filename="main.py")
    engine.ended(run)
    shown = engine.user.run("runs", "show", run.removeprefix("run_"))
    assert (shown.returncode, "main.py" in shown.stdout) == (0, True), shown.stderr


FORKS = """
import os, time
made = 0
try:
    for _ in range(30):
        if os.fork() == 0:
            time.sleep(30)
            os._exit(0)
        made += 1
except OSError:
    pass
print(made, flush=True)
os._exit(0)
"""


def test_none_of_our_processes_counts_as_the_programs(engine: Driven) -> None:
    sandbox = engine.sandbox(main_py=FORKS)
    for _ in range(3):
        outcome = engine.outcome(engine.submit(sandbox, filename="main.py", limits={"processes": "20"}))
        assert outcome["stdout"] in ("19\n", "20\n")  # the program itself is one of them


def test_packages_are_installed_and_their_coming_is_told(engine: Driven, upstream: Upstream) -> None:
    engine.user.policy(upstream.url)
    run = engine.submit(engine.sandbox(main_py="import six; print(six.__version__)"), filename="main.py")
    assert engine.outcome(run)["stdout"] == "1.16.0\n", engine.outcome(run)
    events = engine.events(run)
    assert any(one["event"] == "install" and one["purl"].startswith("pkg:pypi/six@") for one in events)
    assert "resolving" in [one["text"] for one in events if one["event"] == "message"]
    assert [one["name"] for one in engine.outcome(run)["installed"]] == ["six"]


def test_a_mistake_is_an_outcome_with_what_went_wrong(engine: Driven) -> None:
    outcome = engine.outcome(engine.submit(engine.sandbox(), filename="none.py"))
    assert (outcome["exit_code"], outcome["state"]) == (127, "done")
    assert "none.py" in outcome["error"]


@pytest.mark.parametrize(
    "program",
    [
        {},
        {"filename": "a.py", "command": "true"},
        {"filename": "a\0b"},
        {"command": ["echo", "a\0--bind\0/\0/host"]},
        {"command": "true", "env": {"A": "b\0--bind"}},
        {"command": "true", "env": {"A=B": "c"}},
        {"command": "true", "args": ["\ud83d"]},
        {"command": "true", "timeout": -1.0},
    ],
)
def test_what_makes_no_sense_is_refused(engine: Driven, program: dict[str, Any]) -> None:
    run = engine.submit(engine.sandbox(), **program)
    refused = engine.wait(what="refused", run=run)
    assert (refused["status"], refused["name"]) == (400, "bad_request")


def test_a_timeout_is_the_programs_else_the_services(engine: Driven) -> None:
    outcome = engine.outcome(engine.submit(engine.sandbox(), command="sleep 30", timeout=0.3))
    assert (outcome["exit_code"], outcome["timed_out"]) == (124, True)
    usual = engine.outcome(engine.submit(engine.sandbox(), command="true"))
    assert usual["limits"]["time"] == {"limit": 60.0, "set_by": "the service", "held_by": "runner"}


def test_limits_of_a_sandbox_hold(engine: Driven) -> None:
    run = engine.submit(engine.sandbox(), command="yes", limits={"output": "10KiB", "timeout": "20"}, timeout=50.0)
    outcome = engine.outcome(run)
    assert (outcome["exit_code"], outcome["limits"]["ended_by"]) == (137, "output")
    assert outcome["limits"]["time"]["limit"] == 20.0


def test_no_descriptor_of_ours_is_seen_inside(engine: Driven) -> None:
    source = (
        "import os\nprint(*os.listdir('/proc/self/fd'), *[os.readlink(f'/proc/self/fd/{n}')[:4] for n in range(3)])"
    )
    other = engine.submit(engine.sandbox(main_py=WAITS), filename="main.py")
    try:
        run = engine.submit(engine.sandbox(main_py=source), filename="main.py")
        assert engine.outcome(run)["stdout"] == "0 1 2 3 /dev pipe pipe\n"  # 3 is the folder that it lists
    finally:
        engine.do("cancel", run=other)
    engine.ended(other)


def test_a_run_ends_while_another_one_that_began_later_goes_on(engine: Driven) -> None:
    first = engine.sandbox(main_py="print('ready', flush=True); input()\nimport time; time.sleep(0.5)")
    one = engine.submit(first, filename="main.py", stdin="go\n")
    other = engine.submit(engine.sandbox(main_py=WAITS), filename="main.py")
    assert engine.outcome(one)["exit_code"] == 0
    again = engine.submit(first, filename="main.py", stdin="go\n")  # its lock is free, though the other one runs
    assert engine.outcome(again)["exit_code"] == 0
    engine.do("cancel", run=other)
    assert engine.ended(other)["state"] == "cancelled"


def test_a_busy_sandbox_is_refused_or_waited_for(engine: Driven) -> None:
    sandbox = engine.sandbox(main_py=WAITS, quick_py="print('quick')")
    first = engine.submit(sandbox, filename="main.py")
    refused = engine.submit(sandbox, filename="quick.py")
    assert engine.wait(what="refused", run=refused)["status"] == 409
    waits = engine.submit(sandbox, filename="quick.py", wait=True)
    engine.do("follow", run=waits)  # before there is a log
    engine.do("cancel", run=first)
    assert engine.outcome(waits)["stdout"] == "quick\n"
    engine.wait(what="followed", run=waits)
    order = [(each["what"], each["run"]) for each in engine.told if each.get("run") in (first, waits)]
    assert order.index(("ended", first)) < order.index(("started", waits))


def test_a_sandbox_that_another_process_uses_is_refused_or_waited_for(engine: Driven) -> None:
    sandbox = engine.sandbox(quick_py="print('quick')")
    with open(engine.work(sandbox).parent / "busy", "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refused = engine.submit(sandbox, filename="quick.py")
        assert engine.wait(what="refused", run=refused)["status"] == 409
        waits = engine.submit(sandbox, filename="quick.py", wait=True)
        assert engine.wait(run=waits)["begun"] is False
    assert engine.outcome(waits)["stdout"] == "quick\n"


def test_a_sandbox_that_is_gone_is_not_found(engine: Driven) -> None:
    refused = engine.submit(f"sb_{'0' * 32}", command="true")
    assert engine.wait(what="refused", run=refused)["status"] == 404


@pytest.mark.parametrize("source", [WAITS, IGNORES])
def test_a_program_is_cancelled_whether_it_likes_that_or_not(engine: Driven, source: str) -> None:
    run = engine.submit(engine.sandbox(main_py=source), filename="main.py")
    engine.do("follow", run=run)
    engine.printed(run, "ready")
    engine.do("cancel", run=run)
    end = engine.ended(run)
    assert (end["state"], end["outcome"]["stdout"]) == ("cancelled", "ready\n")
    assert end["outcome"]["exit_code"] in (137, 143)


def test_a_run_that_waits_for_its_turn_can_be_cancelled(engine: Driven) -> None:
    holding = [engine.submit(engine.sandbox(main_py=WAITS), filename="main.py") for _ in range(2)]
    run = engine.submit(engine.sandbox(), command="true")
    assert engine.wait(run=run)["begun"] is False
    engine.do("cancel", run=run)
    end = engine.ended(run)
    assert (end["state"], end["outcome"]["exit_code"]) == ("cancelled", 130)
    assert [one["event"] for one in engine.events(run)] == ["done"]
    for each in holding:
        engine.do("cancel", run=each)
    for each in holding:
        engine.ended(each)


def test_a_flood_is_counted_and_not_kept_and_a_reader_that_reads_nothing_holds_nobody(user: User) -> None:
    with driven(user, runs=2, log=200_000, timeout=60) as engine:
        run = engine.submit(engine.sandbox(), command="yes | head -c 30000000")
        outcome = engine.outcome(run)
        assert outcome["exit_code"] == 0
        size = os.stat(f"{user.state}/state/service/logs/{run}").st_size
        assert size < 200_000 + 6 * len(outcome["stdout"]) + 3 * len(outcome["output"]) + (1 << 20)
        *_, truncated, done = engine.events(run)
        assert (truncated["event"], done["event"]) == ("truncated", "done")
        assert truncated["bytes"] > 30_000_000


def test_runs_leave_no_descriptors_behind(engine: Driven) -> None:
    def count() -> int:
        engine.told.clear()
        engine.do("descriptors")
        return int(engine.wait(what="descriptors")["count"])

    engine.ended(engine.submit(engine.sandbox(), command="true"))
    before = count()
    for _ in range(3):
        engine.ended(engine.submit(engine.sandbox(), command="true", stdin="x"))
    wait_for(lambda: count() <= before)  # its process may go a little later than its end is told
