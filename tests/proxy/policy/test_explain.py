"""`policy explain` tells the verdict and, rule by rule, why."""

from __future__ import annotations

import json

import pytest

from jhansi_runner.proxy.coordinate import Coordinate, pypi
from jhansi_runner.proxy.policy.decide import PolicySet
from jhansi_runner.proxy.policy.explain import explain, explanation_data, render_explanation
from jhansi_runner.proxy.policy.load import load
from jhansi_runner.proxy.policy.sources import FLOOR, Source

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


def test_each_rule_that_was_tried_says_why_it_did_not_match() -> None:
    assert render_explanation(explain(policies(), pypi("foo", "2.0"))) == (
        "pkg:pypi/foo@2.0 is allowed by rule pkg:pypi/fo* (policy.yaml:9) [JR-ALLOW-RULE]\n"
        "\n"
        "policy.yaml (main) allows it\n"
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
    assert "site.yaml (floor) denies it" in shown


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
    }
    answer = {
        "allowed": False,
        "code": "JR-DENY-RULE",
        "reason": "leaks",
        "source": "policy.yaml",
        "line": 6,
        "rule": rule,
    }
    message = data.pop("message")
    assert str(message).startswith("pkg:pypi/foo@1.0 is denied by rule pkg:pypi/foo versions <2 (policy.yaml:6): leaks")
    layers = data.pop("layers")
    assert data == {"purl": "pkg:pypi/foo@1.0", **answer}
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
                    "applies": False,
                    "why": "names another package",
                },
                {**rule, "applies": True, "why": "applies"},
            ],
        }
    ]
