"""Whatever is killed: nothing of a run goes on without who started it, and what is left can be used again."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.engine import Driven, driven
from support.user import User, alive, wait_for


def _begun(engine: Driven, mark: int) -> tuple[str, str]:
    """A run whose program has begun: its sandbox and its id. `mark` is in the program's command line."""
    sandbox = engine.sandbox()
    run = engine.submit(sandbox, command=f"echo ready; sleep 4{mark}.{os.getpid()}")
    engine.do("follow", run=run)
    engine.printed(run, "ready")
    wait_for(lambda: _programs(mark))
    return sandbox, run


def _programs(mark: int) -> list[int]:
    return alive(f"sleep\x004{mark}.{os.getpid()}")


def _is_free(place: Path) -> bool:
    with open(place, "rb") as lock, contextlib.suppress(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


@pytest.fixture
def engine(user: User) -> Iterator[Driven]:
    with driven(user, runs=2, timeout=60) as engine:
        yield engine


def test_a_core_that_is_killed_takes_everything_with_it(engine: Driven) -> None:
    (sandbox, _), (_, _) = _begun(engine, 1), _begun(engine, 2)
    nursery = engine.nursery()
    engine.process.send_signal(signal.SIGKILL)
    engine.process.wait()
    wait_for(lambda: not _programs(1) and not _programs(2))
    wait_for(lambda: not os.path.exists(f"/proc/{nursery}"))
    wait_for(lambda: _is_free(engine.work(sandbox).parent / "busy"))


def test_what_a_killed_core_left_is_read_by_the_next_one(user: User) -> None:
    with driven(user) as engine:
        _, run = _begun(engine, 3)
        engine.process.send_signal(signal.SIGKILL)
        engine.process.wait()
    with driven(user) as other:
        events = other.events(run)
        assert events[-1]["event"] == "output"
        assert "ready" in json.dumps(events)


def test_a_nursery_that_is_killed_ends_its_runs_and_another_takes_its_place(engine: Driven) -> None:
    sandbox, run = _begun(engine, 4)
    nursery = engine.nursery()
    os.kill(nursery, signal.SIGKILL)
    end = engine.ended(run)
    assert (end["state"], end["outcome"]["exit_code"]) == ("done", 125)
    assert "run it again" in end["outcome"]["error"]
    wait_for(lambda: not _programs(4) and _is_free(engine.work(sandbox).parent / "busy"))
    again = engine.submit(sandbox, command="echo again")
    assert engine.outcome(again)["stdout"] == "again\n"
    assert engine.nursery() not in (0, nursery)


def test_a_run_whose_process_is_killed_has_an_outcome_that_says_so(engine: Driven) -> None:
    _, run = _begun(engine, 5)
    (child,) = _running(engine.nursery())
    os.kill(child, signal.SIGKILL)
    outcome = engine.outcome(run)
    assert (outcome["exit_code"], outcome["state"]) == (125, "done")
    assert "signal 9" in outcome["error"]
    assert (outcome["run_id"], outcome["sandbox_id"]) == (run, outcome["sandbox_id"])
    wait_for(lambda: not _programs(5))
    assert engine.events(run)[-1]["event"] == "done"


def test_an_engine_that_stops_cancels_its_runs(engine: Driven) -> None:
    _, run = _begun(engine, 6)
    others = [engine.submit(engine.sandbox(), command="sleep 30") for _ in range(2)]
    engine.close()
    wait_for(lambda: not _programs(6))  # it is killed by then, and gone when the kernel is done with it
    ends = [engine.ended(each)["outcome"] for each in (run, *others)]
    assert [each["state"] for each in ends] == ["cancelled"] * 3
    assert "while it ran" in ends[0]["error"] and ends[0]["output"] == "ready\n"
    assert "before its turn" in ends[-1]["error"]
    assert engine.told[-1] == {"what": "stopped"}


def test_a_run_holds_its_own_pipes_and_no_others(engine: Driven) -> None:
    for mark in (7, 8):
        _begun(engine, mark)
    nursery = engine.nursery()
    wait_for(lambda: len(_channels(nursery)) == 3)  # to the core, to the doorman, and to the child that waits
    one, other = (_channels(child) for child in _running(nursery))
    assert one
    assert other
    assert not one & other
    assert not (one | other) & _channels(nursery)


def test_a_child_that_is_killed_while_it_waits_costs_no_run(engine: Driven) -> None:
    engine.ended(engine.submit(engine.sandbox(), command="true"))
    nursery = engine.nursery()
    # One of two children may be that of the run, on its way out: it has no channel any more, which one that waits has.
    wait_for(lambda: len(_children(nursery)) == 2 and len(_channels(nursery)) == 3)
    for child in _children(nursery):  # the doorman is one of them
        os.kill(child, signal.SIGKILL)
    wait_for(lambda: {_state(child) for child in _children(nursery)} == {"Z"})
    assert engine.outcome(engine.submit(engine.sandbox(), command="echo here"))["stdout"] == "here\n"
    wait_for(lambda: [child for child in alive("proxy.cell.doorman") if child in _children(nursery)])


def _running(nursery: int) -> list[int]:
    """The children that run something, and tell it: one waits for its run, and the doorman runs nothing."""
    return [pid for pid in _children(nursery) if os.readlink(f"/proc/{pid}/fd/1").startswith("pipe:")]


def _state(pid: int) -> str:
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        return file.read().rpartition(") ")[2][0]


def _children(pid: int) -> list[int]:
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(child) for child in file.read().split()]


def _channels(pid: int) -> set[str]:
    """Pipes and sockets of a process."""
    leads = set()
    for name in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):  # it opens and closes others meanwhile
            leads.add(os.readlink(f"/proc/{pid}/fd/{name}"))
    return {each for each in leads if each.startswith(("pipe:", "socket:"))}
