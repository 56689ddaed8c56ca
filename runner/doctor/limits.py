"""How runs can be limited on this host, and who is given their crashes. Pure: `runner/limits/tiers.py` decides."""

from __future__ import annotations

from jhansi_runner.runner.console import shown
from jhansi_runner.runner.doctor.facts import Host
from jhansi_runner.runner.doctor.findings import ADMINISTRATOR, YOU, Finding, warning, well
from jhansi_runner.runner.limits.model import CPUS, MEMORY, PROCESSES
from jhansi_runner.runner.limits.tiers import MANAGER, Offer
from jhansi_runner.runner.limits.weak import AFFINITY, CGROUP, RLIMIT, WATCHER

_MOST_SHOWN = 60
_TO_A_FILE = "  sudo sysctl -w kernel.core_pattern=core"
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


def check_crashes(host: Host) -> Finding:
    """Whether the kernel hands a program that crashes to a program of the host.

    A pipe is not opened where RLIMIT_CORE is 1 byte, but is where it is 0; a socket is, whatever the limit.
    Source: core(5); fs/coredump.c, `coredump_pipe` and `coredump_socket`.
    """
    code, kind, handler = "JH-CRASH", host.core_pattern[:1], shown(host.core_pattern[1:].strip())[:_MOST_SHOWN]
    if kind == "@":
        told = f"whatever its limits, a program that crashes is handed to what listens at {handler}"
        return warning(code, told, ("Have crashes go to a file or a pipe:", _TO_A_FILE), ADMINISTRATOR)
    if kind == "|" and host.core_limit == 0:
        told = f"a hard RLIMIT_CORE of 0, which only root can raise, has each program that crashes start {handler}"
        remedy = (
            "Let the hard limit be more than 0, in /etc/security/limits.conf or limits.d, then log in again:",
            "  * hard core 1",
            "or have crashes go to a file:",
            _TO_A_FILE,
        )
        return warning(code, told, remedy, ADMINISTRATOR)
    if kind == "|":
        return well(code, f"RLIMIT_CORE is 1 byte in a sandbox, and so no crash starts {handler}")
    return well(code, "no program of the host is given what is left of one that crashes")
