"""The sandbox's system-call filter, as classic BPF bytes for `bwrap --seccomp FD`.

Allowed unless `syscalls.py` or the argument checks here say otherwise. A call is decided from its number
alone wherever that is possible, because the kernel then remembers the answer and the call costs nothing
(since Linux 5.11 it emulates the filter once for each number when it is installed). Imports nothing that a
warm run would pay for.

Source: Linux `Documentation/userspace-api/seccomp_filter.rst`; `include/uapi/linux/filter.h`, `seccomp.h` and
`audit.h`; ADR 0006.
"""

from __future__ import annotations

from errno import EAFNOSUPPORT, EINVAL, ENOSYS, ENOTTY, EPERM, EPROTONOSUPPORT
from struct import Struct

from jhansi_runner.proxy.cell.syscalls import CHECKED, DENIED, MACHINES, NEWEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    # (code, jump if true, jump if false, constant): `struct sock_filter`
    Instruction = tuple[int, int, int, int]

# linux/audit.h: EM_X86_64 and EM_AARCH64, 64 bits, little endian
AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

AF_UNIX, AF_INET, AF_INET6, AF_NETLINK = 1, 2, 10, 16
SOCK_STREAM, SOCK_DGRAM, SOCK_RAW = 1, 2, 3
DEFAULT, TCP, UDP = 0, 6, 17
NETLINK_ROUTE = 0

SOCKETS = (
    # (family, types, protocols); empty means any. Netlink is for getifaddrs() and getaddrinfo().
    # SCTP, DCCP, L2TP, MPTCP and the like are not here: to ask for one loads a kernel module.
    (AF_UNIX, (), ()),
    (AF_INET, (SOCK_STREAM, SOCK_DGRAM), (DEFAULT, TCP, UDP)),
    (AF_INET6, (SOCK_STREAM, SOCK_DGRAM), (DEFAULT, TCP, UDP)),
    (AF_NETLINK, (SOCK_RAW, SOCK_DGRAM), (NETLINK_ROUTE,)),
)
SOCKET_PAIRS = ((AF_UNIX, (), ()),)

# TIOCSTI and TIOCLINUX type into the terminal; TIOCSETD loads a line discipline, which is a driver
TERMINAL_REQUESTS = (0x5412, 0x541C, 0x5423)

# linux/fs.h, fscrypt.h, fsverity.h: what stays with a file or a folder after the run. SETFLAGS (both sizes),
# SETVERSION, FSSETXATTR, SET_ENCRYPTION_POLICY, ADD_ENCRYPTION_KEY, REMOVE_ENCRYPTION_KEY, ENABLE_VERITY. A folder
# that takes no notice of case hides `.GIT` from who looks for `.git`.
ATTRIBUTE_REQUESTS = (
    0x40086602, 0x40046602, 0x40087602, 0x401C5820, 0x800C6613, 0xC0506617, 0xC0406618, 0x40806685,
)  # fmt: skip
# The letters of Btrfs and Bcachefs in the second byte of a request. A snapshot of the volume that a workspace lies in
# shows all of it, home folders too; Linux before 6.8 lets Btrfs make one from any folder of the user's own.
VOLUME_LETTERS = (0x9400, 0xBC00)
# FICLONE, FICLONERANGE, FIDEDUPERANGE: Btrfs had them first, and `cp` asks every file system for them.
CLONE_REQUESTS = (0x40049409, 0x4020940D, 0xC0189436)

# linux/sockios.h: SIOCGIFBR, SIOCSIFBR, SIOCGIFVLAN, SIOCSIFVLAN, SIOCBRADDBR, SIOCBRDELBR. The kernel loads the module
# of bridges or VLANs for them before it asks who wants it (net/socket.c, sock_ioctl).
MODULE_REQUESTS = (0x8940, 0x8941, 0x8982, 0x8983, 0x89A0, 0x89A1)

# A lease on a file stops the host's programs for up to 45 s when they open it for writing.
F_SETLEASE = 1024
# Bytes of a new SysV segment. Nobody who counts the memory of processes sees one that none has mapped; the kernel's
# own limit is 4,096 segments of any size.
SEGMENT_BYTES = 1 << 16
# Who sets this to 0, where we set 1 byte, has the kernel start the host's handler of crashes, as root.
RLIMIT_CORE = 4

# linux/sched.h: NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. NEWTIME is for unshare only:
# clone has the signal of the child's end in those bits.
CLONE_NAMESPACES = 0x7E020000
# What unshare may undo: FS, FILES, SYSVSEM, and VM, SIGHAND and THREAD, which mean nothing alone.
UNSHARE_HARMLESS = 0x00000200 | 0x00000400 | 0x00040000 | 0x00000100 | 0x00000800 | 0x00010000

PERSONALITY_QUERY = 0xFFFFFFFF
PERSONALITY_HARMLESS = 0x0040000  # ADDR_NO_RANDOMIZE of one's own process: debuggers and sanitizers need it

# On the host, a file with one of these runs as its owner, who is the user, whoever starts it.
S_ISUID, S_ISGID = 0o4000, 0o2000
# The flags with which open and openat read a mode; without them that argument is whatever lay there.
O_CREAT, O_TMPFILE = 0o100, 0o20000000  # the bit of O_TMPFILE alone, without O_DIRECTORY

_LOAD, _AND, _RETURN = 0x20, 0x54, 0x06
_IF_EQUAL, _IF_GREATER, _IF_ANY_BIT = 0x15, 0x25, 0x45
_KILL_PROCESS, _ERRNO, _ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16  # offsets in `struct seccomp_data`
_ALL_BITS = 0xFFFFFFFF

_PASS: Instruction = (_RETURN, 0, 0, _ALLOW)
_NOTHING_DONE: Instruction = (_RETURN, 0, 0, _ERRNO)
"""Success, without the call: who asks for no dump gets none, and some programs end where they cannot ask."""


class UnsupportedMachine(ValueError):
    """No filter is known for this machine, so nothing may run on it."""


def program(machine: str) -> bytes:
    """The filter for `machine` (as in `os.uname().machine`), in the layout that the kernel and bwrap take.

    Raises `UnsupportedMachine` for all but x86_64 and aarch64. About 300 instructions of 8 bytes.
    """
    if machine not in AUDIT_ARCH:
        known = ", ".join(MACHINES)
        raise UnsupportedMachine(f"no system-call filter for {machine!r}, and nothing runs without one ({known})")
    column = MACHINES.index(machine)
    body = [
        # The same number is another call under another convention (i386, ARM32), so there is no safe answer.
        (_LOAD, 0, 0, _ARCH),
        (_IF_EQUAL, 1, 0, AUDIT_ARCH[machine]),
        (_RETURN, 0, 0, _KILL_PROCESS),
        (_LOAD, 0, 0, _NUMBER),
        # x32 shares x86_64's architecture, but bit 30 of its numbers is set: this refuses them all as well.
        (_IF_GREATER, 0, 1, NEWEST),
        _refuse(ENOSYS),
    ]
    answers: dict[int, list[Instruction]] = {}
    for name, check in _argument_checks():
        number = CHECKED[name][column]
        if number is not None:
            answers[number] = check
    for _, error, calls in DENIED:
        for _, on_x86_64, on_aarch64 in calls:
            number = (on_x86_64, on_aarch64)[column]
            if number is not None:
                answers[number] = [_refuse(error)]
    body += _by_number(answers)
    pack = Struct("<HBBI").pack
    return b"".join([pack(*instruction) for instruction in body])


def _argument_checks() -> list[tuple[str, list[Instruction]]]:
    """The checks by name; each ends in an answer on every path."""
    return [
        ("ioctl", _ioctl()),
        ("clone", [*_refuse_bits(0, CLONE_NAMESPACES), _PASS]),
        ("unshare", [*_refuse_bits(0, _ALL_BITS & ~UNSHARE_HARMLESS, _ALL_BITS), _PASS]),
        ("personality", _personality()),
        ("socket", _sockets(SOCKETS)),
        ("socketpair", _sockets(SOCKET_PAIRS)),
        ("open", _mode(2, flags=1)),
        ("openat", _mode(3, flags=2)),
        *((name, _mode(1)) for name in ("creat", "chmod", "fchmod", "mknod")),
        *((name, _mode(2)) for name in ("fchmodat", "mknodat")),
        ("fcntl", [_low(1), *_values((F_SETLEASE,), EINVAL), _PASS]),
        ("shmget", _at_most(1, SEGMENT_BYTES)),
        ("setrlimit", [_low(0), (_IF_EQUAL, 0, 1, RLIMIT_CORE), _NOTHING_DONE, _PASS]),
        ("prlimit64", _prlimit()),
    ]


def _refuse(error: int) -> Instruction:
    return (_RETURN, 0, 0, _ERRNO | error)


def _by_number(answers: dict[int, list[Instruction]]) -> list[Instruction]:
    """The answer for each number, else allow. A number passes one block of ten: loading tries them all."""
    code: list[Instruction] = []
    numbers = sorted(answers)
    for start in range(0, len(numbers), 10):
        block: list[Instruction] = []
        for number in numbers[start : start + 10]:
            block += _only_for(number, answers[number])
        block.append(_PASS)
        code += [(_IF_GREATER, _distance(block), 0, numbers[start : start + 10][-1]), *block]
    return [*code, _PASS]


def _only_for(number: int, answer: list[Instruction]) -> list[Instruction]:
    """`answer`, which must end in a return, if the loaded word is `number`; otherwise skip it."""
    return [(_IF_EQUAL, 0, _distance(answer), number), *answer]


def _distance(skipped: list[Instruction]) -> int:
    if len(skipped) > 255:
        raise AssertionError("a BPF jump reaches 255 instructions")
    return len(skipped)


def _low(argument: int) -> Instruction:
    """Load the low half of a 64-bit argument: all that the kernel reads of an `int`, whatever lies above."""
    return (_LOAD, 0, 0, _ARGUMENTS + 8 * argument)


def _high(argument: int) -> Instruction:
    return (_LOAD, 0, 0, _ARGUMENTS + 8 * argument + 4)


def _values(values: tuple[int, ...], error: int) -> list[Instruction]:
    """Refuse if the loaded word is one of `values`, otherwise go on."""
    return [word for value in values for word in ((_IF_EQUAL, 0, 1, value), _refuse(error))]


def _ioctl() -> list[Instruction]:
    """ENOTTY is what a file system or a socket says that lacks such requests."""
    code = [_low(1), *_values(TERMINAL_REQUESTS, EPERM), *_values((*ATTRIBUTE_REQUESTS, *MODULE_REQUESTS), ENOTTY)]
    code += [word for value in CLONE_REQUESTS for word in ((_IF_EQUAL, 0, 1, value), _PASS)]
    return [*code, (_AND, 0, 0, 0xFF00), *_values(VOLUME_LETTERS, ENOTTY), _PASS]


def _at_most(argument: int, size: int) -> list[Instruction]:
    """Refuse a size, of 64 bits, that is larger."""
    code = [_high(argument), (_IF_EQUAL, 1, 0, 0), _refuse(EINVAL)]
    return [*code, _low(argument), (_IF_GREATER, 0, 1, size), _refuse(EINVAL), _PASS]


def _prlimit() -> list[Instruction]:
    """Leave the limit of dumps alone; EPERM where the old one is asked for too, which nobody would have written."""
    set_alone = [_low(3), (_IF_EQUAL, 0, 2, 0), _high(3), (_IF_EQUAL, 1, 0, 0), _refuse(EPERM), _NOTHING_DONE]
    asked_alone = [_low(2), (_IF_EQUAL, 0, 3, 0), _high(2), (_IF_EQUAL, 0, 1, 0), _PASS]
    return [_low(1), (_IF_EQUAL, 1, 0, RLIMIT_CORE), _PASS, *asked_alone, *set_alone]


def _refuse_bits(argument: int, low: int, high: int = 0) -> list[Instruction]:
    """Refuse if any of these bits is set. clone ignores its high half, and libc sign-extends into it."""
    code = [_low(argument), (_IF_ANY_BIT, 0, 1, low), _refuse(EPERM)]
    if high:
        code += [_high(argument), (_IF_ANY_BIT, 0, 1, high), _refuse(EPERM)]
    return code


def _mode(argument: int, *, flags: int | None = None) -> list[Instruction]:
    """Refuse a mode that has the setuid or the setgid bit; where there are flags, only if they make it count."""
    check = [*_refuse_bits(argument, S_ISUID | S_ISGID), _PASS]
    if flags is None:
        return check
    return [_low(flags), (_IF_ANY_BIT, 1, 0, O_CREAT | O_TMPFILE), _PASS, *check]


def _personality() -> list[Instruction]:
    query = [(_IF_EQUAL, 0, 1, PERSONALITY_QUERY), _PASS]
    bits = _refuse_bits(0, _ALL_BITS & ~PERSONALITY_HARMLESS)
    return [bits[0], *query, *bits[1:], _PASS]


def _sockets(
    allowed: tuple[tuple[int, tuple[int, ...], tuple[int, ...]], ...],
) -> list[Instruction]:
    """Domain, type and protocol are `int`s; the errors are those that the kernel gives for what it lacks."""
    code = [_low(0)]
    for family, types, protocols in allowed:
        answer: list[Instruction] = []
        if types:
            answer += [_low(1), (_AND, 0, 0, 0xF), *_one_of(types, EPERM)]
        if protocols:
            answer += [_low(2), *_one_of(protocols, EPROTONOSUPPORT)]
        code += _only_for(family, [*answer, _PASS])
    return [*code, _refuse(EAFNOSUPPORT)]


def _one_of(values: tuple[int, ...], error: int) -> list[Instruction]:
    """Go on past the end if the loaded word is one of `values`, refuse otherwise."""
    last = len(values)
    code: list[Instruction] = [(_IF_EQUAL, last - at, 0, value) for at, value in enumerate(values)]
    return [*code, _refuse(error)]
