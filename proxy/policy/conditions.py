"""What a policy file asks of releases besides their names, as people read it; and what of the file is out of date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jhansi_runner.proxy.policy.model import Exemption, Licences, Policy
from jhansi_runner.proxy.policy.problems import Problem


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition. `type` is the package-url type that it is for, "" for all; `exemption` lets a package off it."""

    key: str
    text: str
    line: int
    exemption: Exemption
    type: str = ""

    def __str__(self) -> str:
        return f"{self.key} {self.text}"


def conditions(policy: Policy) -> tuple[Condition, ...]:
    """The conditions that a file sets, in the order of its lines."""
    found = [
        Condition("minimum_age", f"{purl_type} {age.text}", age.line, "age", purl_type)
        for purl_type, age in policy.ages.items()
    ]
    if policy.licences:
        found.append(Condition("licences", _licences(policy.licences), policy.licences.line, "licence"))
    if policy.max_size:
        found.append(Condition("max_size", policy.max_size.text, policy.max_size.line, "size"))
    if policy.sdists == "deny":
        found.append(Condition("sdists", "deny", policy.lines["sdists"], "scripts"))
    if policy.install_scripts == "deny":
        found.append(Condition("install_scripts", "deny", policy.lines["install_scripts"], "scripts"))
    if policy.advisories:
        one = policy.advisories
        ignored = f", ignoring {', '.join(sorted(one.ignore))}" if one.ignore else ""
        text = f"{one.folder}: malware {one.malware.value}, vulnerabilities {one.vulnerabilities.value}{ignored}"
        found.append(Condition("advisories", text, one.line, "advisories"))
    return tuple(sorted(found, key=lambda condition: condition.line))


def expired_rules(policies: Sequence[Policy], now: float) -> tuple[Problem, ...]:
    """Rules that do not apply any more. `now` is in seconds since the epoch. Nothing is wrong with such a file."""
    return tuple(
        Problem(
            policy.source,
            rule.line,
            1,
            f"this rule does not apply any more, since {rule.until} has passed: remove it, or set another day",
        )
        for policy in policies
        for rule in policy.rules
        if (ends := rule.ends) is not None and ends <= now
    )


def _licences(licences: Licences) -> str:
    parts = [f"allow {', '.join(licences.allow)}"] if licences.allow else []
    parts += [f"deny {', '.join(licences.deny)}"] if licences.deny else []
    return "; ".join([*parts, f"unknown {licences.unknown.value}"])
