"""The rows of sandboxes and runs: for several processes at once, whatever one of them is killed at."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jhansi_runner.runner.sandboxes import tally, upkeep
from jhansi_runner.runner.sandboxes.database import FILE, Database
from jhansi_runner.runner.sandboxes.errors import SandboxError
from jhansi_runner.runner.sandboxes.model import CREATED, DELETED, DONE, IDLE, LOST, RUNNING, Caller
from jhansi_runner.runner.sandboxes.owners import Presence, is_alive
from jhansi_runner.runner.sandboxes.run_rows import equal_part
from jhansi_runner.runner.sandboxes.upkeep import drop_logs, expire, log_of, settle
from support.sandboxes import Core, killed, started

ALL, ANN, BOB = Caller(), Caller("ann", sees_all=False), Caller("bob", sees_all=False)


@pytest.fixture
def core(jhansi_home: str) -> Core:
    return Core(jhansi_home)


def run(core: Core, sandbox: str, name: str = "run_1", owner: str = "local", server: str = "") -> str:
    assert core.runs.add(name, sandbox, owner, server or "f" * 32, "file", "main.py", has_log=True)
    core.runs.started(name)
    return name


def test_a_sandbox_goes_through_its_states(core: Core) -> None:
    made = core.make(language="python", limits={"memory": "1GiB"}, agent="a", created_by="b", policy="p")
    assert core.sandboxes.get(ALL, made.id) == made
    assert (made.status, made.language, made.limits, made.policy) == (CREATED, "python", {"memory": "1GiB"}, "p")
    run(core, made.id)
    assert [one.status for one in core.sandboxes.latest(ALL, active=True, limit=9, offset=0)] == [RUNNING]
    core.runs.ended("run_1", DONE, {"exit_code": 3, "stdout": "out", "timed_out": True, "error": "late"})
    found = core.sandboxes.get(ALL, made.id)
    assert found is not None
    assert found.status == IDLE
    ended = core.runs.get(ALL, "run_1")
    assert ended is not None
    assert (ended.exit_code, ended.timed_out, ended.error, ended.outcome["stdout"]) == (3, True, "late", "out")
    (listed,) = core.runs.latest(ALL, made.id, limit=9, offset=0)
    assert "stdout" not in listed.outcome
    core.runs.ended("run_1", DONE, {"exit_code": 4})
    assert core.runs.get(ALL, "run_1") == ended
    assert core.sandboxes.delete(made.id)
    assert not core.sandboxes.delete(made.id)
    assert core.sandboxes.get(ALL, made.id) is None
    (gone,) = core.sandboxes.latest(ALL, active=False, limit=9, offset=0)
    assert gone.status == DELETED
    assert not core.runs.add("run_2", made.id, "local", "x", "file", "main.py", has_log=True)


def test_each_owner_sees_their_own(core: Core) -> None:
    hers, his = core.make("ann").id, core.make("bob").id
    run(core, hers, "run_a", "ann")
    run(core, his, "run_b", "bob")
    for caller, sandbox, name in ((ANN, hers, "run_a"), (BOB, his, "run_b")):
        assert [one.id for one in core.sandboxes.latest(caller, active=True, limit=9, offset=0)] == [sandbox]
        assert [one.id for one in core.runs.latest(caller, "", limit=9, offset=0)] == [name]
    assert core.sandboxes.get(ANN, his) is None
    assert core.runs.get(ANN, "run_b") is None
    assert core.runs.latest(ANN, his, limit=9, offset=0) == []
    assert len(core.sandboxes.latest(ALL, active=True, limit=9, offset=0)) == 2
    assert core.sandboxes.living(ANN)[RUNNING] == 1
    assert core.runs.under_way(ANN)[RUNNING] == 1


def test_pages_are_of_the_latest_first(core: Core) -> None:
    made = [core.make().id for _ in range(5)][::-1]
    pages = [core.sandboxes.latest(ALL, active=True, limit=2, offset=at) for at in (0, 2, 4, 6)]
    assert [[one.id for one in page] for page in pages] == [made[:2], made[2:4], made[4:], []]


def test_an_owner_has_a_bound(core: Core) -> None:
    core.make("ann", most=2)
    second = core.make("ann", most=2)
    with pytest.raises(SandboxError, match="may have 2") as refused:
        core.make("ann", most=2)
    assert refused.value.status == 429
    assert len(os.listdir(core.folders.sandboxes)) == 2
    core.make("bob", most=2)
    core.sandboxes.delete(second.id)
    core.make("ann", most=2)


def test_processes_work_side_by_side(core: Core, jhansi_home: str) -> None:
    program = "for _ in range(40): core.make()\nprint('done')"
    processes = [started(jhansi_home, program) for _ in range(3)]
    assert [process.communicate()[0] for process in processes] == ["done\n"] * 3
    assert len(core.sandboxes.latest(ALL, active=True, limit=500, offset=0)) == 120
    assert core.sandboxes.living(ALL)[CREATED] == 120


def test_a_change_that_its_process_did_not_end_is_none(core: Core, jhansi_home: str) -> None:
    made = core.make()
    killed(
        jhansi_home,
        "with core.database.change() as rows:\n"
        "    rows.execute('UPDATE sandboxes SET deleted = 1'); print('there', flush=True); input()",
    )
    assert core.sandboxes.get(ALL, made.id) == made
    assert core.sandboxes.delete(made.id)


def test_the_runs_of_a_killed_process_are_lost_and_those_of_a_living_one_are_not(core: Core, jhansi_home: str) -> None:
    sandbox = core.make().id
    presence = Presence(core.folders.service)
    run(core, sandbox, "run_living", server=presence.name)
    killed(
        jhansi_home,
        "from jhansi_runner.runner.sandboxes.owners import Presence\n"
        "presence = Presence(core.folders.service)\n"
        f"core.runs.add('run_dead', {sandbox!r}, 'local', presence.name, 'file', 'x', has_log=True)\n"
        "print('there', flush=True); input()",
    )
    Path(log_of(core.folders, "run_dead")).parent.mkdir()
    Path(log_of(core.folders, "run_dead")).write_text("x" * 100)
    settle(core.folders, core.runs)
    found = {one.id: one for one in core.runs.latest(ALL, sandbox, limit=9, offset=0)}
    assert {name: one.state for name, one in found.items()} == {"run_living": RUNNING, "run_dead": LOST}
    assert "run it again" in found["run_dead"].error
    assert tally.read(core.database, ALL).log_bytes == 100
    presence.close()
    settle(core.folders, core.runs)
    ended = core.runs.get(ALL, "run_living")
    assert ended is not None
    assert ended.state == LOST
    assert os.listdir(f"{core.folders.service}/owners") == []


@pytest.mark.parametrize("name", ["", "..", "../sandboxes.db", "f" * 32])
def test_who_never_was_is_not_alive(core: Core, name: str) -> None:
    Presence(core.folders.service).close()
    assert not is_alive(core.folders.service, name)
    assert os.path.exists(core.database.path)


def test_a_sandbox_that_is_not_used_goes_and_one_that_is_busy_stays(core: Core) -> None:
    idle, used, runs, busy = (core.make(ttl=60.0).id for _ in range(4))
    run(core, runs)
    lock = os.open(core.folder(busy) / "busy", os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)
    core.clock.now += 40
    core.sandboxes.use(used)
    core.clock.now += 30
    assert core.sandboxes.get(ALL, idle) is None
    assert {one.id for one in core.sandboxes.latest(ALL, active=True, limit=9, offset=0)} == {used, runs}
    expire(core.folders, core.sandboxes, core.runs)
    assert set(os.listdir(core.folders.sandboxes)) == {used, runs, busy}
    assert core.sandboxes.is_living(busy)
    os.close(lock)
    core.runs.ended("run_1", DONE, {})
    core.clock.now += 40
    expire(core.folders, core.sandboxes, core.runs)
    assert os.listdir(core.folders.sandboxes) == [runs]
    assert os.listdir(f"{core.folders.data}/waste") == []


def test_the_oldest_logs_go_first_and_their_rows_stay(core: Core) -> None:
    sandbox = core.make().id
    Path(log_of(core.folders, "x")).parent.mkdir()
    for number in range(4):
        name = run(core, sandbox, f"run_{number}")
        Path(log_of(core.folders, name)).write_text("x" * 1000)
        core.runs.ended(name, DONE, {"exit_code": 0, "stdout": "text"}, log=1000)
    going_on = run(core, sandbox, "run_now")
    Path(log_of(core.folders, going_on)).write_text("x" * 1000)
    drop_logs(core.folders, core.runs, 2500)
    found = {one.id: one.has_log for one in core.runs.latest(ALL, sandbox, limit=9, offset=0)}
    assert found == {"run_now": True, "run_3": True, "run_2": True, "run_1": False, "run_0": False}
    assert sorted(os.listdir(Path(log_of(core.folders, "x")).parent)) == ["run_2", "run_3", "run_now"]
    (old, new) = (core.runs.get(ALL, name) for name in ("run_0", "run_3"))
    assert old is not None
    assert new is not None
    assert (old.exit_code, "stdout" in old.outcome, new.outcome["stdout"]) == (0, False, "text")


@pytest.mark.attack
def test_logs_of_one_owner_push_out_nobody_elses(core: Core) -> None:
    sizes = {"quiet": [100], "usual": [300, 300], "loud": [500, 500, 500, 500]}
    for owner, each in sizes.items():
        sandbox = core.make(owner).id
        for number, size in enumerate(each):
            name = run(core, sandbox, f"run_{owner}{number}", owner)
            core.runs.ended(name, DONE, {})
            core.runs.keeps(name, size)
    assert core.runs.beyond(2700) == []
    assert core.runs.beyond(2699) == ["run_loud0"]
    assert core.runs.beyond(1700) == ["run_loud0", "run_loud1"]
    all_loud = [f"run_loud{number}" for number in range(4)]
    assert core.runs.beyond(900) == [*all_loud, "run_usual0"]
    assert core.runs.beyond(0) == [*all_loud, "run_quiet0", "run_usual0", "run_usual1"]


@given(st.lists(st.integers(0, 1000), max_size=8), st.integers(0, 4000))
def test_equal_parts_fill_the_room_and_no_more(wholes: list[int], most: int) -> None:
    part = equal_part(wholes, most)
    kept = sum(min(whole, part) for whole in wholes)
    assert kept <= most
    assert kept > most - max(1, len(wholes)) or kept == sum(wholes)


@pytest.mark.attack
def test_history_has_a_bound_for_each_owner(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "MOST_DELETED", 2)
    monkeypatch.setattr(upkeep, "MOST_ENDED", 3)
    os.makedirs(os.path.dirname(log_of(core.folders, "run_")), exist_ok=True)
    living, goes_on = core.make("ann", policy="p" * 1000).id, core.make("ann").id
    boxes = [core.make(owner, policy="p" * 1000).id for owner in ("ann", "ann", "ann", "ann", "bob")]
    for number, box in enumerate(boxes):
        owner = "bob" if box == boxes[-1] else "ann"
        name = run(core, box, f"run_{number}", owner)
        Path(log_of(core.folders, name)).write_bytes(b"log")
        core.runs.ended(name, DONE, {"exit_code": 0, "stdout": "text"})
        assert core.sandboxes.delete(box)
        if number != 1:  # the folder of one could not be removed yet
            os.rename(core.folder(box), core.folder(box).with_name(f"gone{number}"))
    run(core, goes_on, "run_9", "ann")
    upkeep.forget(core.folders, core.sandboxes, core.runs)
    left = [one.id for one in core.sandboxes.latest(ALL, active=False, limit=99, offset=0)]
    assert sorted(left) == sorted([living, goes_on, boxes[1], *boxes[2:]])
    runs = [one.id for one in core.runs.latest(ALL, "", limit=99, offset=0)]
    assert runs == ["run_9", "run_4", "run_3", "run_2", "run_1"]
    assert not os.path.exists(log_of(core.folders, "run_0"))
    assert os.path.exists(log_of(core.folders, "run_1"))
    assert core.database.all("SELECT run FROM outputs WHERE run = 'run_0'") == []


@pytest.mark.parametrize("at", [0, 24, 4096])
def test_a_damaged_database_is_told_and_left_as_it_is(core: Core, at: int) -> None:
    made = core.make().id
    core.database.close()
    path = Path(core.folders.service, FILE)
    data = bytearray(path.read_bytes())
    data[at : at + 600] = b"\xa5" * 600
    path.write_bytes(data)
    with pytest.raises(SandboxError, match=r"damaged|cannot be used|format") as told:
        Core(os.path.dirname(core.folders.state)).make()
    assert told.value.hint
    assert path.read_bytes() == data
    assert core.folder(made).is_dir()


def test_a_database_of_a_later_version_is_left_alone(core: Core) -> None:
    core.database.close()
    rows = sqlite3.connect(core.database.path)
    rows.execute("PRAGMA user_version = 99")
    rows.close()
    with pytest.raises(SandboxError, match="format 99") as told:
        Database(core.folders)
    assert "version of jhansi-runner" in told.value.hint


def test_a_database_is_for_its_owner_alone(core: Core) -> None:
    core.make()
    files = list(Path(core.folders.service).glob("sandboxes.db*"))
    assert len(files) == 3
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_whoever_waits_too_long_for_another_is_told(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jhansi_runner.runner.sandboxes.database._WAIT_SECONDS", 0.05)
    other = Core(os.path.dirname(core.folders.state))
    with core.database.change(), pytest.raises(SandboxError, match="in use") as told:
        other.make()
    assert (told.value.status, told.value.retry_after) == (503, 5)
    assert os.listdir(core.folders.sandboxes) == []
