"""Why a package may enter or not, rule by rule, without any network."""

from __future__ import annotations

from dataclasses import dataclass

from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.policy import codes
from jhansi_runner.proxy.policy.decide import Fit, PolicySet, decide, fit
from jhansi_runner.proxy.policy.model import Decision, Policy, Role, Rule, label
from jhansi_runner.proxy.policy.show import rule_data

_OTHERS_SHOWN = 10
"""Rules about other packages that the text lists before it only counts them."""


@dataclass(frozen=True, slots=True)
class Considered:
    """One rule that was tried, and how it relates to the coordinate."""

    rule: Rule
    fit: Fit


@dataclass(frozen=True, slots=True)
class LayerAnswer:
    """What one file says, with the rules that it tried in their order."""

    source: str
    role: Role
    decision: Decision
    considered: tuple[Considered, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """The verdict of all files, and what each says. All files answer, also those after one that denies."""

    coordinate: Coordinate
    decision: Decision
    layers: tuple[LayerAnswer, ...]


def explain(policies: PolicySet, coordinate: Coordinate) -> Explanation:
    """Explain the decision that PolicySet.decide takes for the coordinate."""
    layers = tuple(_answer(policy, coordinate) for policy in policies.layers)
    return Explanation(coordinate, policies.decide(coordinate), layers)


def render_explanation(explanation: Explanation) -> str:
    """Render an explanation as text; the first line is the decision."""
    lines = [explanation.decision.sentence(explanation.coordinate)]
    if explanation.decision.allowed and explanation.coordinate.version is None:
        lines.append("This is about the project: each version is decided on its own when it is asked for.")
    for layer in explanation.layers:
        verdict = "allows it" if layer.decision.allowed else "denies it"
        lines += ["", f"{layer.source} ({layer.role}) {verdict}"]
        lines += _considered_lines(layer)
        if layer.decision.rule is None:
            lines.append(f"  {layer.decision.line:>5}  {layer.decision.reason}")
    return "\n".join(lines) + "\n"


def explanation_data(explanation: Explanation) -> dict[str, object]:
    """Return an explanation as data for JSON."""
    return {
        "purl": label(explanation.coordinate),
        **_decision_data(explanation.decision),
        "message": explanation.decision.sentence(explanation.coordinate),
        "layers": [
            {
                "role": layer.role,
                **_decision_data(layer.decision),
                "considered": [
                    {**rule_data(one.rule), "applies": one.fit is Fit.APPLIES, "why": one.fit.value}
                    for one in layer.considered
                ],
            }
            for layer in explanation.layers
        ],
    }


def _answer(policy: Policy, coordinate: Coordinate) -> LayerAnswer:
    decision = decide(policy, coordinate)
    considered = []
    if decision.code not in (codes.DENY_REGISTRY, codes.DENY_UNKNOWN):  # those come before any rule
        for rule in policy.rules:
            considered.append(Considered(rule, fit(rule, coordinate)))
            if rule is decision.rule:
                break
    return LayerAnswer(policy.source, policy.role, decision, tuple(considered))


def _considered_lines(layer: LayerAnswer) -> list[str]:
    lines = []
    others = 0
    for one in layer.considered:
        if one.fit is Fit.OTHER_PACKAGE:
            others += 1
            if others > _OTHERS_SHOWN:
                continue
        lines.append(f"  {one.rule.line:>5}  {one.rule.effect.value:<5}  {one.rule.pattern}: {one.fit.value}")
    if others > _OTHERS_SHOWN:
        lines.append(f"         and {others - _OTHERS_SHOWN} more rules that name other packages")
    return lines


def _decision_data(decision: Decision) -> dict[str, object]:
    return {
        "allowed": decision.allowed,
        "code": decision.code,
        "reason": decision.reason,
        "source": decision.source,
        "line": decision.line,
        "rule": rule_data(decision.rule) if decision.rule else None,
    }
