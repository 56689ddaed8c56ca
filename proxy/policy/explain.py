"""Why a package may enter or not: rule by rule, and by what is known of its releases, without any network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.policy import codes
from jhansi_runner.proxy.policy.conditions import Condition, conditions
from jhansi_runner.proxy.policy.decide import PolicySet
from jhansi_runner.proxy.policy.decision import Decision
from jhansi_runner.proxy.policy.judge import exemptions
from jhansi_runner.proxy.policy.model import Exemption, Policy, Role, Rule
from jhansi_runner.proxy.policy.names import Fit, decide, fit
from jhansi_runner.proxy.policy.release import Release

_UNTOLD: frozenset[Exemption] = frozenset(["age", "licence", "size", "scripts"])
"""What cannot be judged of a version of which nothing is known but its name; what is known to be bad can be."""
Facts = Callable[[Coordinate], Sequence[Release]]
"""Gives what the cache knows of a package, or of one version of it; nothing where it was never asked for."""


@dataclass(frozen=True, slots=True)
class Considered:
    """One rule that was tried, and how it relates to the coordinate."""

    rule: Rule
    fit: Fit


@dataclass(frozen=True, slots=True)
class LayerAnswer:
    """What one file says by names, with the rules that it tried in their order, and what it asks besides."""

    source: str
    role: Role
    decision: Decision
    considered: tuple[Considered, ...]
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class ReleaseAnswer:
    """What all files say of one release."""

    release: Release
    decision: Decision


@dataclass(frozen=True, slots=True)
class Explanation:
    """The verdict of all files, and what each says. All files answer, also those after one that denies.

    `now` is the moment it is about, in seconds since the epoch.
    """

    coordinate: Coordinate
    now: float
    decision: Decision
    layers: tuple[LayerAnswer, ...]
    releases: tuple[ReleaseAnswer, ...]


def explain(policies: PolicySet, coordinate: Coordinate, facts: Facts, now: float) -> Explanation:
    """Explain what the policies say of a package now, by its names and by what is known of its releases.

    Where all the releases that are known are refused the verdict is that of the first, else the one by names.
    """
    layers = tuple(_answer(policy, coordinate, now) for policy in policies.layers)
    decision = policies.decide(coordinate, now)
    releases = tuple(ReleaseAnswer(release, policies.judge(release, now)) for release in facts(coordinate))
    if not releases and coordinate.version is not None:
        decision = policies.judge(Release(coordinate), now, _UNTOLD)
    if releases:
        allowed = [one.decision for one in releases if one.decision.allowed]
        decision = (allowed or [releases[0].decision])[0]
    return Explanation(coordinate, now, decision, layers, releases)


def _answer(policy: Policy, coordinate: Coordinate, now: float) -> LayerAnswer:
    decision = decide(policy, coordinate, now)
    considered = []
    if decision.code not in (codes.DENY_REGISTRY, codes.DENY_UNKNOWN):  # those come before any rule
        for rule in policy.rules:
            considered.append(Considered(rule, fit(policy, rule, coordinate, now)))
            if rule is decision.rule:
                break
    exempt = exemptions(decision, coordinate.version)
    asked = [one for one in conditions(policy) if one.type in ("", coordinate.type) and one.exemption not in exempt]
    return LayerAnswer(
        policy.source, policy.role, decision, tuple(considered), tuple(asked) if decision.allowed else ()
    )
