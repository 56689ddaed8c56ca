"""How runs can be limited on this host. Pure: `runner/limits/tiers.py` decides."""

from __future__ import annotations

from jhansi_runner.runner.doctor.findings import ADMINISTRATOR, YOU, Finding, warning, well
from jhansi_runner.runner.limits.model import CPUS, MEMORY, PROCESSES
from jhansi_runner.runner.limits.tiers import MANAGER, Offer
from jhansi_runner.runner.limits.weak import AFFINITY, CGROUP, RLIMIT, WATCHER

_WORDS = {
    CGROUP: "by a control group",
    RLIMIT: "by RLIMIT_NPROC",
    WATCHER: "by looking now and then",
    AFFINITY: "by affinity, which a program can change",
}


def check_limits(offer: Offer) -> Finding:
    """Whether the kernel counts for us, or we have to look now and then."""
    code = "JH-LIMITS"
    told = ", ".join(f"{name} {_WORDS[offer.tier(name)]}" for name in (MEMORY, PROCESSES, CPUS))
    if offer.remedy:
        who = YOU if offer.remedy.startswith("start ") else ADMINISTRATOR
        given = ("For control groups, with which the kernel counts:", f"  {offer.remedy}")
        return warning(code, f"{offer.why}; limited are {told}", given, who)
    through = ", through the systemd of yours" if offer.way == MANAGER else ""
    return well(code, f"limited are {told}, at {offer.place}{through}")
