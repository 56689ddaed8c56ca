"""The kernel, its machine, and the switches of it that matter to a sandbox. Pure."""

from __future__ import annotations

from jhansi_runner.proxy.cell.seccomp import AUDIT_ARCH
from jhansi_runner.runner.doctor.facts import Host
from jhansi_runner.runner.doctor.findings import ADMINISTRATOR, YOU, Finding, fault, untried, warning, well
from jhansi_runner.runner.host_diagnosis import foresee


def check_machine(host: Host) -> Finding:
    """Whether there is a filter for it."""
    code, what = "JH-MACHINE", f"Linux {host.release} on {host.machine}"
    if host.machine not in AUDIT_ARCH:
        known = " or ".join(AUDIT_ARCH)
        return fault(code, f"{what}: no system-call filter is known for it", (f"Use a machine with {known}.",), "")
    where = f", in a container ({host.basic.container})" if host.basic.container else ""
    return well(code, what + where)


def check_seccomp(host: Host) -> Finding:
    """Whether the kernel takes filters."""
    code = "JH-SECCOMP"
    if not host.basic.proc:
        return untried(code, "there is no /proc to tell")
    if not host.seccomp:
        remedy = (
            "Use a kernel with CONFIG_SECCOMP and CONFIG_SECCOMP_FILTER. What it has:",
            "  grep CONFIG_SECCOMP /boot/config-$(uname -r)",
        )
        return fault(code, "/proc/self/status tells of no system-call filters", remedy, ADMINISTRATOR)
    outer = "; one from outside is in force already" if host.basic.seccomp_inherited else ""
    return well(code, f"the kernel takes system-call filters{outer}")


def check_userns(host: Host) -> Finding:
    """What is known to keep ordinary users from making namespaces, and what else restricts them here."""
    code, basic = "JH-USERNS", host.basic
    if not basic.proc:
        return untried(code, "there is no /proc to tell")
    problem = foresee(basic)
    if problem is not None and problem.code in ("userns-off", "kernel-namespaces"):
        return fault(code, problem.cause.rstrip("."), problem.remedy.splitlines(), ADMINISTRATOR)
    restrictions = [
        *(["AppArmor restricts them" + _profile(host)] if basic.apparmor_restrict else []),
        *(["SELinux is enforcing"] if basic.selinux_enforcing else []),
        *(["this user namespace is not the host's first"] if basic.nested else []),
        *([f"a container ({basic.container}) may restrict them"] if basic.container else []),
    ]
    allowed = basic.max_user_namespaces
    number = f"allowed, {allowed} of them" if allowed is not None else "nothing here forbids them"
    noted = f"; {', '.join(restrictions)}: JH-SANDBOX tells whether it matters" if restrictions else ""
    return well(code, number + noted)


def _profile(host: Host) -> str:
    name = host.basic.apparmor_profile
    return f" (a profile for bwrap is in /etc/apparmor.d/{name})" if name else " (and no profile names bwrap)"


def check_proc(host: Host) -> Finding:
    """Whether processes of the same user are hidden, and whether something is mounted over it."""
    code, problem = "JH-PROC", foresee(host.basic)
    if problem is not None and problem.code == "proc-missing":
        return fault(code, "/proc is not mounted", problem.remedy.splitlines(), ADMINISTRATOR)
    if host.hidepid:
        return well(code, f"/proc is mounted with hidepid={host.hidepid}, which hides none of your own processes")
    return well(code, "/proc hides nothing")


def check_ptrace(host: Host) -> Finding:
    """Who may trace whom. Programs in sandboxes may not anyway; this is about the user's others."""
    code, scope = "JH-PTRACE", host.ptrace_scope
    if not scope:
        return well(code, "any program of yours, outside of sandboxes, can trace another (no kernel.yama.ptrace_scope)")
    return well(code, f"kernel.yama.ptrace_scope is {scope}")


def check_root(host: Host) -> Finding:
    """Whether the user is root."""
    code = "JH-ROOT"
    if host.uid == 0:
        remedy = ("Make a user for it, and start it as that user:", "  sudo useradd --create-home jhansi")
        return warning(code, "you are root, and so is a program's user outside of its namespace", remedy, YOU)
    return well(code, f"you are user {host.uid}, not root")
