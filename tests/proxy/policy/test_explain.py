"""`policy explain` tells the verdict and, rule by rule, why."""

from __future__ import annotations

import json

import pytest

from jhansi_runner.proxy.coordinate import Coordinate, pypi
from jhansi_runner.proxy.policy.decide import PolicySet
from jhansi_runner.proxy.policy.explain import Explanation, Facts
from jhansi_runner.proxy.policy.explain import explain as explain_all
from jhansi_runner.proxy.policy.explained import explanation_data, render_explanation
from jhansi_runner.proxy.policy.load import load
from jhansi_runner.proxy.policy.release import Release
from jhansi_runner.proxy.policy.sources import FLOOR, Source
from support.policies import HEAD as ALL_HEAD
from support.policies import instant, main_and_floor

NOW = instant("2026-11-21T10:00Z")
HEAD = "version: 1\nregistries: {pypi: {enabled: true}}\ndefault: allow\n"
RULES = """\
rules:
  - deny: pkg:pypi/other
  - deny: pkg:pypi/foo
    versions: "<2"
    reason: leaks
  - allow: pkg:pypi/fo*
  - deny: pkg:pypi/foo
"""


def policies(main: str = HEAD + RULES, floor: str = "") -> PolicySet:
    sources = [Source("site.yaml", floor.encode(), FLOOR)] if floor else []
    return load([*sources, Source("policy.yaml", main.encode())])


def nothing(_: Coordinate) -> tuple[Release, ...]:
    return ()


def explain(policies: PolicySet, coordinate: Coordinate, facts: Facts = nothing) -> Explanation:
    return explain_all(policies, coordinate, facts, NOW)


def test_each_rule_that_was_tried_says_why_it_did_not_match() -> None:
    assert render_explanation(explain(policies(), pypi("foo", "2.0"))) == (
        "pkg:pypi/foo@2.0 is allowed by rule pkg:pypi/fo* (policy.yaml:9) [JR-ALLOW-RULE]\n"
        "\n"
        "policy.yaml (main) allows the name\n"
        "      5  deny   pkg:pypi/other: names another package\n"
        "      6  deny   pkg:pypi/foo versions <2: is about other versions\n"
        "      9  allow  pkg:pypi/fo*: applies\n"
    )


def test_a_project_is_explained_as_a_project() -> None:
    shown = render_explanation(explain(policies(), pypi("foo")))
    assert "each version is decided on its own" in shown
    assert "      6  deny   pkg:pypi/foo versions <2: denies some versions only" in shown


def test_the_default_is_shown_with_its_line() -> None:
    shown = render_explanation(explain(policies(), pypi("bar", "1")))
    assert shown.endswith(
        "     10  deny   pkg:pypi/foo: names another package\n      3  no rule denies it and the default is allow\n"
    )


def test_all_layers_answer_and_the_verdict_is_that_of_the_set() -> None:
    both = policies(floor=HEAD + "rules:\n  - deny: pkg:pypi/foo\n    reason: not here\n")
    explanation = explain(both, pypi("foo", "2.0"))
    assert explanation.decision == both.decide(pypi("foo", "2.0"))
    assert [(layer.source, layer.decision.allowed) for layer in explanation.layers] == [
        ("site.yaml", False),
        ("policy.yaml", True),
    ]
    shown = render_explanation(explanation)
    assert shown.startswith("pkg:pypi/foo@2.0 is denied by rule pkg:pypi/foo (site.yaml:5): not here [JR-DENY-RULE]")
    assert "site.yaml (floor) denies the name" in shown


@pytest.mark.parametrize("coordinate", [Coordinate("npm", "", "foo"), Coordinate("pypi", "", "Foo")])
def test_a_refusal_that_comes_before_the_rules_lists_none(coordinate: Coordinate) -> None:
    (layer,) = explain(policies(), coordinate).layers
    assert not layer.decision.allowed
    assert layer.considered == ()
    assert "\n      2  " in render_explanation(explain(policies(), coordinate))


def test_many_rules_about_other_packages_are_counted() -> None:
    many = HEAD + "rules:\n" + "".join(f"  - deny: pkg:pypi/other-{number}\n" for number in range(25))
    explanation = explain(policies(many + "  - deny: pkg:pypi/foo\n"), pypi("foo", "1"))
    shown = render_explanation(explanation)
    assert shown.count("names another package") == 10
    assert "and 15 more rules that name other packages\n" in shown
    assert "     30  deny   pkg:pypi/foo: applies\n" in shown
    assert len(explanation.layers[0].considered) == 26


def test_an_explanation_as_data_survives_json_and_holds_every_rule_tried() -> None:
    data = explanation_data(explain(policies(), pypi("foo", "1.0")))
    assert json.loads(json.dumps(data)) == data
    rule = {
        "effect": "deny",
        "pattern": "pkg:pypi/foo versions <2",
        "reason": "leaks",
        "source": "policy.yaml",
        "line": 6,
        "until": None,
        "exempt": [],
    }
    answer = {
        "allowed": False,
        "code": "JR-DENY-RULE",
        "reason": "leaks",
        "source": "policy.yaml",
        "line": 6,
        "until": None,
        "rule": rule,
        "observed": [],
    }
    message = data.pop("message")
    assert str(message).startswith("pkg:pypi/foo@1.0 is denied by rule pkg:pypi/foo versions <2 (policy.yaml:6): leaks")
    layers = data.pop("layers")
    assert data == {"purl": "pkg:pypi/foo@1.0", "now": "2026-11-21T10:00Z", **answer, "releases": []}
    assert layers == [
        {
            "role": "main",
            **answer,
            "considered": [
                {
                    "effect": "deny",
                    "pattern": "pkg:pypi/other",
                    "reason": "",
                    "source": "policy.yaml",
                    "line": 5,
                    "until": None,
                    "exempt": [],
                    "applies": False,
                    "why": "names another package",
                },
                {**rule, "applies": True, "why": "applies"},
            ],
            "conditions": [],
        }
    ]


CONDITIONS = """\
minimum_age: {pypi: 3 days, npm: 1 week}
licences: {allow: [MIT]}
rules:
  - {allow: pkg:pypi/ours, exempt: [age, licence]}
"""


def facts(*releases: Release) -> Facts:
    return lambda _: releases


def test_what_is_still_to_be_judged_is_told_where_nothing_is_known_of_a_release() -> None:
    shown = render_explanation(explain(main_and_floor(CONDITIONS), pypi("foo", "1.0")))
    assert shown.endswith(
        "policy.yaml (main) allows the name\n"
        "      7  allow  pkg:pypi/ours: names another package\n"
        "      3  no rule denies it and the default is allow\n"
        "      4  minimum_age pypi 3 days\n"
        "      5  licences allow MIT; unknown deny\n"
        "\n"
        "This cache knows nothing of it yet: the other conditions are judged when it is asked for.\n"
    )


def test_a_condition_that_a_rule_exempts_from_is_not_told() -> None:
    shown = render_explanation(explain(main_and_floor(CONDITIONS), pypi("ours", "1.0")))
    assert shown.endswith("      7  allow  pkg:pypi/ours: applies, exempt from age, licence\n")


def test_dates_their_sources_and_the_end_of_the_wait_are_told_for_each_file() -> None:
    wheel = Release(
        pypi("foo", "1.0"),
        published=instant("2026-11-20T10:00Z"),
        seen=instant("2026-11-21T09:00Z"),
        identity="sha256:ab12",
        size=2_048,
        licence="MIT",
        filename="foo-1.0-py3-none-any.whl",
    )
    explanation = explain(main_and_floor(CONDITIONS), pypi("foo", "1.0"), facts(wheel))
    reason = (
        "it was published 2026-11-20T10:00Z, 1 day ago, and minimum_age for pypi is 3 days; "
        "allowed from 2026-11-23T10:00Z"
    )
    shown = render_explanation(explanation)
    assert shown.startswith(f"pkg:pypi/foo@1.0 is denied because {reason} (policy.yaml:4) [JR-DENY-AGE]. Next: wait")
    assert shown.endswith(
        "what this cache knows of it\n"
        "  foo-1.0-py3-none-any.whl: published 2026-11-20T10:00Z, says the registry; first seen 2026-11-21T09:00Z, "
        "says this cache; licence 'MIT'; 2 KiB; sha256:ab12\n"
        f"    denied because {reason} (policy.yaml:4) [JR-DENY-AGE]\n"
    )
    data = explanation_data(explanation)
    assert (data["allowed"], data["until"]) == (False, "2026-11-23T10:00Z")
    read_again = json.loads(json.dumps(data))
    assert read_again == data
    (release,) = read_again["releases"]
    assert (release["published"], release["seen"], release["until"]) == (
        "2026-11-20T10:00Z",
        "2026-11-21T09:00Z",
        "2026-11-23T10:00Z",
    )


def test_one_file_that_may_enter_makes_the_verdict() -> None:
    young, old = (Release(pypi("foo", "1.0"), published=date, licence="MIT") for date in (NOW - 60, NOW - 1e6))
    policies = main_and_floor(CONDITIONS)
    assert not explain(policies, pypi("foo", "1.0"), facts(young)).decision.allowed
    assert explain(policies, pypi("foo", "1.0"), facts(young, old)).decision.allowed


def test_no_release_brings_back_a_name_that_is_denied() -> None:
    old = Release(pypi("foo", "1.0"), published=NOW - 1e6)
    decision = explain(main_and_floor("rules:\n  - deny: pkg:pypi/foo\n"), pypi("foo"), facts(old)).decision
    assert decision.code == "JR-DENY-RULE"


def test_many_releases_are_counted() -> None:
    many = [Release(pypi("foo", f"1.{number}")) for number in range(30)]
    shown = render_explanation(explain(main_and_floor(""), pypi("foo"), facts(*many)))
    assert shown.count("no more than its name") == 20
    assert shown.endswith("  and 10 more releases\n")


def test_what_is_only_observed_is_told_as_such() -> None:
    policies = main_and_floor("mode: observe\nrules:\n  - deny: pkg:pypi/foo\n")
    shown = render_explanation(explain(policies, pypi("foo", "1.0"), facts(Release(pypi("foo", "1.0")))))
    assert shown.startswith(
        "pkg:pypi/foo@1.0 is allowed because the mode is observe, which records what would be refused "
        "(policy.yaml:4) [JR-ALLOW-OBSERVED]\n"
        "Only observed: pkg:pypi/foo@1.0 is denied by rule pkg:pypi/foo (policy.yaml:6) [JR-DENY-RULE]."
    )
    assert "    allowed; only observed:  [JR-DENY-RULE]\n" in shown


def test_a_rule_whose_day_has_passed_says_so() -> None:
    policies = main_and_floor("rules:\n  - {deny: pkg:pypi/foo, until: 2026-11-20}\n")
    shown = render_explanation(explain(policies, pypi("foo", "1.0")))
    assert f"      {ALL_HEAD.count(chr(10)) + 2}  deny   pkg:pypi/foo: has expired\n" in shown
