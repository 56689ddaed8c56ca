"""Writes docs/seccomp.md: the system-call filter as a table for those who review it, from the data it is built from.

.venv/bin/python scripts/filter_table.py
"""

from __future__ import annotations

from collections.abc import Iterator
from errno import errorcode
from pathlib import Path

from jhansi_runner.proxy.cell import seccomp, syscalls

PLACE = Path(__file__).resolve().parent.parent / "docs/seccomp.md"

HEAD = f"""# The system-call filter

Made by `scripts/filter_table.py` from `proxy/cell/syscalls.py` and `proxy/cell/seccomp.py`; a test compares. The
reasons for its shape are in [ADR 6](adr/0006-seccomp.md).

- Every process of a sandbox is under it, PID 1 too, and no child can leave it. If it cannot be loaded, nothing runs.
- A call of a foreign architecture (`int 0x80`, ARM32) kills the process; x32 does not exist (ENOSYS).
- A number above {syscalls.NEWEST} is ENOSYS: what is newer than that nobody has reviewed.
- What is not in these tables is allowed.
- Where arguments decide, the filter compares what the kernel reads: 32 bits of an `int`, whatever lies above.
"""

_CRASHES = "a limit of 0 has the kernel start the host's handler for a crash; our 1 byte has it not"

ARGUMENTS = {
    "ioctl": (
        ("EPERM", "TIOCSTI, TIOCLINUX, TIOCSETD", "types into the terminal, or loads a driver for it"),
        (
            "ENOTTY",
            "FS_IOC_SETFLAGS, FS_IOC_SETVERSION, FS_IOC_FSSETXATTR, fscrypt's policies and keys, fs-verity",
            "stays with a file of the workspace after the run",
        ),
        (
            "ENOTTY",
            "SIOCGIFBR, SIOCSIFBR, SIOCGIFVLAN, SIOCSIFVLAN, SIOCBRADDBR, SIOCBRDELBR",
            "loads the kernel's module of bridges or VLANs, whoever asks",
        ),
        (
            "ENOTTY",
            "whatever is Btrfs's (0x94) or Bcachefs's (0xBC), but for FICLONE, FICLONERANGE and FIDEDUPERANGE",
            "volumes and snapshots: one of the workspace's volume shows all that lies in it",
        ),
    ),
    "socket": (
        ("EAFNOSUPPORT", "any family but AF_UNIX, AF_INET, AF_INET6, AF_NETLINK", "no namespace covers AF_VSOCK"),
        ("EPERM", "a type but SOCK_STREAM, SOCK_DGRAM; for netlink SOCK_RAW, SOCK_DGRAM", "raw packets"),
        ("EPROTONOSUPPORT", "a protocol but TCP, UDP; for netlink NETLINK_ROUTE", "to ask for one loads a module"),
    ),
    "socketpair": (("EAFNOSUPPORT", "any family but AF_UNIX", "as for `socket`"),),
    "clone": (("EPERM", "CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET", "a new namespace"),),
    "unshare": (
        ("EPERM", "any flag but CLONE_FS, FILES, SYSVSEM, VM, SIGHAND, THREAD", "a new namespace, also a future one"),
    ),
    "personality": (
        ("EPERM", "any but a query, 0 and ADDR_NO_RANDOMIZE", "makes data executable, or the first page usable"),
    ),
    **dict.fromkeys(
        ("open", "openat"),
        (("EPERM", "a mode with setuid or setgid, with O_CREAT or O_TMPFILE", "others would run it as the user"),),
    ),
    **dict.fromkeys(
        ("creat", "chmod", "fchmod", "fchmodat", "mknod", "mknodat"),
        (("EPERM", "a mode with setuid or setgid", "others would run it as the user"),),
    ),
    "fcntl": (("EINVAL", "F_SETLEASE", "keeps the host's programs from opening a file for writing, up to 45 s"),),
    "shmget": (
        (
            "EINVAL",
            f"a size above {seccomp.SEGMENT_BYTES} bytes",
            "memory that no process has mapped is seen by nobody who counts",
        ),
    ),
    "setrlimit": (("0, undone", "RLIMIT_CORE", _CRASHES),),
    "prlimit64": (
        ("0, undone", "a new RLIMIT_CORE", _CRASHES),
        ("EPERM", "a new RLIMIT_CORE where the old one is asked for as well", "as for `setrlimit`"),
    ),
}
"""Of each call whose arguments decide: the answer, to what, and why."""

ALLOWED = {
    "seccomp": "more filters only make it stricter",
    "landlock_create_ruleset": "as are its rules",
    "memfd_create": "whether memory or a file is run makes no difference in a sandbox that may run what it likes",
    "process_madvise": "advice alone: at most it makes PID 1 slower",
    "process_mrelease": "only of a process that is being killed",
    "pidfd_open": "of its own processes; `pidfd_getfd` is refused",
    "mseal": "concerns the caller's memory alone",
    "map_shadow_stack": "concerns the caller's memory alone",
    "futex_waitv": "waits; as do futex_wait, futex_wake and futex_requeue",
    "set_mempolicy_home_node": "concerns the caller's memory alone",
    "setxattrat": "as setxattr: labels and capabilities need a privilege that there is none of",
    "file_getattr": "reads what may be read",
    "lsm_get_self_attr": "reads the caller's own label",
    "lsm_list_modules": "reads what /proc tells",
    "inotify_add_watch": "watchers of files need it; that it sees others open files is a known limit",
    "ioprio_set": "lower, or as it is: a higher one needs a privilege",
    "membarrier": "the runtimes of Go, Java and .NET use it",
    "rseq": "the C library uses it",
}
"""Calls that reviewers ask about, and why they are allowed."""


def text() -> str:
    """The whole document."""
    return "\n".join([HEAD, *_refused(), "", *_checked(), "", *_allowed(), ""])


def _refused() -> Iterator[str]:
    yield "## Refused whatever the arguments"
    yield ""
    yield "| call | x86_64 | aarch64 | answer | why |"
    yield "|---|---|---|---|---|"
    for why, error, calls in syscalls.DENIED:
        for name, first, second in calls:
            numbers = " | ".join("-" if number is None else str(number) for number in (first, second))
            yield f"| `{name}` | {numbers} | {errorcode[error]} | {why} |"


def _checked() -> Iterator[str]:
    yield "## Refused by their arguments"
    yield ""
    yield "| call | x86_64 | aarch64 | answer | to | why |"
    yield "|---|---|---|---|---|---|"
    for name, pair in sorted(syscalls.CHECKED.items()):
        numbers = " | ".join("-" if number is None else str(number) for number in pair)
        for answer, to, why in ARGUMENTS[name]:
            yield f"| `{name}` | {numbers} | {answer} | {to} | {why} |"


def _allowed() -> Iterator[str]:
    yield "## Allowed, and asked about"
    yield ""
    yield "| call | why |"
    yield "|---|---|"
    for name, why in sorted(ALLOWED.items()):
        yield f"| `{name}` | {why} |"


if __name__ == "__main__":
    PLACE.write_text(text())
