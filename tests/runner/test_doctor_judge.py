"""What is made of a trial: only what was reached outside shows anything, and what the probe says is hostile."""

from __future__ import annotations

import json

import pytest

from jhansi_runner.proxy.cell.syscalls import MACHINES
from jhansi_runner.runner.doctor.attempts import Attempt, Planted, attempts
from jhansi_runner.runner.doctor.findings import Finding, State
from jhansi_runner.runner.doctor.judge import Answer, answers, judge
from jhansi_runner.runner.doctor.trial import nothing_tried

TRIED = (Attempt("JH-X", "JH-X one", {}, {}), Attempt("JH-X", "JH-X two", {}, {}))
YES, NO = Answer(True, "it was read"), Answer(False, "No such file")


def found(outside: dict[str, Answer], *inside: dict[str, Answer]) -> Finding:
    (one,) = judge(TRIED, outside, inside)
    return one


BOTH_OUT = {"JH-X one": YES, "JH-X two": YES}
BOTH_IN = {"JH-X one": NO, "JH-X two": NO}


def test_what_is_reached_outside_and_not_inside_is_well() -> None:
    assert found(BOTH_OUT, BOTH_IN, BOTH_IN).state is State.OK


def test_what_is_reached_in_any_sandbox_is_a_fault_whatever_else() -> None:
    for outside in (BOTH_OUT, BOTH_IN, {}):
        one = found(outside, BOTH_IN, {**BOTH_IN, "JH-X two": YES})
        assert one.state is State.FAULT
        assert "two (it was read)" in one.summary
        assert "one" not in one.summary.replace("JH-X one", "")


def test_what_is_not_told_of_is_a_fault() -> None:
    one = found(BOTH_OUT, BOTH_IN, {"JH-X one": NO})
    assert (one.state, "did not tell of two" in one.summary) == (State.FAULT, True)
    assert found(BOTH_OUT, {}).state is State.FAULT
    assert found(BOTH_OUT).state is State.FAULT


def test_what_cannot_be_reached_outside_either_shows_nothing() -> None:
    one = found(BOTH_IN, BOTH_IN)
    assert one.state is State.UNTRIED
    assert "No such file" in one.summary
    assert found({}, BOTH_IN).state is State.UNTRIED


def test_half_is_told_as_half() -> None:
    one = found({"JH-X one": YES, "JH-X two": NO}, BOTH_IN)
    assert (one.state, "the control did not get there either: two" in one.summary) == (State.OK, True)


def line(name: object = "a", reached: object = False, said: object = "no") -> str:
    return json.dumps({"name": name, "reached": reached, "said": said})


@pytest.mark.parametrize(
    "hostile",
    ["", "{", "[]", "null", "[" * 100_000, line("b"), line(1), line(reached="false"),
     line(reached=None), '{"name": "a"}', "\x00\xff"],
)  # fmt: skip
def test_what_is_no_answer_is_none(hostile: str) -> None:
    assert answers(hostile, ["a"]) == {}


def test_the_worse_of_two_answers_counts() -> None:
    for order in ([line(), line(reached=True)], [line(reached=True), line()]):
        assert answers("\n".join(order), ["a"])["a"].reached


def test_answers_are_short_and_obeyed_by_no_terminal() -> None:
    told = answers(line(said="\x1b[2J" + "x" * 9999), ["a"])["a"].said
    assert len(told) <= 120
    assert told.isprintable()


def test_an_answer_with_a_name_that_is_no_text_is_none() -> None:
    assert answers(line(["a"]), ["a"]) == {}


PLANTED = Planted("s", "/f", "/h", {"your key": "/k"}, 1, "\0a", 1, "d")


@pytest.mark.parametrize("machine", MACHINES)
def test_every_attempt_has_a_name_of_its_own_and_numbers_on_every_machine(machine: str) -> None:
    tried = attempts(PLANTED, machine, "x")
    assert len({each.name for each in tried}) == len(tried)
    assert all(each.name.startswith(f"{each.code} ") for each in tried)
    assert all(isinstance(each.asked["number"], int) for each in tried if each.asked["try"] == "call")


def test_where_nothing_could_be_run_each_code_says_so() -> None:
    told = nothing_tried("because")
    assert {one.state for one in told} == {State.UNTRIED}
    assert {each.code for each in attempts(PLANTED, MACHINES[0], "x")} < {one.code for one in told}
