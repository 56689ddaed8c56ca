"""How runs can be limited on this host. Pure: `runner/limits/tiers.py` decides."""

from __future__ import annotations

from jhansi_runner.runner.doctor.findings import ADMINISTRATOR, Finding, warning, well
from jhansi_runner.runner.limits.model import CPUS, MEMORY, PROCESSES
from jhansi_runner.runner.limits.tiers import NONE, Offer
from jhansi_runner.runner.limits.weak import CGROUP


def check_limits(offer: Offer) -> Finding:
    """Whether the kernel counts for us, or we have to look now and then."""
    code = "JH-LIMITS"
    tiers = {name: offer.tier(name) for name in (MEMORY, PROCESSES, CPUS)}
    told = ", ".join(f"{name} by {tier}" for name, tier in tiers.items())
    if offer.way == NONE:
        return warning(code, f"{offer.why}; limited are {told}", (offer.remedy,), ADMINISTRATOR)
    weak = "" if all(tier == CGROUP for tier in tiers.values()) else "; what is not by cgroup is looked at now and then"
    return well(code, f"{offer.way} at {offer.place}: {told}{weak}")
