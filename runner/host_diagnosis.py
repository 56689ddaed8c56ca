"""Say why bwrap could not make a sandbox on this host, and the exact command or file that mends it.

Called when bwrap ended before the program started. There is never a run without the sandbox, so this text is
all that the user gets. `explain_bwrap_failure` decides, `diagnose` looks at the host first.

Source: the messages are those of bubblewrap 0.8.0 to 0.11.1 (`bubblewrap.c`, `network.c`) and of Debian's
patched one; its issues 284, 505, 632 and 689; ADR 0006.
"""

from __future__ import annotations

from dataclasses import dataclass

from jhansi_runner.runner.errors import KILLED, NO_DOORWAY, NO_HANDLE, NOT_STARTED, SIGSYS
from jhansi_runner.runner.host import BWRAP_MINIMUM
from jhansi_runner.runner.host_facts import HostFacts, read_facts
from jhansi_runner.runner.host_remedies import (
    RESTRICT,
    blocked_call,
    container_options,
    install,
    load_profile,
    set_sysctl,
)
from jhansi_runner.runner.session_limits import of_words

_PERMISSION = ("Operation not permitted", "Permission denied", "No permissions to creat")
# refused for a file that we named, not for what an ordinary user may do
_OF_A_FILE = ("execvp", "Can't find", "Can't chdir", "Can't bind", "Can't get", "Can't mkdir", "Can't create",
              NOT_STARTED)  # fmt: skip

_UNFILTERED = "Start outside it, or relax RestrictNamespaces= and SystemCallFilter= of the service it runs in."


@dataclass(frozen=True, slots=True)
class HostProblem:
    """A stable `code`, what is wrong in one sentence, and what to do, with commands on lines of their own."""

    code: str
    cause: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.cause} [{self.code}]\n{self.remedy}"


def diagnose(stderr: str, bwrap: str | None, *, root: str = "/") -> HostProblem:
    """`explain_bwrap_failure` for the host whose files are under `root`. Runs `bwrap --version`."""
    return explain_bwrap_failure(stderr, read_facts(bwrap, root=root))


def explain_bwrap_failure(stderr: str, facts: HostFacts) -> HostProblem:
    """The problem behind what bwrap wrote to stderr. What nobody foresaw comes back in bwrap's own words."""
    told = ("bwrap: ", NO_DOORWAY, NO_HANDLE, NOT_STARTED, KILLED)
    said = next((line for line in reversed(stderr.splitlines()) if line.startswith(told)), "")
    said = said.removeprefix("bwrap: ")
    for look in (_binary, _session, _kernel, _switched_off, _limit, _proc, _permission, _missing):
        problem = look(said, facts)
        if problem is not None:
            return problem
    words = said or stderr.strip() or "it ended without saying why"
    remedy = "Nothing was run. This is not a known fault of a host; please report it with the line above."
    return HostProblem("bwrap-failed", f"{facts.bwrap} could not make the sandbox: {words}", remedy)


def foresee(facts: HostFacts) -> HostProblem | None:
    """What is sure to keep bwrap from making a sandbox on this host, before it was tried; None for nothing."""
    return _binary("", facts) or _kernel("", facts) or _switched_off("namespace", facts)


def _binary(said: str, facts: HostFacts) -> HostProblem | None:
    if facts.bwrap is None:
        cause = "bubblewrap is not installed (no bwrap on PATH), and nothing runs without its sandbox."
        return HostProblem("bwrap-missing", cause, install(facts))
    if (facts.bwrap_version or BWRAP_MINIMUM) < BWRAP_MINIMUM or said.startswith("Unknown option"):
        found = ".".join(map(str, facts.bwrap_version)) if facts.bwrap_version else "of an unknown version"
        wanted = ".".join(map(str, BWRAP_MINIMUM))
        cause = f"{facts.bwrap} is {found}; {wanted} or later is needed, for --disable-userns and --size."
        newer = f"{install(facts)}\nIf that is no newer, put one built from source in its place."
        return HostProblem("bwrap-too-old", cause, newer)
    if facts.bwrap_setuid or "setuid mode" in said or said.startswith("setuid use of"):
        cause = (
            f"{facts.bwrap} is setuid root: its namespaces would belong to root, and the sandbox's network, "
            "which jhansi-runner sets up from outside, could not be entered."
        )
        again = "It then needs user namespaces for ordinary users; if those are off, you are told next."
        remedy = f"Take the bit away:\n  sudo chmod u-s {facts.bwrap}\n{again}"
        return HostProblem("bwrap-setuid", cause, remedy)
    if said.startswith("Unexpected capabilities"):
        cause = f"bwrap refuses to start with capabilities: {facts.bwrap} carries some, or this session does."
        remedy = (
            f"If this prints something:\n  getcap {facts.bwrap}\n"
            f"then take it away:\n  sudo setcap -r {facts.bwrap}\n"
            "otherwise start from a session without ambient capabilities (AmbientCapabilities= of a service)."
        )
        return HostProblem("bwrap-capabilities", cause, remedy)
    return None


def _session(said: str, facts: HostFacts) -> HostProblem | None:
    """What this session, or the service that we run in, was started with."""
    limit = of_words(said, facts.open_files, facts.processes)
    if limit is not None:
        return HostProblem(limit.code, f"{limit.wrong}: {said}", limit.remedy)
    if said == f"{KILLED}{SIGSYS}":
        cause = f"a system-call filter that this session started with killed bwrap: {said} (SIGSYS)"
        return HostProblem("seccomp-blocks", cause, _UNFILTERED)
    if said.endswith("Address family not supported by protocol"):
        cause = f"a filter of the session or service that this runs in allows no such sockets: {said}"
        remedy = "Start outside it, or allow them in the unit of the service:\n  RestrictAddressFamilies="
        return HostProblem("families-blocked", cause, f"{remedy}AF_UNIX AF_INET AF_INET6 AF_NETLINK")
    return None


def _kernel(said: str, facts: HostFacts) -> HostProblem | None:
    if not facts.proc:
        cause = "/proc is not mounted here, and no sandbox can be made without it."
        return HostProblem("proc-missing", cause, "Mount it:\n  sudo mount -t proc proc /proc")
    if "system call filtering" in said or said.startswith("prctl(PR_SET_SECCOMP)"):
        cause = "the kernel did not take the system-call filter, and nothing runs without it."
        remedy = "Use a kernel with CONFIG_SECCOMP and CONFIG_SECCOMP_FILTER."
        return HostProblem("kernel-seccomp", cause, remedy)
    if not facts.kernel_has_userns or "kernel does not support" in said:
        cause = "this kernel lacks user, PID, network or cgroup namespaces."
        remedy = (
            "Use one with CONFIG_USER_NS, CONFIG_PID_NS, CONFIG_NET_NS and CONFIG_CGROUPS. What it has:\n"
            "  grep -E 'CONFIG_(USER|PID|NET)_NS|CONFIG_CGROUPS=' /boot/config-$(uname -r)"
        )
        return HostProblem("kernel-namespaces", cause, remedy)
    return None


def _switched_off(said: str, facts: HostFacts) -> HostProblem | None:
    """Switches that turn user namespaces off for everyone, whatever words bwrap found for that."""
    switches = (
        ("kernel.unprivileged_userns_clone", facts.unprivileged_userns_clone, 1),
        ("user.max_user_namespaces", facts.max_user_namespaces, 15000),
        *((f"user.max_{kind}_namespaces", 0, 15000) for kind in facts.forbidden),
    )
    if not any(word in said for word in ("namespace", "user ns", *_PERMISSION)):
        return None
    for name, value, better in switches:
        if value == 0:
            where = "on the host of this container" if facts.container else "as an administrator"
            cause = f"namespaces that a sandbox needs are turned off on this host: {name} is 0."
            return HostProblem("userns-off", cause, f"Turn them on, {where}:\n{set_sysctl(name, better)}")
    return None


def _limit(said: str, facts: HostFacts) -> HostProblem | None:
    if "ENOSPC" not in said and not said.startswith("unshare user ns: No space"):
        return None
    if facts.nested:
        cause = "this is already inside a sandbox or container that allows no further user namespaces."
        return HostProblem("userns-nested", cause, "Start jhansi-runner outside it.")
    allowed = facts.max_user_namespaces
    cause = f"a limit in /proc/sys/user/max_*_namespaces is used up ({allowed} user namespaces are allowed)."
    more = set_sysctl("user.max_user_namespaces", max(15000, 2 * (allowed or 0)))
    return HostProblem("userns-exhausted", cause, f"See who holds them:\n  lsns\nor allow more:\n{more}")


def _proc(said: str, facts: HostFacts) -> HostProblem | None:
    if not said.startswith(("Can't mount proc", "cannot open /proc/sys/user/", "sysctl user.", "Can't read /proc/")):
        return None
    cause = f"parts of /proc are masked or read-only here, so the sandbox gets no /proc of its own: {said}"
    if said.startswith("Can't read /proc/"):
        cause = f"/proc lacks what bwrap reads there; ProcSubset=pid of a service shows processes alone: {said}"
    if facts.container:
        return HostProblem("container-proc", cause, container_options(facts))
    remedy = (
        "In a service, take ProcSubset=, ProtectKernelTunables=, ProtectKernelLogs= and ProtectHostname= out of its "
        "unit.\nElsewhere, see how it is mounted and what over it, and unmount that:\n  findmnt -R /proc"
    )
    return HostProblem("proc-masked", cause, remedy)


def _permission(said: str, facts: HostFacts) -> HostProblem | None:
    if said.startswith(_OF_A_FILE) or not any(word in said for word in _PERMISSION):
        return None
    call = blocked_call(said)
    if facts.container:
        cause = f"the container ({facts.container}) that this runs in blocks {call}: {said}"
        return HostProblem("container-blocks", cause, container_options(facts))
    if facts.apparmor_restrict:
        return _apparmor(said, facts)
    if facts.seccomp_inherited:
        cause = f"a system-call filter that this session started with blocks {call}: {said}"
        return HostProblem("seccomp-blocks", cause, _UNFILTERED)
    if facts.selinux_enforcing:
        cause = f"SELinux does not let this user's domain do what a sandbox needs, {call}: {said}"
        remedy = "To see the rule:\n  sudo ausearch -m AVC -c bwrap -ts recent | audit2why"
        return HostProblem("selinux", cause, remedy)
    cause = f"this host blocks {call} for an ordinary user: {said}"
    remedy = (
        "A chroot never allows it: start outside. Otherwise a security module refused it; see which:\n"
        "  sudo journalctl -k | grep -iE 'apparmor|avc|lsm'"
    )
    return HostProblem("userns-blocked", cause, remedy)


def _missing(said: str, facts: HostFacts) -> HostProblem | None:
    """A call that does not exist here: of an old kernel, or of a filter or a kernel of a container's own."""
    if not said.endswith("Function not implemented"):
        return None
    call = blocked_call(said)
    if facts.container:
        cause = f"the container ({facts.container}) that this runs in lacks {call}: {said}"
        return HostProblem("container-blocks", cause, container_options(facts))
    cause = f"this kernel, or a filter that this session started with, lacks {call}: {said}"
    return HostProblem("call-missing", cause, "Use Linux 5.4 or later, and start outside of the filter.")


def _apparmor(said: str, facts: HostFacts) -> HostProblem:
    """Ubuntu since 23.10. 24.04 has a profile for bwrap among its extras, not loaded; 25.04 loads it."""
    cause = f"AppArmor keeps ordinary users from making user namespaces ({RESTRICT} is 1)"
    if facts.apparmor_profile:
        file = f"/etc/apparmor.d/{facts.apparmor_profile}"
        cause = f"{cause}, and the profile for {facts.bwrap} in {file} is not loaded or too strict: {said}"
        return HostProblem("apparmor-userns", cause, f"Load it:\n  sudo apparmor_parser -r {file}")
    if facts.bwrap != "/usr/bin/bwrap":
        cause = f"{cause}; profiles go by path, and {facts.bwrap} has none: {said}"
        remedy = f"Use the distribution's bwrap, with /usr/bin first on PATH.\n{install(facts)}"
        return HostProblem("apparmor-userns", cause, remedy)
    return HostProblem("apparmor-userns", f"{cause}, and no profile allows {facts.bwrap}: {said}", load_profile())
