"""Whose turn it is: owners in turn, first come first served, one run for a sandbox, and a bound on who waits."""

from __future__ import annotations

import pytest

from jhansi_runner.runner.engine.queue import Queue, places_of_one
from jhansi_runner.runner.sandboxes.errors import SandboxError
from jhansi_runner.runner.sandboxes.model import LOCAL


def _taken(queue: Queue, now: float = 0.0) -> list[str]:
    found = []
    while (run := queue.take(now)) is not None:
        found.append(run)
    return found


def _add(queue: Queue, *runs: str) -> None:
    """Runs named by their owner and a number, each in a sandbox of its own."""
    for run in runs:
        queue.add(run, run[0], f"of {run}", wait=True)


def test_at_most_so_many_have_their_turn() -> None:
    queue = Queue(2, 10, 10)
    _add(queue, "a1", "a2", "a3")
    assert _taken(queue) == ["a1", "a2"]
    assert (queue.running, queue.waiting) == (2, 1)
    queue.ended("a1")
    assert _taken(queue) == ["a3"]


def test_owners_come_in_turn_however_much_one_of_them_wants() -> None:
    queue = Queue(1, 100, 100)
    _add(queue, "a1", "a2", "a3", "a4", "b1", "b2", "c1")
    order = []
    while (run := queue.take(0.0)) is not None:
        order.append(run)
        queue.ended(run)
    assert order == ["a1", "b1", "c1", "a2", "b2", "a3", "a4"]


def test_an_owner_who_comes_late_waits_for_one_turn_of_each() -> None:
    queue = Queue(1, 100, 100)
    _add(queue, "a1", "a2", "a3", "b1", "b2")
    assert _taken(queue) == ["a1"]
    _add(queue, "c1")
    queue.ended("a1")
    order = []
    while (run := queue.take(0.0)) is not None:
        order.append(run)
        queue.ended(run)
    assert order.index("c1") == 2


def test_a_sandbox_runs_one_program_at_a_time_and_others_overtake() -> None:
    queue = Queue(4, 10, 10)
    for run, sandbox in (("a1", "s"), ("a2", "s"), ("a3", "s"), ("a4", "t")):
        queue.add(run, "a", sandbox, wait=True)
    assert _taken(queue) == ["a1", "a4"]
    queue.ended("a1")
    assert _taken(queue) == ["a2"]


@pytest.mark.parametrize("has_begun", [True, False])
def test_a_busy_sandbox_is_refused_to_those_who_do_not_wait(has_begun: bool) -> None:
    queue = Queue(1, 10, 10)
    queue.add("a1", "a", "s", wait=False)
    if has_begun:
        queue.take(0.0)
    with pytest.raises(SandboxError) as found:
        queue.add("a2", "a", "s", wait=False)
    assert (found.value.status, found.value.name) == (409, "sandbox_busy")
    queue.take(0.0)
    queue.ended("a1")
    queue.add("a2", "a", "s", wait=False)
    assert queue.take(0.0) == "a2"


def test_who_waits_is_bounded_for_each_and_for_all() -> None:
    queue = Queue(1, 3, 2)
    _add(queue, "a1")
    assert queue.take(0.0) == "a1"
    _add(queue, "a2", "a3")
    with pytest.raises(SandboxError) as found:
        _add(queue, "a4")
    assert (found.value.status, found.value.name, found.value.retry_after) == (429, "queue_full", 5)
    _add(queue, "b1")
    with pytest.raises(SandboxError):
        _add(queue, "c1")
    queue.ended("a1")
    assert queue.take(0.0) == "b1" or queue.waiting == 2
    _add(queue, "c1")


def test_what_was_refused_leaves_nothing_behind() -> None:
    queue = Queue(1, 1, 1)
    _add(queue, "a1")
    queue.take(0.0)
    _add(queue, "a2")
    with pytest.raises(SandboxError):
        queue.add("b1", "b", "s", wait=True)
    queue.ended("a1")
    assert _taken(queue) == ["a2"]
    queue.ended("a2")
    queue.add("b2", "b", "s", wait=False)
    assert _taken(queue) == ["b2"]


def test_a_turn_that_was_taken_back_comes_first_once_its_time_has_come() -> None:
    queue = Queue(1, 10, 10)
    _add(queue, "a1", "a2")
    assert queue.take(0.0) == "a1"
    queue.put_back("a1", "a", 5.0)
    assert queue.next_time() == 5.0
    assert queue.take(1.0) == "a2"
    queue.ended("a2")
    assert queue.take(4.9) is None
    assert queue.take(5.0) == "a1"
    assert queue.next_time() is None


def test_runs_of_a_sandbox_keep_their_order_while_the_first_is_put_back() -> None:
    queue = Queue(2, 10, 10)
    queue.add("a1", "a", "s", wait=True)
    queue.add("a2", "a", "s", wait=True)
    queue.take(0.0)
    queue.put_back("a1", "a", 5.0)
    assert queue.take(0.0) is None
    assert queue.take(5.0) == "a1"


def test_who_waits_can_be_removed_and_who_has_the_turn_cannot() -> None:
    queue = Queue(1, 10, 10)
    _add(queue, "a1", "a2", "a3")
    queue.take(0.0)
    assert [queue.remove(run) for run in ("a1", "a2", "a2", "none")] == [False, True, False, False]
    queue.ended("a1")
    assert _taken(queue) == ["a3"]


def test_no_owner_has_all_places_however_long_its_programs_take() -> None:
    queue = Queue(4, 10, 10, places_of_one(4))
    _add(queue, "a1", "a2", "a3", "a4", "a5")
    assert _taken(queue) == ["a1", "a2", "a3"]
    _add(queue, "b1")
    assert _taken(queue) == ["b1"]
    queue.ended("b1")
    assert _taken(queue) == []
    queue.ended("a2")
    assert _taken(queue) == ["a4"]


def test_who_has_the_server_may_have_all_places() -> None:
    queue = Queue(2, 10, 10, places_of_one(2))
    for number in range(3):
        queue.add(f"r{number}", LOCAL, f"s{number}", wait=True)
    assert _taken(queue) == ["r0", "r1"]


@pytest.mark.parametrize(("runs", "each"), [(1, 1), (2, 1), (3, 2), (4, 3), (8, 6), (64, 48)])
def test_how_many_places_one_may_have(runs: int, each: int) -> None:
    assert places_of_one(runs) == each
