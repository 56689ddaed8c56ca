"""The filter as arithmetic: every call, every argument check, on both machines, without a kernel."""

from __future__ import annotations

import ast
import errno
import resource
from functools import cache
from pathlib import Path
from struct import iter_unpack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jhansi_runner.proxy.cell import seccomp, syscalls
from support.bpf import ALLOW, KILL_PROCESS, Call, refused_with, run

MACHINES = ("x86_64", "aarch64")
PROGRAMS = {machine: seccomp.program(machine) for machine in MACHINES}
WORD = st.integers(0, 2**64 - 1)
UPPER_HALF = st.integers(0, 2**32 - 1).map(lambda half: half << 32)
machines = pytest.mark.parametrize("machine", MACHINES)


@cache
def kernel_table(machine: str) -> dict[str, int]:
    lines = Path(__file__).with_name("syscalls.tsv").read_text().splitlines()[1:]
    rows = [line.split("\t") for line in lines]
    return {row[0]: int(row[1 + MACHINES.index(machine)]) for row in rows if row[1 + MACHINES.index(machine)] != "-"}


def denied(machine: str) -> dict[str, tuple[int, int]]:
    """Name to (number, errno), for what the machine has."""
    column = 1 + MACHINES.index(machine)
    found = {call[0]: (call[column], error) for _, error, calls in syscalls.DENIED for call in calls}
    return {name: (int(number), error) for name, (number, error) in found.items() if isinstance(number, int)}


def answer(machine: str, name: str, *args: int) -> int | None:
    number = kernel_table(machine)[name]
    return refused_with(run(PROGRAMS[machine], Call(seccomp.AUDIT_ARCH[machine], number, args)))


@machines
def test_numbers_are_those_of_the_kernels_tables(machine: str) -> None:
    table = kernel_table(machine)
    ours: dict[str, int | None] = {name: number for name, (number, _) in denied(machine).items()}
    ours |= {name: pair[MACHINES.index(machine)] for name, pair in syscalls.CHECKED.items()}
    assert ours == {name: table.get(name) for name in ours}
    absent = {c[0] for _, _, calls in syscalls.DENIED for c in calls} - denied(machine).keys()
    assert not absent & table.keys()


def test_no_call_is_listed_twice() -> None:
    names = [call[0] for _, _, calls in syscalls.DENIED for call in calls] + list(syscalls.CHECKED)
    assert len(names) == len(set(names))


@machines
def test_denied_calls_are_refused_and_all_others_allowed_whatever_their_arguments(machine: str) -> None:
    refused = denied(machine)
    noise = (2**64 - 1,) * 6
    for name in kernel_table(machine).keys() - syscalls.CHECKED.keys():
        expected = refused[name][1] if name in refused else None
        assert answer(machine, name) == expected, name
        assert answer(machine, name, *noise) == expected, name


@machines
@given(number=st.integers(syscalls.NEWEST + 1, 2**32 - 1), args=st.tuples(WORD, WORD, WORD))
def test_calls_newer_than_those_reviewed_do_not_exist(machine: str, number: int, args: tuple[int, int, int]) -> None:
    call = Call(seccomp.AUDIT_ARCH[machine], number, args)
    assert refused_with(run(PROGRAMS[machine], call)) == errno.ENOSYS


@given(number=st.integers(0, 600))
def test_x32_calls_do_not_exist(number: int) -> None:
    call = Call(seccomp.AUDIT_ARCH["x86_64"], 0x40000000 | number)
    assert refused_with(run(PROGRAMS["x86_64"], call)) == errno.ENOSYS


@machines
@given(arch=st.integers(0, 2**32 - 1), number=st.integers(0, 2**32 - 1))
def test_a_foreign_architecture_is_killed_whatever_it_asks(machine: str, arch: int, number: int) -> None:
    for foreign in {arch, 0x40000003, 0x40000028, *seccomp.AUDIT_ARCH.values()} - {seccomp.AUDIT_ARCH[machine]}:
        assert run(PROGRAMS[machine], Call(foreign, number)) == KILL_PROCESS


# TIOCSTI, TIOCLINUX, TIOCSETD
TERMINAL = (0x5412, 0x541C, 0x5423)
# SIOCGIFBR, SIOCSIFBR, SIOCGIFVLAN, SIOCSIFVLAN, SIOCBRADDBR, SIOCBRDELBR
MODULES = (0x8940, 0x8941, 0x8982, 0x8983, 0x89A0, 0x89A1)
# `struct fsxattr` has 28 bytes, a policy of fscrypt 12, a key of it 80, the order to remove one 64, one of fsverity 128
ATTRIBUTES = {
    "FS_IOC_SETFLAGS": (1, "f", 2, 8),
    "FS_IOC32_SETFLAGS": (1, "f", 2, 4),
    "FS_IOC_SETVERSION": (1, "v", 2, 8),
    "FS_IOC_FSSETXATTR": (1, "X", 32, 28),
    "FS_IOC_SET_ENCRYPTION_POLICY": (2, "f", 19, 12),
    "FS_IOC_ADD_ENCRYPTION_KEY": (3, "f", 23, 80),
    "FS_IOC_REMOVE_ENCRYPTION_KEY": (3, "f", 24, 64),
    "FS_IOC_ENABLE_VERITY": (1, "f", 133, 128),
}
CLONES = {"FICLONE": (1, 9, 4), "FICLONERANGE": (1, 13, 32), "FIDEDUPERANGE": (3, 54, 24)}


def request_of(direction: int, letter: str | int, number: int, size: int) -> int:
    """A request as `_IOC` makes it. Source: linux/ioctl.h."""
    return direction << 30 | size << 16 | (ord(letter) if isinstance(letter, str) else letter) << 8 | number


def expected_ioctl(request: int) -> int | None:
    if request in TERMINAL:
        return errno.EPERM
    if request in MODULES or request in {request_of(*parts) for parts in ATTRIBUTES.values()}:
        return errno.ENOTTY
    if request in {request_of(direction, 0x94, number, size) for direction, number, size in CLONES.values()}:
        return None
    return errno.ENOTTY if request >> 8 & 0xFF in (0x94, 0xBC) else None


@machines
@given(upper=UPPER_HALF, request=WORD, number=st.integers(0, 255))
def test_ioctl_is_compared_on_the_32_bits_that_the_kernel_reads(
    machine: str, upper: int, request: int, number: int
) -> None:
    known = {request_of(*parts) for parts in ATTRIBUTES.values()}
    known |= {request_of(direction, 0x94, number, size) for direction, number, size in CLONES.values()}
    volumes = {request_of(1, letter, number, 4096) for letter in (0x94, 0xBC)}
    for asked in {*TERMINAL, *MODULES, *known, *volumes, request & 0xFFFFFFFF}:
        assert answer(machine, "ioctl", 0, upper | asked) == expected_ioctl(asked), hex(asked)


# FIONREAD, FIONBIO, FIOCLEX, TCGETS, TIOCGWINSZ, FS_IOC_GETFLAGS, FS_IOC_FIEMAP, SIOCGIFCONF, SIOCGIFBRDADDR
@machines
@pytest.mark.parametrize("request_", [0x541B, 0x5421, 0x5451, 0x5401, 0x5413, 0x80086601, 0xC020660B, 0x8912, 0x8919])
def test_requests_of_ordinary_programs_are_allowed(machine: str, request_: int) -> None:
    assert answer(machine, "ioctl", 0, request_) is None


@machines
@given(upper=UPPER_HALF, command=WORD)
def test_no_lease_is_taken_on_a_file(machine: str, upper: int, command: int) -> None:
    assert answer(machine, "fcntl", 3, upper | 1024) == errno.EINVAL
    assert answer(machine, "fcntl", 3, command) == (errno.EINVAL if command & 0xFFFFFFFF == 1024 else None)


@machines
@given(size=WORD)
def test_a_segment_of_shared_memory_is_small(machine: str, size: int) -> None:
    for asked in (size, size & 0x1FFFF, 0, 1 << 16, (1 << 16) + 1, 1 << 32, (1 << 32) + 1, 2**64 - 1):
        assert answer(machine, "shmget", 0, asked, 0o1600) == (errno.EINVAL if asked > 1 << 16 else None)


NAMESPACES = {
    "NEWNS": 0x00020000,
    "NEWCGROUP": 0x02000000,
    "NEWUTS": 0x04000000,
    "NEWIPC": 0x08000000,
    "NEWUSER": 0x10000000,
    "NEWPID": 0x20000000,
    "NEWNET": 0x40000000,
}


@machines
@pytest.mark.parametrize("flag", NAMESPACES.values(), ids=NAMESPACES.keys())
@given(others=WORD)
def test_no_new_namespace_by_clone_or_unshare(machine: str, flag: int, others: int) -> None:
    assert answer(machine, "clone", flag | others) == errno.EPERM
    assert answer(machine, "unshare", flag | others) == errno.EPERM


@machines
@given(upper=UPPER_HALF)
def test_threads_and_forks_are_allowed_even_with_a_sign_extended_flag(machine: str, upper: int) -> None:
    for flags in (0x3D0F00, 0x01200011, 0x4111, 0x80000011, 17):
        assert answer(machine, "clone", upper | flags) is None


@machines
@given(flags=WORD)
def test_unshare_takes_only_what_concerns_the_caller_alone(machine: str, flags: int) -> None:
    for harmless in (0, 0x200, 0x400, 0x40000, 0x40600):
        assert answer(machine, "unshare", harmless) is None
    newtime = 0x80
    assert answer(machine, "unshare", newtime) == errno.EPERM
    expected = None if flags & ~0x50F00 == 0 else errno.EPERM
    assert answer(machine, "unshare", flags) == expected


@machines
@given(upper=UPPER_HALF, which=WORD, new=WORD, old=WORD)
def test_the_limit_of_dumps_stays_and_every_other_may_be_set(
    machine: str, upper: int, which: int, new: int, old: int
) -> None:
    core = which & 0xFFFFFFFF == resource.RLIMIT_CORE
    assert answer(machine, "setrlimit", which, new) == (0 if core else None)
    expected = None if not core or new == 0 else 0 if old == 0 else errno.EPERM
    assert answer(machine, "prlimit64", 0, which, new, old) == expected
    for pointer in (1, 1 << 32, upper | 8):
        assert answer(machine, "setrlimit", upper | resource.RLIMIT_CORE, pointer) == 0
        assert answer(machine, "prlimit64", 7, upper | resource.RLIMIT_CORE, pointer, 0) == 0
        assert answer(machine, "prlimit64", 7, resource.RLIMIT_CORE, pointer, pointer) == errno.EPERM
        assert answer(machine, "prlimit64", 7, resource.RLIMIT_CORE, 0, pointer) is None


@machines
@given(upper=UPPER_HALF, persona=WORD)
def test_personality_may_be_asked_and_may_stop_randomising_only(machine: str, upper: int, persona: int) -> None:
    for harmless in (0, 0xFFFFFFFF, 0x0040000):
        assert answer(machine, "personality", upper | harmless) is None
    for harmful in (0x0400000, 0x0100000, 0x8, 0x0440000):  # READ_IMPLIES_EXEC, MMAP_PAGE_ZERO, PER_LINUX32
        assert answer(machine, "personality", upper | harmful) == errno.EPERM
    value = persona & 0xFFFFFFFF
    assert (answer(machine, "personality", persona) is None) == (value in (0, 0xFFFFFFFF, 0x0040000))


def expected_socket(domain: int, kind: int, protocol: int) -> int | None:
    kind &= 0xF
    if domain == 1:
        return None
    if domain in (2, 10):
        if kind not in (1, 2):
            return errno.EPERM
        return None if protocol in (0, 6, 17) else errno.EPROTONOSUPPORT
    if domain == 16:
        if kind not in (2, 3):
            return errno.EPERM
        return None if protocol == 0 else errno.EPROTONOSUPPORT
    return errno.EAFNOSUPPORT


@machines
def test_every_socket_family_type_and_low_protocol(machine: str) -> None:
    for domain in range(64):
        for kind in range(16):
            for protocol in (0, 1, 6, 9, 17, 132, 255, 262):
                wanted = expected_socket(domain, kind, protocol)
                nonblocking = kind | 0o4000 | 0o2000000
                assert answer(machine, "socket", domain, nonblocking, protocol) == wanted


@machines
@given(domain=WORD, kind=WORD, protocol=WORD, upper=UPPER_HALF)
def test_sockets_are_decided_on_the_low_halves(machine: str, domain: int, kind: int, protocol: int, upper: int) -> None:
    low = 0xFFFFFFFF
    wanted = expected_socket(domain & low, kind & low, protocol & low)
    assert answer(machine, "socket", domain, kind, protocol) == wanted
    for family in (1, 2, 10, 16, 17, 38, 40):
        assert answer(machine, "socket", upper | family, upper | 3, upper) == expected_socket(family, 3, 0)


@machines
@given(domain=WORD, upper=UPPER_HALF)
def test_socket_pairs_are_unix_ones(machine: str, domain: int, upper: int) -> None:
    assert answer(machine, "socketpair", upper | 1, 1) is None
    wanted = None if domain & 0xFFFFFFFF == 1 else errno.EAFNOSUPPORT
    assert answer(machine, "socketpair", domain, 1) == wanted


SET_ID = 0o6000
# where the mode is; O_CREAT and __O_TMPFILE are 0100 and 020000000
MODES = {"creat": 1, "chmod": 1, "fchmod": 1, "mknod": 1, "fchmodat": 2, "mknodat": 2}
OPENS = {"open": 1, "openat": 2}  # where the flags are; the mode comes after them


def present(machine: str, names: dict[str, int]) -> list[tuple[str, int]]:
    return [(name, at) for name, at in names.items() if name in kernel_table(machine)]


@machines
@given(noise=st.tuples(WORD, WORD, WORD, WORD), upper=UPPER_HALF, mode=WORD)
def test_no_mode_with_setuid_or_setgid(machine: str, noise: tuple[int, ...], upper: int, mode: int) -> None:
    for name, at in present(machine, MODES):
        for given_mode in (
            mode,
            mode | 0o4000,
            mode | 0o2000,
            mode & ~SET_ID,
            upper,
            upper | 0o101777,
            upper | 0o104755,
        ):
            args = (*noise[:at], given_mode, *noise[at:])
            assert answer(machine, name, *args) == (errno.EPERM if given_mode & SET_ID else None), name


@machines
@given(noise=st.tuples(WORD, WORD), upper=UPPER_HALF, flags=WORD, mode=WORD)
def test_the_mode_of_open_counts_when_it_creates(
    machine: str, noise: tuple[int, ...], upper: int, flags: int, mode: int
) -> None:
    creating = 0o100 | 0o20000000
    for name, at in present(machine, OPENS):
        for how in (flags, flags | 0o100, flags | 0o20000000, flags & ~creating, upper, upper | 0o2000101):
            for given_mode in (mode, mode | 0o4000, mode | 0o2000, mode & ~SET_ID, upper | 0o1777):
                refused = how & creating and given_mode & SET_ID
                args = (*noise[:at], how, given_mode, *noise)
                assert answer(machine, name, *args) == (errno.EPERM if refused else None), name


@machines
def test_calls_that_set_a_mode_out_of_sight_do_not_exist(machine: str) -> None:
    assert answer(machine, "openat2") == answer(machine, "fchmodat2") == errno.ENOSYS


@machines
def test_every_jump_lands_inside_the_program_and_the_last_answer_is_allow(machine: str) -> None:
    code = list(iter_unpack("<HBBI", PROGRAMS[machine]))
    assert len(code) < 4096
    for at, (opcode, if_true, if_false, _) in enumerate(code):
        if opcode & 0x07 == 0x05:
            assert at + 1 + max(if_true, if_false) < len(code)
    assert code[-1] == (0x06, 0, 0, ALLOW)


@machines
def test_calls_that_take_no_argument_check_never_load_an_argument(machine: str) -> None:
    """The kernel keeps the answer for a number only if the filter looked at nothing else on the way."""
    code = list(iter_unpack("<HBBI", PROGRAMS[machine]))
    for number in kernel_table(machine).values():
        at = 0
        for _ in range(len(code)):
            opcode, if_true, if_false, constant = code[at]
            at += 1
            if opcode == 0x15:
                loaded = seccomp.AUDIT_ARCH[machine] if at == 2 else number
                at += if_true if loaded == constant else if_false
            elif opcode == 0x25:
                at += if_true if number > constant else if_false
            elif opcode == 0x20 and constant >= 16:
                assert number in {pair[MACHINES.index(machine)] for pair in syscalls.CHECKED.values()}
                break
            elif opcode == 0x06:
                break


@pytest.mark.parametrize("machine", ["i686", "armv7l", "riscv64", "ppc64le", "", "X86_64"])
def test_a_machine_without_a_filter_runs_nothing(machine: str) -> None:
    with pytest.raises(seccomp.UnsupportedMachine, match="nothing runs without one"):
        seccomp.program(machine)


def test_the_filter_imports_nothing_that_a_warm_run_would_pay_for() -> None:
    light = {"__future__", "errno", "struct", syscalls.__name__}
    for module in (seccomp, syscalls):
        nodes = list(ast.walk(ast.parse(Path(module.__file__ or "").read_text())))
        assert not [node for node in nodes if isinstance(node, ast.Import)]
        assert {node.module for node in nodes if isinstance(node, ast.ImportFrom)} <= light
