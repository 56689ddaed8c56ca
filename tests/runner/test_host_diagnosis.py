"""Each message of bwrap's, on the host where it comes from, is explained with the command that mends it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from jhansi_runner.proxy.cell.syscalls import CHECKED, MACHINES
from jhansi_runner.runner.errors import KILLED, NO_DOORWAY, NOT_STARTED, SIGSYS
from jhansi_runner.runner.host_diagnosis import HostProblem, diagnose, explain_bwrap_failure
from jhansi_runner.runner.host_facts import HostFacts
from jhansi_runner.runner.host_remedies import as_typed, container_options, install
from support.bwrap_stub import stub
from support.ordinary import PYTHON, as_ordinary

DEBIAN = HostFacts("/usr/bin/bwrap", (0, 8, 0), max_user_namespaces=63704, distribution=("debian",))
UBUNTU = replace(DEBIAN, apparmor_restrict=1, distribution=("ubuntu", "debian"))
FEDORA = replace(DEBIAN, selinux_enforcing=True, distribution=("fedora",))
DOCKER = replace(DEBIAN, container="docker", seccomp_inherited=True)

UID_MAP = "bwrap: setting up uid map: Permission denied"
LOOPBACK = "bwrap: loopback: Failed RTM_NEWADDR: Operation not permitted"
REFUSED = (
    "bwrap: No permissions to creating new namespace, likely because the kernel does not allow "
    "non-privileged user namespaces. On e.g. debian this can be enabled with "
    "'sysctl kernel.unprivileged_userns_clone=1'."
)
REFUSED_DEBIAN = "bwrap: No permissions to create new namespace, likely because the kernel does not allow it. See x."
ENOSPC = "bwrap: Creating new namespace failed: nesting depth or /proc/sys/user/max_*_namespaces exceeded (ENOSPC)"
PROC = "bwrap: Can't mount proc on /newroot/proc: Operation not permitted"
NO_FILTER = "bwrap: Unable to set up system call filtering as requested: prctl(PR_SET_SECCOMP) failed."

# (stderr, host, code, what the cause names, what the remedy says to type)
CASES = {
    "missing": ("", replace(DEBIAN, bwrap=None), "bwrap-missing", "PATH", "sudo apt-get install bubblewrap"),
    "missing on fedora": ("", replace(FEDORA, bwrap=None), "bwrap-missing", "PATH", "sudo dnf install"),
    "missing elsewhere": ("", HostFacts(None), "bwrap-missing", "PATH", "package bubblewrap"),
    "too old": ("bwrap: Unknown option --size", replace(DEBIAN, bwrap_version=(0, 4, 1)), "bwrap-too-old",
                "0.4.1", "built from source"),
    "0.7": ("", replace(DEBIAN, bwrap_version=(0, 7, 0)), "bwrap-too-old", "0.8.0 or later", "apt-get"),
    "option unknown": ("bwrap: Unknown option --disable-userns", replace(DEBIAN, bwrap_version=None),
                       "bwrap-too-old", "--disable-userns", "apt-get"),
    "setuid": ("", replace(DEBIAN, bwrap_setuid=True), "bwrap-setuid", "setuid root", "sudo chmod u-s"),
    "setuid by message": ("bwrap: The --size option is not permitted in setuid mode", DEBIAN, "bwrap-setuid",
                          "setuid root", "chmod u-s"),
    "setuid refused by 0.11.2": ("bwrap: setuid use of bubblewrap is not supported in this build", DEBIAN,
                                 "bwrap-setuid", "setuid root", "chmod u-s"),
    "capabilities": ("bwrap: Unexpected capabilities but not setuid, old file caps config?", DEBIAN,
                     "bwrap-capabilities", "capabilities", "sudo setcap -r /usr/bin/bwrap"),
    "no filter": (NO_FILTER, DEBIAN, "kernel-seccomp", "nothing runs without it", "CONFIG_SECCOMP_FILTER"),
    "no user namespaces": ("bwrap: Creating new namespace failed, likely because the kernel does not support "
                           "user namespaces.  bwrap must be installed setuid on such systems.", DEBIAN,
                           "kernel-namespaces", "lacks", "CONFIG_USER_NS"),
    "no processes": ("bwrap: Creating new namespace failed: Resource temporarily unavailable", DEBIAN,
                     "process-limit", "no further process", "ulimit -u"),
    "no processes, by our own": (f"{NOT_STARTED}Resource temporarily unavailable", replace(DEBIAN, processes=3),
                                 "process-limit", "RLIMIT_NPROC is 3", "TasksMax="),
    "no files": (f"{NOT_STARTED}Too many open files", replace(DEBIAN, open_files=16), "open-files-limit",
                 "RLIMIT_NOFILE is 16", "ulimit -n 1024"),
    "no files, by bwrap": ("bwrap: Can't open /proc: Too many open files", DEBIAN, "open-files-limit",
                           "RLIMIT_NOFILE", "LimitNOFILE="),
    "files of the whole host": (f"{NOT_STARTED}Too many open files in system", DEBIAN, "bwrap-failed",
                                "in system", "report"),
    "small files": (f"{NOT_STARTED}File too large", DEBIAN, "file-size-limit", "RLIMIT_FSIZE",
                    "ulimit -f unlimited"),
    "not to be started": (f"{NOT_STARTED}Permission denied", UBUNTU, "bwrap-failed", "could not be started", "report"),
    "killed by a filter": (f"{KILLED}{SIGSYS}", DEBIAN, "seccomp-blocks", "SIGSYS", "SystemCallFilter="),
    "killed": (f"{KILLED}9", DEBIAN, "bwrap-failed", "killed by signal 9", "report"),
    "no netlink": ("bwrap: loopback: Failed to create NETLINK_ROUTE socket: Address family not supported by protocol",
                   DEBIAN, "families-blocked", "NETLINK_ROUTE", "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6"),
    "no internet": (f"{NO_DOORWAY}[Errno 97] Address family not supported by protocol", DEBIAN, "families-blocked",
                    "doorway", "AF_NETLINK"),
    "only processes in proc": ("bwrap: Can't read /proc/sys/kernel/overflowuid: No such file or directory", DEBIAN,
                               "proc-masked", "ProcSubset=pid", "ProcSubset="),
    "a service's proc": ("bwrap: cannot open /proc/sys/user/max_user_namespaces: Read-only file system", DEBIAN,
                         "proc-masked", "read-only", "ProtectKernelTunables="),
    "sysctl of debian": (REFUSED, replace(DEBIAN, unprivileged_userns_clone=0), "userns-off",
                         "kernel.unprivileged_userns_clone is 0", "kernel.unprivileged_userns_clone=1"),
    "debian's wording": (REFUSED_DEBIAN, replace(DEBIAN, unprivileged_userns_clone=0), "userns-off",
                         "kernel.unprivileged_userns_clone is 0", "kernel.unprivileged_userns_clone=1"),
    "sysctl of red hat": (ENOSPC, replace(FEDORA, max_user_namespaces=0), "userns-off",
                          "user.max_user_namespaces is 0", "user.max_user_namespaces=15000"),
    "no network namespaces": (ENOSPC, replace(DEBIAN, forbidden=("net",)), "userns-off",
                              "user.max_net_namespaces is 0", "user.max_net_namespaces=15000"),
    "no proc": ("bwrap: Can't open /proc: No such file or directory", replace(DEBIAN, proc=False), "proc-missing",
                "not mounted", "mount -t proc"),
    "used up": (ENOSPC, DEBIAN, "userns-exhausted", "63704", "user.max_user_namespaces=127408"),
    "used up by one": ("bwrap: unshare user ns: No space left on device",
                       replace(DEBIAN, max_user_namespaces=1), "userns-exhausted", "1 user",
                       "user.max_user_namespaces=15000"),
    "inside a sandbox": (ENOSPC, replace(DEBIAN, nested=True), "userns-nested", "already inside", "outside"),
    "ubuntu 24.04": (UID_MAP, UBUNTU, "apparmor-userns", "no profile allows /usr/bin/bwrap",
                     "sudo apparmor_parser -r /etc/apparmor.d/bwrap-userns-restrict"),
    "ubuntu 24.04, network": (LOOPBACK, UBUNTU, "apparmor-userns", "unprivileged_userns is 1",
                              "extra-profiles/bwrap-userns-restrict"),
    "ubuntu, another bwrap": ("bwrap: Creating new namespace failed: Permission denied",
                              replace(UBUNTU, bwrap="/opt/bin/bwrap"), "apparmor-userns", "go by path",
                              "/usr/bin first on PATH"),
    "ubuntu, profile not loaded": (LOOPBACK, replace(UBUNTU, apparmor_profile="bwrap"), "apparmor-userns",
                                   "not loaded", "sudo apparmor_parser -r /etc/apparmor.d/bwrap"),
    "docker": (REFUSED, DOCKER, "container-blocks", "clone with CLONE_NEWUSER", "seccomp=unconfined"),
    "docker on ubuntu": (LOOPBACK, replace(DOCKER, apparmor_restrict=1), "container-blocks", "loopback",
                         "kernel.apparmor_restrict_unprivileged_userns=0"),
    "docker, mount": ("bwrap: Failed to make / slave: Permission denied", DOCKER, "container-blocks",
                      "blocks mount", "apparmor=unconfined"),
    "docker, proc": (PROC, DOCKER, "container-proc", "masked", "systempaths=unconfined"),
    "podman, proc": (PROC, replace(DOCKER, container="podman"), "container-proc", "masked", "unmask=ALL"),
    "kubernetes, sysctl": ("bwrap: cannot open /proc/sys/user/max_user_namespaces: Read-only file system",
                           replace(DOCKER, container="kubernetes"), "container-proc", "read-only",
                           "procMount: Unmasked"),
    "nspawn": (REFUSED, replace(DOCKER, container="systemd-nspawn"), "container-blocks", "nspawn", "manual"),
    "proc without container": (PROC, DEBIAN, "proc-masked", "masked", "findmnt -R /proc"),
    "a service's filter": (REFUSED, replace(DEBIAN, seccomp_inherited=True), "seccomp-blocks",
                           "CLONE_NEWUSER", "RestrictNamespaces="),
    "selinux": ("bwrap: Failed to mount tmpfs: Permission denied", FEDORA, "selinux", "SELinux", "ausearch"),
    "chroot": (REFUSED, DEBIAN, "userns-blocked", "clone with CLONE_NEWUSER", "chroot"),
    "docker, setns": ("no doorway: [Errno 1] setns: Operation not permitted", DOCKER, "container-blocks",
                      "blocks setns", "seccomp=unconfined"),
    "an old kernel": ("it could not be killed in time: pidfd_open: Function not implemented", DEBIAN, "call-missing",
                      "lacks pidfd_open", "Linux 5.4"),
    "docker, an old filter": ("it could not be started: memfd_create: Function not implemented", DOCKER,
                              "container-blocks", "lacks memfd_create", "seccomp=unconfined"),
    "our own fault": ("bwrap: Can't find source path /x: Permission denied", UBUNTU, "bwrap-failed",
                      "Can't find source path /x", "report"),
    "silence": ("", DEBIAN, "bwrap-failed", "without saying why", "report"),
    "no word of bwrap's": ("setpriv: oops\n", DEBIAN, "bwrap-failed", "setpriv: oops", "report"),
    "the last word counts": (f"bwrap: Only the last --chdir option will take effect\n{PROC}\n", DOCKER,
                             "container-proc", "masked", "systempaths"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_message_names_the_cause_and_what_to_type(name: str) -> None:
    stderr, host, code, cause, remedy = CASES[name]
    problem = explain_bwrap_failure(stderr, host)
    assert problem.code == code, problem
    assert cause in problem.cause
    assert remedy in problem.remedy
    assert "\n" not in problem.cause


def test_root_is_told_no_sudo_which_containers_lack_and_the_host_of_a_container_is() -> None:
    assert as_typed(install(DOCKER), 0) == as_typed(install(DOCKER), 1000).replace("sudo ", "")
    assert "\n  apt-get install bubblewrap" in as_typed(install(DOCKER), 0)
    for_the_host = container_options(replace(DOCKER, apparmor_restrict=1))
    assert "sudo sysctl" in as_typed(for_the_host, 0)


def test_a_problem_prints_as_cause_code_and_remedy() -> None:
    assert str(HostProblem("code", "cause", "do\n  this")) == "cause [code]\ndo\n  this"


SANDBOX = (
    "bwrap --unshare-user --unshare-all --disable-userns --ro-bind /usr /usr --symlink usr/lib /lib "
    "--symlink usr/lib64 /lib64 --proc /proc --dev /dev --tmpfs /tmp"
)
CLONE = str(CHECKED["clone"][MACHINES.index(os.uname().machine)])
IN_A_NAMESPACE = [
    "unshare",
    "--user",
    "--map-root-user",
    "--mount",
    "--pid",
    "--fork",
    "--mount-proc",
    "sh",
    "-c",
]
NO_CLONE = """
import ctypes, os, struct, sys
# refuse clone(CLONE_NEWUSER) with EPERM, as the default filter of a container does
code = [(0x20, 0, 0, 0), (0x15, 0, 3, int(sys.argv[1])), (0x20, 0, 0, 16), (0x45, 0, 1, 0x10000000),
        (0x06, 0, 0, 0x50001), (0x06, 0, 0, 0x7FFF0000)]
held = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *c) for c in code))
program = ctypes.create_string_buffer(struct.pack("@HxxxxxxP", len(code), ctypes.addressof(held)))
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program) == 0
os.execvp("sh", ["sh", "-c", sys.argv[2]])
"""


def real(argv: list[str]) -> str:
    done = as_ordinary(argv)
    assert done.returncode != 0, done.stdout
    assert done.stdout == ""
    return str(done.stderr)


def test_the_sandbox_works_here_so_that_the_failures_below_are_made() -> None:
    done = as_ordinary([*SANDBOX.split(), "/usr/bin/true"])
    assert (done.returncode, done.stderr) == (0, "")


def test_really_inside_another_sandbox() -> None:
    stderr = real([*SANDBOX.split(), "--", *SANDBOX.split(), "/usr/bin/true"])
    assert explain_bwrap_failure(stderr, replace(DEBIAN, nested=True)).code == "userns-nested"


def test_really_with_user_namespaces_turned_off() -> None:
    off = "echo 0 > /proc/sys/user/max_user_namespaces; exec setpriv --bounding-set=-all --inh-caps=-all "
    stderr = real([*IN_A_NAMESPACE, f"{off} {SANDBOX} /usr/bin/true"])
    assert explain_bwrap_failure(stderr, replace(DEBIAN, max_user_namespaces=0)).code == "userns-off"


def test_really_with_a_filter_that_blocks_clone() -> None:
    stderr = real([PYTHON, "-c", NO_CLONE, CLONE, f"{SANDBOX} /usr/bin/true"])
    assert explain_bwrap_failure(stderr, DOCKER).code == "container-blocks"
    assert explain_bwrap_failure(stderr, replace(DEBIAN, seccomp_inherited=True)).code == "seccomp-blocks"


def test_really_with_a_masked_proc() -> None:
    stderr = real([*IN_A_NAMESPACE, f"mount -t tmpfs none /proc/fs && {SANDBOX} /usr/bin/true"])
    assert explain_bwrap_failure(stderr, DOCKER).code == "container-proc"


def test_really_without_processes_left() -> None:
    stderr = real(["prlimit", "--nproc=1", *SANDBOX.split(), "/usr/bin/true"])
    assert explain_bwrap_failure(stderr, DEBIAN).code == "process-limit"


def test_really_with_an_unknown_option() -> None:
    stderr = real(["bwrap", "--no-such-option", "/usr/bin/true"])
    assert explain_bwrap_failure(stderr, DEBIAN).code == "bwrap-too-old"


def test_diagnose_asks_the_program_that_failed(tmp_path: Path) -> None:
    missing_file = "bwrap: Can't find source path /x: No such file or directory"
    for version, code in (("0.7.0", "bwrap-too-old"), ("0.8.0", "bwrap-failed")):
        assert diagnose(missing_file, str(stub(tmp_path, f"echo bubblewrap {version}"))).code == code
    assert diagnose("", None).code == "bwrap-missing"


def test_a_setuid_bwrap_is_named_before_its_message(tmp_path: Path) -> None:
    path = stub(tmp_path, "echo bubblewrap 0.9.0")
    path.chmod(0o4755)
    assert diagnose(REFUSED, str(path)).code == "bwrap-setuid"
