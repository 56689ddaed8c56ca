"""Observe mode records what a file would refuse, and lets it in; a floor that enforces still refuses."""

from __future__ import annotations

import pytest

from jhansi_runner.proxy.coordinate import Coordinate, pypi
from jhansi_runner.proxy.policy.release import SDIST, Release
from support.policies import instant, main_and_floor

NOW = instant("2026-11-21T10:00Z")
OBSERVE = "mode: observe\n"
DENY = "rules:\n  - deny: pkg:pypi/foo\n"
YOUNG = Release(pypi("foo", "1.0"), published=NOW, runs=SDIST)


@pytest.mark.parametrize(
    ("conditions", "code"),
    [(DENY, "JR-DENY-RULE"), ("minimum_age: {pypi: 1 day}\n", "JR-DENY-AGE"), ("sdists: deny\n", "JR-DENY-SDIST")],
)
def test_what_would_be_refused_is_let_in_and_recorded(conditions: str, code: str) -> None:
    refused = main_and_floor(conditions).judge(YOUNG, NOW)
    observed = main_and_floor(OBSERVE + conditions).judge(YOUNG, NOW)
    assert (refused.allowed, refused.code, refused.observed) == (False, code, ())
    assert (observed.allowed, observed.code) == (True, "JR-ALLOW-OBSERVED")
    assert [(one.allowed, one.code, one.reason) for one in observed.observed] == [(False, code, refused.reason)]


def test_a_decision_by_name_is_observed_too() -> None:
    decision = main_and_floor(OBSERVE + DENY).decide(pypi("foo"), NOW)
    assert decision.allowed
    assert [one.code for one in decision.observed] == ["JR-DENY-RULE"]


def test_what_is_allowed_is_not_observed() -> None:
    decision = main_and_floor(OBSERVE + DENY).judge(Release(pypi("bar", "1.0")), NOW)
    assert (decision.code, decision.observed) == ("JR-ALLOW-DEFAULT", ())


@pytest.mark.parametrize(
    ("coordinate", "code"),
    [
        (Coordinate("pypi", "", "Not_Canonical", "1"), "JR-DENY-UNKNOWN"),
        (Coordinate("maven", "org.acme", "x", "1"), "JR-DENY-REGISTRY"),
    ],
)
def test_names_that_are_none_and_registries_that_are_off_are_refused_all_the_same(
    coordinate: Coordinate, code: str
) -> None:
    policies = main_and_floor(OBSERVE)
    assert (policies.decide(coordinate, NOW).allowed, policies.judge(Release(coordinate), NOW).code) == (False, code)


def test_a_floor_that_enforces_refuses_and_says_what_the_other_file_observed() -> None:
    enforced = main_and_floor(OBSERVE, DENY).judge(YOUNG, NOW)
    assert (enforced.allowed, enforced.source) == (False, "floor.yaml")
    both = main_and_floor(DENY, OBSERVE + DENY).judge(YOUNG, NOW)
    assert (both.allowed, both.source, [one.source for one in both.observed]) == (
        False,
        "policy.yaml",
        ["floor.yaml"],
    )


def test_every_file_that_observes_is_recorded() -> None:
    decision = main_and_floor(OBSERVE + DENY, OBSERVE + DENY).judge(YOUNG, NOW)
    assert decision.allowed
    assert [one.source for one in decision.observed] == ["floor.yaml", "policy.yaml"]


def test_an_observing_file_asks_for_what_it_observes_and_limits_nothing() -> None:
    policies = main_and_floor(f"{OBSERVE}minimum_age: {{pypi: 1 day}}\nmax_size: 1 kB\nsdists: deny\n")
    assert policies.needs("pypi").dates
    assert (policies.max_size, policies.sdists) == (None, "build")


def test_egress_is_not_a_matter_of_packages_and_stays_narrow() -> None:
    assert main_and_floor(OBSERVE + "egress: {run: none}\n").egress.run == "none"
