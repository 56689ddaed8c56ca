"""The filter in the kernel: loaded by the real bwrap, as an ordinary user, attacked from inside.

Many of these calls fail without a filter too, for want of a capability. To see that it is the filter which
answers, `marked` moves every error of it up by `MARK`, to numbers that the kernel never gives.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from struct import iter_unpack, pack

import pytest

from jhansi_runner.proxy.cell import seccomp, syscalls
from support.ordinary import PYTHON
from support.sandbox import in_sandbox

MACHINE = os.uname().machine
COLUMN = syscalls.MACHINES.index(MACHINE)
FILTER = seccomp.program(MACHINE)
MARK = 1000


def marked(program: bytes) -> bytes:
    code = iter_unpack("<HBBI", program)
    moved = ((op, t, f, k + MARK if op == 0x06 and k & 0xFFFF0000 == 0x00050000 else k) for op, t, f, k in code)
    return b"".join(pack("<HBBI", *instruction) for instruction in moved)


CALLER = """
import ctypes, json, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
def call(number, *arguments):
    ctypes.set_errno(0)
    given = [a.encode() if isinstance(a, str) else ctypes.c_ulong(a) for a in arguments]
    return 0 if libc.syscall(ctypes.c_long(number), *given) >= 0 else ctypes.get_errno()
print(json.dumps([call(*arguments) for arguments in json.loads(sys.argv[1])]))
"""


def errors_inside(calls: list[tuple[int | str, ...]], program: bytes | None) -> list[int]:
    """The errno of each call (number, arguments...) made in one process inside; 0 for success."""
    done = in_sandbox([PYTHON, "-I", "-c", CALLER, json.dumps(calls)], program)
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


def number(name: str) -> int:
    listed = {call: (first, second) for _, _, calls in syscalls.DENIED for call, first, second in calls}
    found = (listed | syscalls.CHECKED)[name][COLUMN]
    assert found is not None
    return found


def test_every_denied_call_is_answered_by_the_filter() -> None:
    rows = [(c[0], c[1 + COLUMN], error) for _, error, calls in syscalls.DENIED for c in calls]
    present = [(name, at, error) for name, at, error in rows if at is not None]
    seen = errors_inside([(at, 0, 0, 0, 0, 0) for _, at, _ in present], marked(FILTER))
    assert dict(zip((p[0] for p in present), seen, strict=True)) == {n: MARK + e for n, _, e in present}


# What a program in the bare sandbox can do when there is no filter; `ptrace` last, it changes the caller.
REACHABLE: dict[str, tuple[tuple[int | str, ...], int]] = {
    "the host's session keyring": ((number("keyctl"), 0, 0xFFFFFFFD, 1), errno.EPERM),
    "a key of one's own": ((number("add_key"), "user", "canary", "x", 1, 0xFFFFFFFC), errno.EPERM),
    "audit netlink": ((number("socket"), 16, 3, 9), errno.EPROTONOSUPPORT),
    "socket diagnostics": ((number("socket"), 16, 2, 4), errno.EPROTONOSUPPORT),
    "a mount as a descriptor": ((number("open_tree"), 0xFFFFFF9C, "/usr", 0), errno.EPERM),
    "executable data": ((number("personality"), 0x0400000), errno.EPERM),
    "being traced": ((number("ptrace"), 0, 0, 0, 0), errno.EPERM),
}


def test_what_the_bare_sandbox_lets_through_the_filter_refuses() -> None:
    calls = [call for call, _ in REACHABLE.values()]
    assert dict(zip(REACHABLE, errors_inside(calls, None), strict=True)) == dict.fromkeys(REACHABLE, 0)
    refusals = {name: error for name, (_, error) in REACHABLE.items()}
    assert dict(zip(REACHABLE, errors_inside(calls, FILTER), strict=True)) == refusals


CHECKED: dict[str, tuple[tuple[int | str, ...], int]] = {
    "TIOCSTI": ((number("ioctl"), 0, 0x5412, 0), MARK + errno.EPERM),
    "TIOCSTI with bits above": ((number("ioctl"), 0, 0xDEADBEEF00005412, 0), MARK + errno.EPERM),
    "TIOCLINUX with bits above": ((number("ioctl"), 0, 0x100000000 | 0x541C, 0), MARK + errno.EPERM),
    "FS_IOC_SETFLAGS": ((number("ioctl"), 0, 0x40086602, 0), MARK + errno.ENOTTY),
    "FS_IOC_FSSETXATTR with bits above": ((number("ioctl"), 0, 0x7F401C5820, 0), MARK + errno.ENOTTY),
    "a snapshot by Btrfs": ((number("ioctl"), 0, 0x50009401, 0), MARK + errno.ENOTTY),
    "FICLONE of a closed descriptor": ((number("ioctl"), 99, 0x40049409, 0), errno.EBADF),
    "a lease": ((number("fcntl"), 0, 1024, 0), MARK + errno.EINVAL),
    "a lease with bits above": ((number("fcntl"), 0, 0x100000400, 0), MARK + errno.EINVAL),
    "F_GETFD": ((number("fcntl"), 0, 1), 0),
    "a large segment": ((number("shmget"), 0, 65537, 0o1600), MARK + errno.EINVAL),
    "a huge segment": ((number("shmget"), 0, 1 << 32, 0o1600), MARK + errno.EINVAL),
    "a small segment": ((number("shmget"), 0, 65536, 0o1600), 0),
    "TIOCSETD": ((number("ioctl"), 0, 0x5423, 0), MARK + errno.EPERM),
    "FIONREAD on a closed descriptor": ((number("ioctl"), 99, 0x541B, 0), errno.EBADF),
    "clone a user namespace": ((number("clone"), 0x10000011, 0, 0, 0, 0), MARK + errno.EPERM),
    "unshare a user namespace": ((number("unshare"), 0x10000000), MARK + errno.EPERM),
    "unshare a mount namespace": ((number("unshare"), 0x00020000), MARK + errno.EPERM),
    "unshare a time namespace": ((number("unshare"), 0x80), MARK + errno.EPERM),
    "unshare files": ((number("unshare"), 0x400), 0),
    "personality": ((number("personality"), 0xFFFFFFFF), 0),
    "AF_UNIX": ((number("socket"), 1, 1, 0), 0),
    "AF_INET": ((number("socket"), 2, 0o2004001, 0), 0),
    "AF_INET6 UDP": ((number("socket"), 10, 2, 17), 0),
    "AF_NETLINK route": ((number("socket"), 16, 3, 0), 0),
    "AF_NETLINK netfilter": ((number("socket"), 16, 3, 12), MARK + errno.EPROTONOSUPPORT),
    "AF_INET raw ICMP": ((number("socket"), 2, 3, 1), MARK + errno.EPERM),
    "AF_INET ping": ((number("socket"), 2, 2, 1), MARK + errno.EPROTONOSUPPORT),
    "AF_INET SCTP": ((number("socket"), 2, 1, 132), MARK + errno.EPROTONOSUPPORT),
    "AF_INET SOCK_PACKET": ((number("socket"), 2, 10, 0x300), MARK + errno.EPERM),
    "AF_PACKET": ((number("socket"), 17, 3, 0x300), MARK + errno.EAFNOSUPPORT),
    "AF_VSOCK": ((number("socket"), 40, 1, 0), MARK + errno.EAFNOSUPPORT),
    "AF_VSOCK with bits above": ((number("socket"), 0xFF00000028, 1, 0), MARK + errno.EAFNOSUPPORT),
    "AF_ALG": ((number("socket"), 38, 5, 0), MARK + errno.EAFNOSUPPORT),
    "a pair of AF_TIPC": ((number("socketpair"), 30, 1, 0, 0), MARK + errno.EAFNOSUPPORT),
    "fchmod setuid": ((number("fchmod"), 99, 0o4755), MARK + errno.EPERM),
    "fchmod setgid with bits above": ((number("fchmod"), 99, 0xFF00002755), MARK + errno.EPERM),
    "fchmod sticky": ((number("fchmod"), 99, 0o1777), errno.EBADF),
    "fchmodat setuid": ((number("fchmodat"), 0xFFFFFF9C, "none", 0o4755), MARK + errno.EPERM),
    "fchmodat": ((number("fchmodat"), 0xFFFFFF9C, "none", 0o1777), errno.ENOENT),
    "mknodat setuid": ((number("mknodat"), 0xFFFFFF9C, "m", 0o104755, 0), MARK + errno.EPERM),
    "mknodat": ((number("mknodat"), 0xFFFFFF9C, "m", 0o100755, 0), 0),
    "openat creating setuid": ((number("openat"), 0xFFFFFF9C, "o", 0o101, 0o4755), MARK + errno.EPERM),
    "openat unnamed setgid": ((number("openat"), 0xFFFFFF9C, ".", 0o20200002, 0o2755), MARK + errno.EPERM),
    "openat creating": ((number("openat"), 0xFFFFFF9C, "o", 0o101, 0o755), 0),
    "openat with garbage for a mode": ((number("openat"), 0xFFFFFF9C, "o", 0, 0xFFFFFFFFFFFFFFFF), 0),
    "a limit of dumps": ((number("setrlimit"), 4, "0123456789abcdef"), MARK),
    "a limit of dumps with bits above": ((number("prlimit64"), 0, 0x100000004, "0123456789abcdef", 0), MARK),
    "a limit of dumps for the old one": ((number("prlimit64"), 0, 4, "0" * 16, "0" * 16), MARK + errno.EPERM),
    "what the limit of dumps is": ((number("prlimit64"), 0, 4, 0, "0123456789abcdef"), 0),
    "a call of the future": ((syscalls.NEWEST + 1, 0), MARK + errno.ENOSYS),
    "x32 getpid": ((0x40000000 | 39, 0), MARK + errno.ENOSYS),
}


def test_arguments_decide() -> None:
    seen = errors_inside([call for call, _ in CHECKED.values()], marked(FILTER))
    assert dict(zip(CHECKED, seen, strict=True)) == {name: error for name, (_, error) in CHECKED.items()}


I386_GETPID = """
import ctypes, mmap
page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(bytes.fromhex("b814000000cd80c3"))  # mov eax, 20; int 0x80; ret
address = ctypes.addressof(ctypes.c_char.from_buffer(page))
print("survived", ctypes.CFUNCTYPE(ctypes.c_int)(address)())
"""


@pytest.mark.skipif(MACHINE != "x86_64", reason="int 0x80 is an instruction of x86")
def test_a_32_bit_call_from_64_bit_code_kills() -> None:
    bare = in_sandbox([PYTHON, "-I", "-c", I386_GETPID], None)
    assert bare.stdout.startswith("survived") or bare.returncode == 128 + 11  # SIGSEGV: a kernel without i386
    filtered = in_sandbox([PYTHON, "-I", "-c", I386_GETPID], FILTER)
    assert (filtered.returncode, filtered.stdout) == (128 + 31, "")  # SIGSYS


def test_pid_1_and_all_children_are_under_it() -> None:
    script = "grep -h Seccomp: /proc/1/status /proc/self/status; sh -c 'grep Seccomp: /proc/$$/status'"
    done = in_sandbox(["/bin/sh", "-c", script], FILTER)
    assert done.stdout.split() == ["Seccomp:", "2"] * 3


@pytest.mark.parametrize(
    "broken", [b"", FILTER[:-8], FILTER[:-3], b"\xff" * 8 * 16], ids=["empty", "no end", "torn", "noise"]
)
def test_nothing_runs_if_the_filter_cannot_load(broken: bytes) -> None:
    done = in_sandbox(["/bin/echo", "ran"], broken)
    assert done.returncode != 0
    assert done.stdout == ""
    assert done.stderr.startswith("bwrap: ")


PROGRAMS: dict[str, list[str]] = {
    "threads": [
        PYTHON,
        "-c",
        "import threading; t = [threading.Thread(target=sum, args=(range(9),)) for _ in range(8)]; "
        "[x.start() for x in t]; [x.join() for x in t]; print('ok')",
    ],
    "asyncio": [
        PYTHON,
        "-c",
        "import asyncio\n"
        "async def main():\n"
        "    server = await asyncio.start_server(lambda r, w: w.close(), '127.0.0.1', 0)\n"
        "    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())\n"
        "    await reader.read(); writer.close()\n"
        "    child = await asyncio.create_subprocess_exec('/bin/true'); assert await child.wait() == 0\n"
        "    await asyncio.to_thread(print, 'ok')\n"
        "asyncio.run(main())",
    ],
    "subprocess": [
        PYTHON,
        "-c",
        "import subprocess, os; subprocess.run(['true'], check=True); "
        "subprocess.run('exit 0', shell=True, check=True, start_new_session=True); "
        "os.waitpid(os.posix_spawn('/bin/true', ['true'], {}), 0); print('ok')",
    ],
    "terminal": [PYTHON, "-c", "import pty; pty.spawn(['/bin/echo', 'ok'])"],
    "addresses": ["/bin/sh", "-c", "getent hosts localhost; getent ahosts 127.0.0.1 && echo ok"],
    "git": ["/bin/sh", "-c", "git init -q r && cd r && git -c user.name=a -c user.email=a@b.example "
            "commit -q --allow-empty -m m && git log --format=format:ok"],
    "gcc": ["/bin/sh", "-c", "echo 'int main(){return 0;}' > a.c && gcc -O2 a.c -o a && ./a && echo ok"],
    "node": [
        "node",
        "-e",
        "const {Worker} = require('worker_threads'); new Worker('0', {eval: true}).on('exit', () => "
        "require('child_process').exec('true', (e) => console.log(e ? 'bad' : 'ok')))",
    ],
    "go": [
        "/bin/sh",
        "-c",
        "printf 'package main\\nimport (\"fmt\"; \"net\"; \"os/exec\")\\nfunc main() {\\n"
        "l, e := net.Listen(\"tcp\", \"127.0.0.1:0\"); if e != nil { panic(e) }; l.Close()\\n"
        "if _, e := net.Interfaces(); e != nil { panic(e) }\\n"
        "done := make(chan bool); go func() { exec.Command(\"true\").Run(); done <- true }(); <-done\\n"
        "fmt.Println(\"ok\") }\\n' > m.go && GOCACHE=/tmp/c CGO_ENABLED=0 go run m.go",
    ],
    "java": ["/bin/sh", "-c", "printf 'class M { public static void main(String[] a) throws Exception { "
             "new java.net.ServerSocket(0).close(); Thread t = new Thread(() -> {}); t.start(); t.join(); "
             "Runtime.getRuntime().exec(\"true\").waitFor(); System.out.println(\"ok\"); } }' > M.java && "
             "java -XX:+UseNUMA M.java"],
}  # fmt: skip
TOOLS = {"git": "git", "gcc": "gcc", "node": "node", "go": "go", "java": "javac"}
INSTALLED = [
    name for name in PROGRAMS if name not in TOOLS or shutil.which(TOOLS[name], path="/usr/bin:/usr/local/go/bin")
]


@pytest.mark.parametrize("name", INSTALLED)
def test_ordinary_programs_do_not_notice(name: str) -> None:
    done = in_sandbox(PROGRAMS[name], FILTER, timeout=180)
    assert (done.returncode, done.stdout.split()[-1:]) == (0, ["ok"]), done.stderr


COPIES = {
    "cp -p": "cp -p",
    "cp -a": "cp -a",
    "install": "install -m 6755",
}


@pytest.mark.parametrize("how", COPIES)
def test_copying_a_setuid_file_fails_or_drops_the_bits(how: str) -> None:
    """/usr/bin/su is root's: what is copied is the mode. Programs say so and go on; none dies of it."""
    script = f"{COPIES[how]} /usr/bin/su copy; echo $?; stat -c %a copy 2>&1"
    done = in_sandbox(["/bin/sh", "-c", script], FILTER)
    code, mode = done.stdout.split(maxsplit=1)
    assert code in ("0", "1"), done
    assert len(mode.strip()) == 3 or "No such file" in mode, done


def test_an_archive_with_a_setuid_file_is_extracted_without_the_bit() -> None:
    pack_it = (
        "import io, tarfile; archive = tarfile.open('a.tar', 'w')\n"
        "for name, mode in (('x', 0o4755), ('y', 0o644)):\n"
        "    member = tarfile.TarInfo(name); member.mode = mode; member.size = 1\n"
        "    archive.addfile(member, io.BytesIO(b'x'))\n"
        "archive.close()"
    )
    for options in ("-xf", "-xpf"):
        script = f'python3 -c "$1"; tar {options} a.tar; echo $?; stat -c %a x y; cat y'
        done = in_sandbox(["/bin/sh", "-c", script, "sh", pack_it], FILTER)
        code, x, y, content = done.stdout.split()
        assert (code in ("0", "2"), len(x), y, content) == (True, 3, "644", "x"), done


def test_multiprocessing_with_a_pool_and_shared_memory() -> None:
    script = (
        "import multiprocessing as m\n"
        "from multiprocessing import shared_memory\n"
        "if __name__ == '__main__':\n"
        "    for how in ('fork', 'spawn', 'forkserver'):\n"
        "        with m.get_context(how).Pool(2) as pool: assert pool.map(abs, [-1, -2]) == [1, 2]\n"
        "    block = shared_memory.SharedMemory(create=True, size=9)\n"
        "    block.close(); block.unlink(); print('ok')\n"
    )
    done = in_sandbox(["/bin/sh", "-c", 'printf %s "$1" > m.py && python3 m.py', "sh", script], FILTER)
    assert (done.returncode, done.stdout) == (0, "ok\n"), done.stderr
