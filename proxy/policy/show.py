"""What a policy says, for people and as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jhansi_runner.proxy.policy.conditions import conditions
from jhansi_runner.proxy.policy.decide import PolicySet
from jhansi_runner.proxy.policy.model import Policy, Rule
from jhansi_runner.proxy.policy.problems import Problem


@dataclass(frozen=True, slots=True)
class HostUse:
    """One host that the policy in force lets out, with the HTTP methods and what it is used for."""

    host: str
    methods: tuple[str, ...]
    what: str


@dataclass(frozen=True, slots=True)
class LimitUse:
    """One limit of sandboxes in force: the key, how much, and who set it, "" for the default."""

    key: str
    text: str
    origin: str


def render_policy(policies: PolicySet, hosts: Mapping[str, Sequence[HostUse]], limits: Sequence[LimitUse] = ()) -> str:
    """Render what is in force. `hosts` holds, by package-url type, every host that may be reached."""
    lines = [f"policy {policies.digest}", ""]
    lines += [f"  {policy.role:<6} {policy.source}" for policy in policies.layers]
    lines += ["", "registries"]
    lines += _registry_lines(policies, hosts)
    egress = policies.egress
    lines += ["", f"egress  install: {egress.install}, run: {egress.run}", f"sdists  {policies.sdists}"]
    lines += [f"limits  {one.key}: {one.text} ({one.origin or 'default'})" for one in limits]
    for policy in policies.layers:
        lines += ["", *_layer_lines(policy, alone=len(policies.layers) == 1)]
    return "\n".join(lines) + "\n"


def policy_data(
    policies: PolicySet, hosts: Mapping[str, Sequence[HostUse]], limits: Sequence[LimitUse] = ()
) -> dict[str, object]:
    """Return what render_policy shows as data for JSON."""
    return {
        "digest": policies.digest,
        "registries": [
            {
                "type": registry.type,
                "upstream": registry.upstream,
                "files": list(registry.files),
                "hosts": [
                    {"host": use.host, "methods": list(use.methods), "what": use.what}
                    for use in hosts.get(registry.type, ())
                ],
            }
            for registry in policies.registries
        ],
        "egress": {"install": policies.egress.install, "run": policies.egress.run},
        "sdists": policies.sdists,
        "limits": [{"key": one.key, "limit": one.text, "origin": one.origin or None} for one in limits],
        "layers": [
            {
                "role": policy.role,
                "source": policy.source,
                "default": policy.default.value,
                "default_line": policy.lines["default"],
                "mode": policy.mode,
                "rules": [rule_data(rule) for rule in policy.rules],
                "conditions": [
                    {"key": one.key, "type": one.type, "text": one.text, "line": one.line} for one in conditions(policy)
                ],
            }
            for policy in policies.layers
        ],
    }


def render_check(policies: PolicySet) -> str:
    """Say that the files are right, one line each."""
    return "".join(f"{policy.source}: {_summary(policy)}\n" for policy in policies.layers)


def check_data(
    sources: Sequence[str], problems: Sequence[Problem], warnings: Sequence[Problem] = ()
) -> dict[str, object]:
    """Return the outcome of a check as data for JSON; `sources` are the names of the files."""
    return {
        "ok": not problems,
        "sources": list(sources),
        "problems": [problem_data(one) for one in problems],
        "warnings": [problem_data(one) for one in warnings],
    }


def problem_data(problem: Problem) -> dict[str, object]:
    """Return a mistake as data for JSON."""
    return {
        "source": problem.source,
        "line": problem.line,
        "column": problem.column,
        "message": problem.message,
    }


def rule_data(rule: Rule) -> dict[str, object]:
    """Return a rule as data for JSON."""
    return {
        "effect": rule.effect.value,
        "pattern": rule.pattern,
        "reason": rule.reason,
        "source": rule.source,
        "line": rule.line,
        "until": rule.until.isoformat() if rule.until else None,
        "exempt": sorted(rule.exempt),
    }


def _registry_lines(policies: PolicySet, hosts: Mapping[str, Sequence[HostUse]]) -> list[str]:
    lines = []
    for registry in policies.registries:
        fetching = "" if registry.fetch == "cached" else ", which may fetch modules from elsewhere"
        lines.append(f"  {registry.type:<8} {registry.upstream or 'the public registry'}{fetching}")
        uses = hosts.get(registry.type, ())
        width = max((len(use.host) for use in uses), default=0)
        lines += [f"    {use.host:<{width}}  {' '.join(use.methods)}  {use.what}" for use in uses]
        lines += [
            f"    not used: {own.upstream} ({policy.source}:{own.line}), the floor sets another"
            for policy in policies.layers
            if (own := policy.registry(registry.type)) and own.upstream and own.upstream != registry.upstream
        ]
    return lines or ["  none: nothing can be fetched"]


def _layer_lines(policy: Policy, *, alone: bool) -> list[str]:
    heading = f"{policy.source}: the first rule that matches decides"
    lines = [heading if alone else f"{heading}; every file has to allow"]
    if policy.mode == "observe":
        lines.append(f"  {policy.lines['mode']:>5}  mode observe: what would be refused is recorded, and let in")
    lines += [f"  {rule.line:>5}  {rule.effect.value:<5}  {rule.pattern}{_terms(rule)}" for rule in policy.rules]
    lines.append(f"  {policy.lines['default']:>5}  {policy.default.value:<5}  everything else")
    return lines + [f"  {one.line:>5}  {one}" for one in conditions(policy)]


def _terms(rule: Rule) -> str:
    until = f", until {rule.until}" if rule.until else ""
    exempt = f", exempt from {', '.join(sorted(rule.exempt))}" if rule.exempt else ""
    return f"{until}{exempt}" + (f"  ({rule.reason})" if rule.reason else "")


def _summary(policy: Policy) -> str:
    count = len(policy.rules)
    names = ", ".join(one.type for one in policy.registries if one.enabled) or "no registry"
    return f"right: {names}, {count} rule{'' if count == 1 else 's'}, default {policy.default.value}"
