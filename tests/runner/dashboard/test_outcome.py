"""Outcomes are read as far as they make sense; a refusal says what to do next."""

from __future__ import annotations

import pytest

from jhansi_runner.runner.dashboard import outcome
from jhansi_runner.runner.dashboard.outcome import Outcome, Package
from support import dashboard


def test_an_outcome_is_read() -> None:
    found = outcome.read(dashboard.outcome(denied=[dashboard.refusal()], planted=[".envrc"], notes=["so"]))
    assert found.packages[0] == Package("pkg:pypi/requests@2.32.3", "requests", "2.32.3")
    assert found.seconds == 1.612 and found.install_seconds == 0.9
    assert [(one.name, one.text) for one in found.bounds] == [("memory", "1 GiB"), ("time", "600 s")]
    assert found.planted == (".envrc",) and found.notes == ("so",)


def test_a_refusal_has_its_rule_and_the_next_step_apart() -> None:
    found = outcome.refusal(dashboard.refusal())
    assert found.rule == "policy.yaml:41" and found.count == 3
    assert found.reason.endswith("typosquat [JR-DENY-RULE].")
    assert found.next == "ask the owner of policy.yaml, or choose another package"


def test_a_refusal_whose_sentence_has_no_next_step_gets_that_of_its_code() -> None:
    row = {"code": "JR-DENY-AGE", "reason": "too young", "rule": "the site's policy.yaml:7", "url": "u"}
    found = outcome.refusal(row)
    assert found.next == "wait, choose an older version, or ask the owner of the site's policy.yaml to exempt it"
    assert found.what == "u" and found.count == 1


@pytest.mark.parametrize("met", ["memory", "processes"])
def test_a_limit_that_was_met_says_so(met: str) -> None:
    limits = {name: {"limit": 5, "set_by": "default", "held_by": "rlimit"} for name in ("memory", "processes")}
    ended = met == "memory"
    found = outcome.read({"limits": {**limits, "ended_by": met if ended else None, "met": [] if ended else [met]}})
    came = {one.name: one.met for one in found.bounds}
    assert came.pop(met) == ("ended the program" if ended else "refused it something")
    assert set(came.values()) == {""}


def test_a_program_that_took_too_long_met_its_time() -> None:
    found = outcome.read(dashboard.outcome(timed_out=True))
    assert {one.name: one.met for one in found.bounds} == {"memory": "", "time": "ended the program"}


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"installed": "many", "denied": 5, "limits": [], "notes": {"a": 1}, "output": None, "duration_ms": "long"},
        {"installed": [1, None], "denied": [[]], "limits": {"memory": 5, "met": 3}, "missing": [1]},
    ],
)
def test_what_makes_no_sense_is_left_out(odd: dict[str, object]) -> None:
    assert outcome.read(odd) == Outcome()
