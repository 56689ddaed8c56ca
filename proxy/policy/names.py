"""What one policy file says by names, versions and registries alone."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from enum import Enum
from functools import lru_cache

from jhansi_runner.proxy.coordinate import Coordinate, join_path
from jhansi_runner.proxy.policy import codes
from jhansi_runner.proxy.policy.decision import Decision
from jhansi_runner.proxy.policy.model import Effect, Policy, Rule
from jhansi_runner.proxy.policy.pattern import is_canonical, matches
from jhansi_runner.proxy.policy.ranges import parse_version


class Fit(Enum):
    """How a rule relates to a coordinate; only APPLIES lets the rule decide."""

    APPLIES = "applies"
    OTHER_PACKAGE = "names another package"
    OTHER_VERSION = "is about other versions"
    SOME_VERSIONS = "denies some versions only, so it cannot refuse the whole project"
    EXPIRED = "has expired"


def decide(policy: Policy, coordinate: Coordinate, now: float) -> Decision:
    """Decide by one policy file: the first rule that applies, else the default. `now` in seconds since the epoch.

    Without a version the question is whether any version may be allowed: "no" means that no version can be,
    "yes" still leaves each version to be asked for.
    """
    era = policy.era(now)
    whole = _for_any_version(policy, era, coordinate.type, coordinate.namespace, coordinate.name)
    return _for_this_version(policy, era, coordinate) if whole is None else whole


def depends_on_version(policy: Policy, package: Coordinate, now: float) -> bool:
    """Tell whether `decide` may answer differently for two versions of the package."""
    return _for_any_version(policy, policy.era(now), package.type, package.namespace, package.name) is None


def telling_apart(policy: Policy, package: Coordinate, now: float) -> Callable[[str | None], Hashable]:
    """Return what gives two versions of the package the same word only where `decide` gives them the same answer."""
    era = policy.era(now)
    matters = depends_on_version(policy, package, now)
    rules = _rules_naming(policy, era, package.type, package.namespace, package.name) if matters else ()
    return lambda version: _first(rules, version)


def fit(policy: Policy, rule: Rule, coordinate: Coordinate, now: float) -> Fit:
    """Tell whether the rule decides for the coordinate, and if not, why not."""
    if not _names(rule, coordinate.type, coordinate.namespace, coordinate.name):
        return Fit.OTHER_PACKAGE
    if not _is_live(policy, policy.era(now), rule):
        return Fit.EXPIRED
    return _version_fit(rule, coordinate.version)


@lru_cache(maxsize=8192)
def _for_any_version(policy: Policy, era: int, purl_type: str, namespace: str, name: str) -> Decision | None:
    """The decision that holds for a package whatever the version, or None where the version matters.

    Remembered, as everything here that time changes only from era to era: an index asks for every file.
    """
    refusal = _refuse_outright(policy, purl_type, namespace, name)
    if refusal:
        return refusal
    rules = _rules_naming(policy, era, purl_type, namespace, name)
    if not rules:
        return _by_default(policy)
    return _by_rule(rules[0]) if rules[0].versions is None else None


@lru_cache(maxsize=32768)
def _for_this_version(policy: Policy, era: int, coordinate: Coordinate) -> Decision:
    rules = _rules_naming(policy, era, coordinate.type, coordinate.namespace, coordinate.name)
    place = _first(rules, coordinate.version)
    return _by_default(policy) if place is None else _by_rule(rules[place])


def _first(rules: tuple[Rule, ...], version: str | None) -> int | None:
    """The place of the first rule that applies to a version, None for no rule."""
    for place, rule in enumerate(rules):
        if _version_fit(rule, version) is Fit.APPLIES:
            return place
    return None


def _by_rule(rule: Rule) -> Decision:
    allowed = rule.effect is Effect.ALLOW
    code = codes.ALLOW_RULE if allowed else codes.DENY_RULE
    return Decision(allowed, code, rule.reason, rule, rule.source, rule.line)


def _by_default(policy: Policy) -> Decision:
    line = policy.lines["default"]
    if policy.default is Effect.ALLOW:
        reason = "no rule denies it and the default is allow"
        return Decision(True, codes.ALLOW_DEFAULT, reason, None, policy.source, line)
    reason = "no rule allows it and the default is deny"
    return Decision(False, codes.DENY_DEFAULT, reason, None, policy.source, line)


def _refuse_outright(policy: Policy, purl_type: str, namespace: str, name: str) -> Decision | None:
    registry = policy.registry(purl_type)
    if registry is None:
        reason = f"the registry {purl_type} is not listed"
        return Decision(False, codes.DENY_REGISTRY, reason, None, policy.source, policy.lines["registries"])
    if not registry.enabled:
        reason = f"the registry {purl_type} is not enabled"
        return Decision(False, codes.DENY_REGISTRY, reason, None, policy.source, registry.line)
    # Rules hold canonical names, so any other spelling would walk past them.
    if not is_canonical(purl_type, namespace, name):
        reason = f"it is not the canonical name of a package of {purl_type}"
        return Decision(False, codes.DENY_UNKNOWN, reason, None, policy.source, registry.line)
    return None


@lru_cache(maxsize=4096)
def _rules_naming(policy: Policy, era: int, purl_type: str, namespace: str, name: str) -> tuple[Rule, ...]:
    return tuple(
        rule for rule in policy.rules if _names(rule, purl_type, namespace, name) and _is_live(policy, era, rule)
    )


def _names(rule: Rule, purl_type: str, namespace: str, name: str) -> bool:
    if rule.type != purl_type:
        return False
    denies = rule.effect is Effect.DENY
    return matches(purl_type, join_path(rule.namespace, rule.name), join_path(namespace, name), denies=denies)


def _is_live(policy: Policy, era: int, rule: Rule) -> bool:
    return rule.until is None or rule.ends not in policy.expiries[:era]


def _version_fit(rule: Rule, version: str | None) -> Fit:
    if rule.versions is None:
        return Fit.APPLIES
    allows = rule.effect is Effect.ALLOW
    if version is None:
        return Fit.APPLIES if allows else Fit.SOME_VERSIONS
    parsed = parse_version(rule.type, version)
    if parsed is None:  # it cannot be shown to be in the range, nor out of it: no, either way
        inside = not allows
    else:
        inside = rule.versions.contains(parsed) if allows else rule.versions.touches(parsed)
    return Fit.APPLIES if inside else Fit.OTHER_VERSION
