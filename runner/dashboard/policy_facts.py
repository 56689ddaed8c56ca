"""The policy in force, line by line, with what each line decided lately."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jhansi_runner.proxy.history import summary
from jhansi_runner.proxy.ledger import ALLOW, DENY, FAULT, OBSERVED, WITHHELD
from jhansi_runner.proxy.policy.conditions import conditions, expired_rules
from jhansi_runner.proxy.policy.decide import PolicySet
from jhansi_runner.proxy.policy.model import Policy, Rule
from jhansi_runner.proxy.policy.show import HostUse, LimitUse
from jhansi_runner.runner.dashboard.facts import Clause, Decided, Host, Layer, PolicyFacts
from jhansi_runner.runner.dashboard.lately import Count, Lately, by_line

_DECIDED = 50
_NONE = Count()


def policy_facts(
    policies: PolicySet,
    names: Sequence[str],
    hosts: Mapping[str, Sequence[HostUse]],
    limits: Sequence[LimitUse],
    past: Lately,
    now: float,
) -> PolicyFacts:
    """All of it. `names` are the paths of the policies' files, whose `source` is as it stands in the ledger."""
    counts = by_line(past.entries, policies.layers, now)
    layers = zip(policies.layers, names, strict=True)
    refused = [one for one in summary(past.entries) if one.verdict != FAULT]
    return PolicyFacts(
        policies.digest,
        warnings=tuple(one.warning for one in expired_rules(policies.layers, now)),
        layers=tuple(Layer(name, one.role, one.mode == "observe", _clauses(one, counts, now)) for one, name in layers),
        hosts=tuple(
            Host(one.type, use.host, " ".join(use.methods), use.what)
            for one in policies.registries
            for use in hosts.get(one.type, ())
        ),
        egress_install=policies.egress.install,
        egress_run=policies.egress.run,
        sdists=policies.sdists,
        limits=tuple((one.key, one.text, one.origin) for one in limits),
        decided=tuple(
            Decided(
                WITHHELD if one.code == WITHHELD else one.verdict,
                one.what,
                one.code,
                one.rule,
                one.reason,
                one.count,
                one.last,
                one.who,
            )
            for one in refused[:_DECIDED]
        ),
        cut=past.cut,
    )


def _clauses(policy: Policy, counts: Mapping[str, Count], now: float) -> tuple[Clause, ...]:
    """The lines of a file that decide something, in their order: the rules first, as the first that matches decides."""

    def clause(line: int, key: str, effect: str, text: str, note: str = "", *, expired: bool = False) -> Clause:
        count = counts.get(f"{policy.source}:{line}", _NONE)
        refused, withheld, observed, let_in = (count.verdicts[name] for name in (DENY, WITHHELD, OBSERVED, ALLOW))
        return Clause(line, key, effect, text, note, expired, refused, withheld, observed, let_in, count.last)

    rules = [
        clause(one.line, "rule", one.effect.value, one.pattern, _terms(one), expired=(one.ends or now + 1) <= now)
        for one in policy.rules
    ]
    default = clause(policy.lines["default"], "default", policy.default.value, "everything else")
    asked = [clause(one.line, one.key, "", one.text) for one in conditions(policy)]
    registries = [
        clause(one.line, "registry", "enabled" if one.enabled else "disabled", one.type) for one in policy.registries
    ]
    return (*rules, default, *asked, *registries)


def _terms(rule: Rule) -> str:
    until = f"until {rule.until}" if rule.until else ""
    exempt = f"exempt from {', '.join(sorted(rule.exempt))}" if rule.exempt else ""
    return "; ".join(part for part in (rule.reason, until, exempt) if part)
