"""The limits that the policy in force sets, and how `policy show` tells them."""

from __future__ import annotations

from jhansi_runner.proxy.policy.decide import PolicySet
from jhansi_runner.proxy.policy.show import LimitUse
from jhansi_runner.runner.limits.model import NAMES, Limit, Limits, defaults, narrowed, shown


def of_policy(policies: PolicySet) -> Limits:
    """What the policy sets, each limit with its file and line."""
    bounds = policies.bounds
    found = {name: Limit(one.value, f"{one.source}:{one.line}") for name, one in bounds.items() if name in NAMES}
    return Limits(found, required=policies.requires_limits)


def in_force(policies: PolicySet, memory: int) -> list[LimitUse]:
    """Every limit that a run without options has on a host with so many bytes of memory."""
    limits = narrowed(of_policy(policies), Limits({}), defaults(memory))
    found = [
        LimitUse(name, shown(name, limit.value), limit.origin)
        if (limit := limits.get(name)) is not None
        else LimitUse(name, "no limit", "")
        for name in NAMES
    ]
    required = "refused where the kernel does not hold programs to them"
    lines = [f"{one.source}:{one.bounds.required}" for one in policies.layers if one.bounds.required]
    return [*found, *(LimitUse("runs", required, line) for line in lines[:1])]
