"""What the probe is asked to try, as data: by code, and where its control differs, what that is asked instead.

Source: shared knowledge of `docs/security.md`; the numbers of system calls are those of `syscalls.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from jhansi_runner.proxy.cell.doorway import PORT
from jhansi_runner.proxy.cell.syscalls import CHECKED, DENIED, MACHINES

Asked = Mapping[str, object]

_AF_VSOCK = 40
_NEWUSER = 0x10000000
_NOBODY = -1  # no descriptor, no process
_GATE_SECONDS = 60  # the first who asks waits until it has started
_OUTSIDE = (("169.254.169.254", 80), ("192.0.2.1", 443))
"""The metadata service of clouds, and an address for documentation (RFC 5737). Tried where only `lo` is there."""

LOOPBACK, ABSTRACT, PATH = "JH-LOOPBACK a port", "JH-SOCKET one without a path", "JH-SOCKET one with a path"
"""Names of attempts that the host sees by itself."""

# (code, ((system call, arguments with which it does nothing but tell whether it was let through), ...))
_CALLS: tuple[tuple[str, tuple[tuple[str, tuple[int, ...]], ...]], ...] = (
    ("JH-INTO", (("process_vm_readv", (0, 0, 0, 0, 0, 0)), ("pidfd_getfd", (_NOBODY, 0, 0)))),
    ("JH-KEYRING", (("add_key", (0, 0, 0, 0, 0)), ("request_key", (0, 0, 0, 0)), ("keyctl", (0, -3, 0, 0, 0)))),
    ("JH-IO-URING", (("io_uring_setup", (1, 0)), ("io_uring_enter", (_NOBODY, 0, 0, 0, 0, 0)))),
    ("JH-KERNEL", (("bpf", (99999, 0, 0)), ("perf_event_open", (0, 0, -1, -1, 0)), ("userfaultfd", (1,)))),
    ("JH-NAMESPACES", (("unshare", (_NEWUSER,)), ("setns", (_NOBODY, 0)), ("clone3", (0, 0)))),
    ("JH-MOUNT", (
        ("mount", (0, 0, 0, 0, 0)), ("umount2", (0, 0)), ("chroot", (0,)), ("open_tree", (-100, 0, 0)),
        ("name_to_handle_at", (-100, 0, 0, 0, 0)),
    )),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Planted:
    """Where the canaries are. `folder` holds those that are files; `own` are ours, by what they are."""

    secret: str
    folder: str
    home: str
    own: Mapping[str, str]
    tcp: int
    abstract: str
    key: int
    description: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One thing to try. `control` is what is asked outside of the sandbox, to show that trying works."""

    code: str
    name: str
    asked: Asked
    control: Asked


def attempts(planted: Planted, machine: str, run: str) -> tuple[Attempt, ...]:
    """All that is tried in a run without a way to the gate; `run` tells one run's files from another's."""
    return (*_canaries(planted, run), *_kernel(planted), *_calls(machine))


def _same(code: str, name: str, tried: str, **asked: object) -> Attempt:
    whole = {"try": tried, **asked}
    return Attempt(code, f"{code} {name}", whole, whole)


def _canaries(at: Planted, run: str) -> Iterator[Attempt]:
    yield _same("JH-FILES", "a file of yours", "read", path=f"{at.folder}/secret")
    yield _same("JH-FILES", "your home", "look", path=at.home)
    for name, path in at.own.items():
        yield _same("JH-OWN", name, "look" if path.endswith("/") else "read", path=path)
    written = f"{at.folder}/written"
    asked: Asked = {"try": "write", "folders": [written, "/usr", "/etc", "/dev", "/"], "file": f"jhansi-doctor-{run}"}
    yield Attempt("JH-WRITE", "JH-WRITE a file", asked, {**asked, "folders": [written], "file": "control"})
    setuid = {"try": "setuid", "folder": "."}
    yield Attempt("JH-SETUID", "JH-SETUID chmod", setuid, setuid)
    yield _same("JH-ENVIRONMENT", "a variable", "environment", secret=at.secret)
    yield _same("JH-DESCRIPTOR", "an open file", "descriptor", secret=at.secret)
    yield _same("JH-PROCESS", "a process of yours", "processes", secret=at.secret)
    for name, address in ((LOOPBACK, at.tcp), (ABSTRACT, at.abstract), (PATH, f"{at.folder}/socket")):
        to_it: Asked = {"try": "connect", "address": address}
        yield Attempt(name.partition(" ")[0], name, to_it, to_it)
    yield Attempt(
        "JH-NETWORK", "JH-NETWORK addresses",
        {"try": "outside", "addresses": _OUTSIDE}, {"try": "connect", "address": at.tcp},
    )  # fmt: skip
    yield _left("JH-SURVIVOR", run)


def _left(code: str, run: str) -> Attempt:
    asked = {"try": "survivor", "path": f"left-{run}", "end": f"end-{run}"}
    return Attempt(code, f"{code} a process", asked, {**asked, "path": "left-control", "end": "end-control"})


def _kernel(at: Planted) -> Iterator[Attempt]:
    yield _same("JH-VSOCK", "a socket", "family", family=_AF_VSOCK)
    yield _same("JH-KEYRING", "a key of yours", "keyring", secret=at.secret, description=at.description)
    yield _same("JH-IPC", "shared memory", "shared_memory", key=at.key)
    yield _same("JH-IPC", "a message queue", "message_queue", key=at.key)
    yield _same("JH-INTO", "ptrace", "trace")
    yield _same("JH-NAMESPACES", "clone", "clone")
    yield _same("JH-TERMINAL", "a terminal", "terminal")
    yield _same("JH-FOREIGN", "int 0x80", "foreign")
    yield _same("JH-PRIVILEGES", "capabilities", "privileges")


def _calls(machine: str) -> Iterator[Attempt]:
    column = MACHINES.index(machine)
    numbers = {name: pair[column] for name, pair in CHECKED.items()}
    numbers |= {name: pair[column] for _, _, rows in DENIED for name, *pair in rows}
    for code, calls in _CALLS:
        for name, arguments in calls:
            yield _same(code, name, "call", number=numbers[name], arguments=arguments)


REGISTRY = "JH-GATE a registry"
"""The name of the attempt that has to succeed: the gate answers, and lets something through."""


def at_the_gate(registry: str) -> tuple[Attempt, ...]:
    """What is tried where there is a way to the gate. `registry` is a host that the policy lets out; none is asked.

    The first has to succeed. Of `elsewhere.invalid` nothing can ever come, and a PUT is refused before it is sent on.
    """

    def through(name: str, host: str, method: str = "") -> Attempt:
        asked = {"try": "gate", "host": host, "port": PORT, "method": method, "path": "/simple/jhansi-doctor/",
                 "seconds": _GATE_SECONDS}  # fmt: skip
        return Attempt("JH-GATE", f"JH-GATE {name}", asked, asked)

    return (
        through("a registry", registry),
        through("another host", "elsewhere.invalid"),
        through("a look-alike", f"{registry}.elsewhere.invalid"),
        through("a PUT", registry, "PUT"),
    )


DOOR = _same("JH-DOOR", "the gate's port", "connect", address=PORT)
