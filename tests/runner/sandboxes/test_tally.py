"""What is counted when it happens."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

import pytest

from jhansi_runner.runner.sandboxes import database, tally
from jhansi_runner.runner.sandboxes.model import CANCELLED, DONE, LOST, Caller
from jhansi_runner.runner.sandboxes.told import AGENTS, BUCKETS, ENDS, OTHERS, Tallies
from support.sandboxes import Core

ALL = Caller()
DENIED = {"code": "JR-DENY-RULE", "count": 3}


@pytest.fixture
def core(jhansi_home: str) -> Core:
    return Core(jhansi_home)


def run(
    core: Core, sandbox: str, name: str, outcome: Mapping[str, object], state: str = DONE, owner: str = "local"
) -> None:
    core.runs.add(name, sandbox, owner, "s" * 32, "file", "main.py", has_log=True)
    core.clock.now += 1
    core.runs.started(name)
    core.clock.now += 2
    core.runs.ended(name, state, outcome, log=100)


def counted(core: Core, caller: Caller = ALL) -> Tallies:
    return tally.read(core.database, caller)


@pytest.mark.parametrize(
    ("state", "outcome", "end"),
    [
        (DONE, {"exit_code": 0}, "ok"),
        (DONE, {"exit_code": 3}, "failed"),
        (DONE, {"exit_code": 126, "error": ""}, "failed"),
        (DONE, {"exit_code": 126, "error": "the policy refuses it"}, "refused"),
        (DONE, {"exit_code": 125, "error": "no bubblewrap"}, "fault"),
        (DONE, {"exit_code": 127, "error": "there is no file"}, "failed"),
        (DONE, {"exit_code": 137, "limits": {"ended_by": "memory"}}, "limit"),
        (DONE, {"exit_code": 137, "limits": {"ended_by": None}}, "failed"),
        (DONE, {"exit_code": 124, "timed_out": True}, "timed_out"),
        (CANCELLED, {"exit_code": 130}, "cancelled"),
        (LOST, {}, "lost"),
        (DONE, {}, "failed"),
    ],
)
def test_an_end_has_one_word(state: str, outcome: Mapping[str, object], end: str) -> None:
    assert tally.end_of(state, outcome) == end
    assert end in ENDS


def test_runs_are_counted_when_they_end_and_once(core: Core) -> None:
    box = core.make(agent="tester").id
    run(core, box, "run_1", {"exit_code": 0, "install_ms": 500, "denied": [DENIED]})
    core.runs.ended("run_1", DONE, {"exit_code": 1})
    run(core, box, "run_2", {"exit_code": 1, "denied": [DENIED]})
    found = counted(core)
    assert (found.ended["ok"], found.ended["failed"], found.sandboxes) == (1, 1, 1)
    assert (found.seconds, found.waited_seconds, found.install_seconds) == (4.0, 2.0, 0.5)
    assert found.durations[BUCKETS.index(2.5)] == 2 == sum(found.durations)
    assert (found.refusals, found.agents) == ({"JR-DENY-RULE": 6}, {"tester": (2, 1)})


def test_an_owner_sees_its_own(core: Core) -> None:
    box = core.make().id
    run(core, box, "run_1", {"exit_code": 0}, owner="ann")
    assert counted(core, Caller("ann", sees_all=False)).ended["ok"] == 1
    assert counted(core, Caller("bob", sees_all=False)) == Tallies()


def test_what_is_lost_is_counted_without_a_time(core: Core) -> None:
    box = core.make().id
    core.runs.add("run_1", box, "local", "s" * 32, "file", "main.py", has_log=True)
    core.runs.started("run_1")
    assert core.runs.settle(lambda _: False) == ["run_1"]
    found = counted(core)
    assert (found.ended["lost"], sum(found.durations)) == (1, 0)


def test_bytes_of_logs_go_up_and_down(core: Core) -> None:
    box = core.make().id
    run(core, box, "run_1", {"exit_code": 0})
    run(core, box, "run_2", {"exit_code": 0})
    before = counted(core).log_bytes
    core.runs.let_go("run_1")
    assert counted(core).log_bytes * 2 == before > 200
    core.runs.forget(["run_2"])
    assert counted(core).log_bytes == 0


@pytest.mark.attack
def test_names_of_agents_cannot_fill_it(core: Core) -> None:
    for number in range(AGENTS + 5):
        run(core, core.make(agent=f"agent-{number}").id, f"run_{number}", {"exit_code": 0})
    found = counted(core).agents
    assert found[OTHERS] == (5, 0)
    assert next(iter(found)) == OTHERS
    assert len(found) == AGENTS


def test_nothing_that_is_told_reads_the_history(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, Any]] = []
    every = database.Database.all

    def seen(self: database.Database, query: str, values: Any = ()) -> list[sqlite3.Row]:
        asked.append((query, values))
        return every(self, query, values)

    monkeypatch.setattr(database.Database, "all", seen)
    for caller in (ALL, Caller("ann", sees_all=False)):
        counted(core, caller)
        core.sandboxes.living(caller)
        core.runs.under_way(caller)
    plans = [
        row["detail"] for query, values in asked for row in every(core.database, f"EXPLAIN QUERY PLAN {query}", values)
    ]
    read = [plan for plan in plans if "runs" in plan or "sandboxes" in plan]
    assert read
    assert [plan for plan in read if not any(name in plan for name in ("INDEX going_on", "INDEX living"))] == []


def test_a_database_of_before_is_taken_over(core: Core) -> None:
    box = core.make().id
    run(core, box, "run_1", {"exit_code": 0})
    kept = counted(core).log_bytes
    core.database.close()
    rows = sqlite3.connect(core.database.path)
    rows.executescript("DROP TRIGGER kept; DROP TABLE tallies; PRAGMA user_version = 1;")
    rows.close()
    with_tallies = database.Database(core.folders)
    found = tally.read(with_tallies, ALL)
    assert (found.sandboxes, found.log_bytes, sum(found.ended.values())) == (1, kept, 0)
    assert with_tallies.one("PRAGMA user_version")[0] == 2  # type: ignore[index]
