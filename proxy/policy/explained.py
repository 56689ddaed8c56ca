"""An explanation as text and as data."""

from __future__ import annotations

from jhansi_runner.proxy.policy.ages import stamp
from jhansi_runner.proxy.policy.decision import Decision, label
from jhansi_runner.proxy.policy.explain import Explanation, LayerAnswer, ReleaseAnswer
from jhansi_runner.proxy.policy.names import Fit
from jhansi_runner.proxy.policy.release import Release
from jhansi_runner.proxy.policy.show import rule_data
from jhansi_runner.proxy.policy.sizes import size_text

_OTHERS_SHOWN = 10
"""Rules about other packages that the text lists before it only counts them."""
_RELEASES_SHOWN = 20


def render_explanation(explanation: Explanation) -> str:
    """Render an explanation as text; the first line is the decision."""
    coordinate, decision = explanation.coordinate, explanation.decision
    lines = [decision.sentence(coordinate)]
    lines += [f"Only observed: {one.sentence(coordinate)}" for one in decision.observed]
    if decision.allowed and coordinate.version is None:
        lines.append("This is about the project: each version is decided on its own when it is asked for.")
    for layer in explanation.layers:
        lines += ["", f"{layer.source} ({layer.role}) {'allows' if layer.decision.allowed else 'denies'} the name"]
        lines += _considered_lines(layer)
        if layer.decision.rule is None:
            lines.append(f"  {layer.decision.line:>5}  {layer.decision.reason}")
        lines += [f"  {one.line:>5}  {one}" for one in layer.conditions]
    if explanation.releases:
        lines += ["", "what this cache knows of it"]
        for answer in explanation.releases[:_RELEASES_SHOWN]:
            lines += _release_lines(answer)
        if len(explanation.releases) > _RELEASES_SHOWN:
            lines.append(f"  and {len(explanation.releases) - _RELEASES_SHOWN} more releases")
    elif any(layer.conditions for layer in explanation.layers):
        lines += ["", "This cache knows nothing of it yet: the other conditions are judged when it is asked for."]
    return "\n".join(lines) + "\n"


def explanation_data(explanation: Explanation) -> dict[str, object]:
    """Return an explanation as data for JSON."""
    return {
        "purl": label(explanation.coordinate),
        "now": stamp(explanation.now),
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
                "conditions": [
                    {"key": one.key, "type": one.type, "text": one.text, "line": one.line} for one in layer.conditions
                ],
            }
            for layer in explanation.layers
        ],
        "releases": [{**_release_data(one.release), **_decision_data(one.decision)} for one in explanation.releases],
    }


def _considered_lines(layer: LayerAnswer) -> list[str]:
    lines = []
    others = 0
    for one in layer.considered:
        if one.fit is Fit.OTHER_PACKAGE:
            others += 1
            if others > _OTHERS_SHOWN:
                continue
        lifts = one.fit is Fit.APPLIES and one.rule.exempt
        exempt = f", exempt from {', '.join(sorted(one.rule.exempt))}" if lifts else ""
        lines.append(f"  {one.rule.line:>5}  {one.rule.effect.value:<5}  {one.rule.pattern}: {one.fit.value}{exempt}")
    if others > _OTHERS_SHOWN:
        lines.append(f"         and {others - _OTHERS_SHOWN} more rules that name other packages")
    return lines


def _release_lines(answer: ReleaseAnswer) -> list[str]:
    release, decision = answer.release, answer.decision
    known = [
        f"published {stamp(release.published)}, says the registry" if release.published is not None else "",
        f"first seen {stamp(release.seen)}, says this cache" if release.seen is not None else "",
        f"licence {release.licence!r}" if release.licence else "",
        size_text(release.size) if release.size is not None else "",
        f"runs code when it is installed ({release.runs})" if release.runs else "",
        release.identity,
    ]
    name = release.filename or label(release.coordinate)
    verdict = (
        "allowed" if decision.allowed else f"denied because {decision.reason} ({decision.where}) [{decision.code}]"
    )
    observed = "".join(f"; only observed: {one.reason} [{one.code}]" for one in decision.observed)
    return [f"  {name}: {'; '.join(filter(None, known)) or 'no more than its name'}", f"    {verdict}{observed}"]


def _release_data(release: Release) -> dict[str, object]:
    return {
        "purl": label(release.coordinate),
        "filename": release.filename,
        "published": None if release.published is None else stamp(release.published),
        "seen": None if release.seen is None else stamp(release.seen),
        "identity": release.identity,
        "licence": release.licence,
        "size": release.size,
        "runs": release.runs,
    }


def _decision_data(decision: Decision) -> dict[str, object]:
    return {
        "allowed": decision.allowed,
        "code": decision.code,
        "reason": decision.reason,
        "source": decision.source,
        "line": decision.line,
        "until": None if decision.until is None else stamp(decision.until, up=True),
        "rule": rule_data(decision.rule) if decision.rule else None,
        "observed": [
            {"code": one.code, "reason": one.reason, "source": one.source, "line": one.line}
            for one in decision.observed
        ],
    }
