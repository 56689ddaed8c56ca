"""The one decision: may this package, or this version of it, enter?"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.policy import codes
from jhansi_runner.proxy.policy.model import Decision, Effect, Egress, Policy, Reach, Registry, Rule, Sdists
from jhansi_runner.proxy.policy.pattern import glob_matches, is_canonical
from jhansi_runner.proxy.policy.ranges import parse_version
from jhansi_runner.proxy.policy.sources import FLOOR


class Fit(Enum):
    """How a rule relates to a coordinate; only APPLIES lets the rule decide."""

    APPLIES = "applies"
    OTHER_PACKAGE = "names another package"
    OTHER_VERSION = "is about other versions"
    SOME_VERSIONS = "denies some versions only, so it cannot refuse the whole project"


@lru_cache(maxsize=32768)
def decide(policy: Policy, coordinate: Coordinate) -> Decision:
    """Decide by one policy file: the first rule that applies, else the default.

    Without a version the question is whether any version may be allowed: "no" means that no version can be,
    "yes" still leaves each version to be asked for. Remembered: an index asks for every file of a version.
    """
    refusal = _refuse_outright(policy, coordinate)
    if refusal:
        return refusal
    for rule in _rules_naming(policy, coordinate.type, coordinate.namespace, coordinate.name):
        if _version_fit(rule, coordinate.version) is Fit.APPLIES:
            allowed = rule.effect is Effect.ALLOW
            code = codes.ALLOW_RULE if allowed else codes.DENY_RULE
            return Decision(allowed, code, rule.reason, rule, rule.source, rule.line)
    if policy.default is Effect.ALLOW:
        reason = "no rule denies it and the default is allow"
        return Decision(True, codes.ALLOW_DEFAULT, reason, None, policy.source, policy.default_line)
    reason = "no rule allows it and the default is deny"
    return Decision(False, codes.DENY_DEFAULT, reason, None, policy.source, policy.default_line)


def fit(rule: Rule, coordinate: Coordinate) -> Fit:
    """Tell whether the rule decides for the coordinate, and if not, why not."""
    if not _names(rule, coordinate.type, coordinate.namespace, coordinate.name):
        return Fit.OTHER_PACKAGE
    return _version_fit(rule, coordinate.version)


@dataclass(frozen=True, slots=True, eq=False)
class PolicySet:
    """The policy files in force, the site's floor first. Each can only narrow what those before it allow."""

    layers: tuple[Policy, ...]
    digest: str

    def __post_init__(self) -> None:
        if not self.layers:
            raise ValueError("no policy is in force; an empty set would allow everything")

    def decide(self, coordinate: Coordinate) -> Decision:
        """Decide by all files: the first one that denies gives the answer, else the last one's yes."""
        for policy in self.layers:
            decision = decide(policy, coordinate)
            if not decision.allowed:
                break
        return decision

    @property
    def egress(self) -> Egress:
        """What each phase may reach: `registries` only if every file says so."""
        return Egress(
            _narrowest([policy.egress.install for policy in self.layers]),
            _narrowest([policy.egress.run for policy in self.layers]),
        )

    @property
    def sdists(self) -> Sdists:
        """What to do with source distributions: `build` only if every file says so."""
        return "deny" if any(policy.sdists == "deny" for policy in self.layers) else "build"

    @property
    def registries(self) -> tuple[Registry, ...]:
        """The registries that every file enables. Where the floor says that they are, they are."""
        first, *others = self.layers
        merged = []
        for registry in first.registries:
            same = [registry, *(found for policy in others if (found := policy.registry(registry.type)))]
            if len(same) == len(self.layers) and all(one.enabled for one in same):
                merged.append(_merge(same, pinned=first.role == FLOOR))
        return tuple(merged)


def _refuse_outright(policy: Policy, coordinate: Coordinate) -> Decision | None:
    registry = policy.registry(coordinate.type)
    if registry is None:
        reason = f"the registry {coordinate.type} is not listed"
        return Decision(False, codes.DENY_REGISTRY, reason, None, policy.source, policy.registries_line)
    if not registry.enabled:
        reason = f"the registry {coordinate.type} is not enabled"
        return Decision(False, codes.DENY_REGISTRY, reason, None, policy.source, registry.line)
    # Rules hold canonical names, so any other spelling would walk past them.
    if not is_canonical(coordinate.type, coordinate.namespace, coordinate.name):
        reason = f"it is not the canonical name of a package of {coordinate.type}"
        return Decision(False, codes.DENY_UNKNOWN, reason, None, policy.source, registry.line)
    return None


@lru_cache(maxsize=4096)
def _rules_naming(policy: Policy, purl_type: str, namespace: str, name: str) -> tuple[Rule, ...]:
    """Remembered: every version of a project asks for the same rules."""
    return tuple(rule for rule in policy.rules if _names(rule, purl_type, namespace, name))


def _names(rule: Rule, purl_type: str, namespace: str, name: str) -> bool:
    return rule.type == purl_type and glob_matches(rule.name, name) and glob_matches(rule.namespace, namespace)


def _version_fit(rule: Rule, version: str | None) -> Fit:
    if rule.versions is None:
        return Fit.APPLIES
    allows = rule.effect is Effect.ALLOW
    if version is None:
        return Fit.APPLIES if allows else Fit.SOME_VERSIONS
    parsed = parse_version(version)
    if parsed is None:  # it cannot be shown to be in the range, nor out of it: no, either way
        inside = not allows
    else:
        inside = rule.versions.contains(parsed) if allows else rule.versions.touches(parsed)
    return Fit.APPLIES if inside else Fit.OTHER_VERSION


def _narrowest(reaches: list[Reach]) -> Reach:
    return "none" if "none" in reaches else "registries"


def _merge(same: list[Registry], *, pinned: bool) -> Registry:
    floor, last = same[0], same[-1]
    given = [one.upstream for one in same if one.upstream]
    if pinned and floor.upstream:
        return Registry(floor.type, True, floor.upstream, floor.files, floor.line)
    files = floor.files if pinned and floor.files else last.files
    return Registry(floor.type, True, given[-1] if given else None, files, last.line)
