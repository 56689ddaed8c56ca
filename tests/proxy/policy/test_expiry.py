"""A rule applies through its last day, in UTC, and not a moment longer; answers are remembered between such days."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jhansi_runner.proxy.coordinate import pypi
from jhansi_runner.proxy.policy.conditions import expired_rules
from jhansi_runner.proxy.policy.decide import PolicySet
from jhansi_runner.proxy.policy.names import Fit, fit
from jhansi_runner.proxy.policy.release import Release
from support.policies import instant, main_and_floor

LAST = instant("2026-11-21T23:59:59Z")
AFTER = instant("2026-11-22T00:00:00Z")
RULES = """\
minimum_age: {pypi: 3 days}
rules:
  - {allow: pkg:pypi/foo, exempt: [age], until: 2026-11-21}
  - {deny: pkg:pypi/foo, until: 2026-11-30}
"""
FOO = pypi("foo", "1.0")


@pytest.mark.parametrize("order", [(LAST, AFTER), (AFTER, LAST), (LAST, AFTER, LAST, AFTER)])
def test_both_sides_of_midnight_whichever_is_asked_first(order: tuple[float, ...]) -> None:
    policies = main_and_floor(RULES)
    for now in order:
        assert policies.decide(FOO, now).allowed is (now == LAST)
        assert policies.judge(Release(FOO), now).code == ("JR-ALLOW-RULE" if now == LAST else "JR-DENY-RULE")
        assert [one.allowed for one in policies.judge_all([Release(FOO)], now)] == [now == LAST]


def test_when_all_its_rules_are_past_a_package_falls_to_the_default() -> None:
    policies = main_and_floor(RULES)
    assert policies.decide(FOO, instant("2026-11-30T23:59Z")).code == "JR-DENY-RULE"
    assert policies.decide(FOO, instant("2026-12-01T00:00Z")).code == "JR-ALLOW-DEFAULT"
    assert policies.judge(Release(FOO), instant("2026-12-01T00:00Z")).code == "JR-DENY-AGE"


def test_without_a_moment_the_present_counts() -> None:
    policies = main_and_floor(RULES)

    def at(now: float) -> PolicySet:
        return replace(policies, clock=lambda: now)

    assert at(LAST).decide(FOO).allowed
    assert not at(AFTER).decide(FOO).allowed


def test_an_exemption_that_has_passed_exempts_no_longer() -> None:
    policies = main_and_floor(
        "minimum_age: {pypi: 3 days}\nrules: [{allow: pkg:pypi/foo, exempt: [age], until: 2026-11-21}]\n"
    )
    assert policies.judge(Release(FOO, published=LAST), LAST).allowed
    assert policies.judge(Release(FOO, published=LAST), AFTER).code == "JR-DENY-AGE"


def test_a_rule_that_has_passed_is_told_apart_from_one_that_does_not_match() -> None:
    (policy,) = main_and_floor(RULES).layers
    assert [fit(policy, rule, FOO, AFTER) for rule in policy.rules] == [Fit.EXPIRED, Fit.APPLIES]
    assert fit(policy, policy.rules[0], pypi("bar", "1.0"), AFTER) is Fit.OTHER_PACKAGE


def test_rules_that_have_passed_are_named_with_file_and_line() -> None:
    policies = main_and_floor(RULES, RULES)
    assert expired_rules(policies.layers, LAST) == ()
    assert [one.warning for one in expired_rules(policies.layers, AFTER)] == [
        f"{source}:6:1: warning: this rule does not apply any more, since 2026-11-21 has passed: "
        "remove it, or set another day"
        for source in ("floor.yaml", "policy.yaml")
    ]
    assert len(expired_rules(policies.layers, instant("2026-12-01"))) == 4


def test_answers_that_time_does_not_change_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    policies = main_and_floor(RULES)
    tried: list[str] = []

    def matches(_type: str, pattern: str, path: str, *, denies: bool) -> bool:
        tried.append(pattern)
        return pattern == path and denies is not None

    monkeypatch.setattr("jhansi_runner.proxy.policy.names.matches", matches)
    for now in (LAST, LAST - 1, LAST - 86_400, AFTER, AFTER + 86_400, LAST):
        policies.decide(FOO, now)
    assert len(tried) == 4  # two rules, each before and after midnight
