"""Interfaces of the kernel that no namespace covers: reached without the filter, out of reach with it."""

from __future__ import annotations

import json
import subprocess

import pytest

from support.hostile import in_build, in_run
from support.ordinary import PYTHON, ordinary_argv
from support.registry import Upstream
from support.user import User
from support.weakened import FILTER, weakened

pytestmark = pytest.mark.attack

# Each attack returns what it got, or raises OSError. The numbers are x86_64's and aarch64's.
ATTACKS = r"""
import ctypes, errno, fcntl, json, mmap, os, socket, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
FIRST = os.uname().machine == 'x86_64'
def call(x86_64, aarch64, *arguments):
    given = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    done = libc.syscall(ctypes.c_long(x86_64 if FIRST else aarch64), *given)
    if done < 0: raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return done
def keyctl(*arguments): return call(250, 219, *arguments)
def session_key():
    key, room = keyctl(10, -3, b'user', b'jr-canary-key', 0), ctypes.create_string_buffer(64)
    size = keyctl(11, key, room, 64)
    return room.raw[:size] == b'secret'
def workspace_file(): return os.open('victim', os.O_CREAT | os.O_RDWR, 0o600)
def asks(request, data): return lambda: fcntl.ioctl(workspace_file(), request, data) is not None
def sock(family, kind, protocol=0): return lambda: socket.socket(family, kind, protocol).fileno()
def large_segment():
    made = call(29, 194, 0, 1 << 24, 0o1600)
    call(31, 195, made, 0, 0)  # and is removed at once
    return True
def lease(): return fcntl.fcntl(os.open('victim2', os.O_CREAT | os.O_RDONLY, 0o600), 1024, fcntl.F_RDLCK) == 0
def handle(): return call(303, 264, -100, b'/usr', ctypes.create_string_buffer(struct.pack('I', 128) + bytes(132)),
                          ctypes.create_string_buffer(4), 0) == 0
def mounts(): return call(458, 458, ctypes.create_string_buffer(struct.pack('IIQQQ', 32, 0, 2**64 - 1, 0, 0)),
                          ctypes.create_string_buffer(4096), 64, 0) > 0
ALL = {
    'the key of a session': session_key,
    'a key of its own': lambda: call(248, 217, b'user', b'x', b'y', 1, -2) != 0,
    'vsock': sock(40, 1),
    'kernel cryptography': sock(38, 5),
    'audit': sock(16, 3, 9),
    'netlink of the firewall': sock(16, 3, 12),
    'socket diagnostics': sock(16, 2, 4),
    'events of devices': sock(16, 2, 15),
    'SCTP': sock(2, 1, 132),
    'MPTCP': sock(2, 1, 262),
    'the module of bridges': lambda: fcntl.ioctl(
        socket.socket(), 0x8940, ctypes.create_string_buffer(32)) > 0,  # BRCTL_GET_VERSION, where there are bridges
    'io_uring': lambda: call(425, 425, 1, ctypes.create_string_buffer(120)) > 0,
    'a mount as a descriptor': lambda: call(428, 428, -100, b'/usr', 0) > 0,
    'userfaultfd': lambda: call(323, 282, 1) > 0,
    'performance counters': lambda: call(298, 241, ctypes.create_string_buffer(
        struct.pack('IIQ', 1, 112, 0) + bytes(24) + struct.pack('Q', 0x60) + bytes(64)), 0, -1, -1, 0) > 0,
    'bpf': lambda: call(
        321, 280, 0, ctypes.create_string_buffer(struct.pack('IIIII', 2, 4, 8, 1, 0) + bytes(100)), 72) > 0,
    'the log of the kernel': lambda: call(103, 116, 3, ctypes.create_string_buffer(4096), 4096) > 0,
    'events of all files': lambda: call(300, 262, 0x200, 0) > 0,
    'another personality': lambda: call(135, 92, 0x0400000) >= 0,
    'a handle of a file': handle,
    'the mounts by number': mounts,
    'secret memory': lambda: call(447, 447, 0) > 0,
    'a comparison with PID 1': lambda: call(312, 272, 1, 1, 0, 0, 0) == 0,
    'flags of a file': asks(0x40086602, struct.pack('l', 0x40)),
    'a version of an inode': asks(0x40087602, bytes(8)),
    'attributes of a file': asks(0x401C5820, struct.pack('5I', 0x80, 0, 0, 0, 0) + bytes(8)),
    'attributes of a file by the new call': lambda: call(
        469, 469, -100, b'victim', ctypes.create_string_buffer(struct.pack('Q', 0x80) + bytes(16)), 24, 0) == 0,
    'a lease': lease,
    'a large segment of shared memory': large_segment,
    'namespaces by clone3': lambda: call(435, 435, ctypes.create_string_buffer(8), 8) or True,
    'requests that all of the host share': lambda: call(206, 0, 1, ctypes.byref(ctypes.c_ulong(0))) == 0,
    'a descriptor of PID 1': lambda: call(438, 438, os.pidfd_open(1), 0, 0) > 0,
}
RESULT = []
workspace_file()
for name, attack in ALL.items():
    try:
        if attack(): RESULT.append(name)
    except OSError as error:
        if name == 'namespaces by clone3' and error.errno != errno.ENOSYS: RESULT.append(name)  # it looked at the flags
"""
EVERYWHERE = {
    "the key of a session", "a key of its own", "audit", "socket diagnostics", "events of devices",
    "another personality", "a mount as a descriptor", "a lease", "a large segment of shared memory",
    "namespaces by clone3", "requests that all of the host share", "a comparison with PID 1", "a descriptor of PID 1",
    "a handle of a file",
}  # fmt: skip
"""What a program reaches without the filter on any kernel that we know; the rest hangs on how it was built and set."""

IN_A_SESSION = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
add_key, keyctl = {"x86_64": (248, 250), "aarch64": (217, 219)}[os.uname().machine]
libc.syscall.restype = ctypes.c_long
libc.syscall(ctypes.c_long(keyctl), ctypes.c_long(1), None)  # a keyring of its own for the session
arguments = [b"user", b"jr-canary-key", b"secret", ctypes.c_size_t(6), ctypes.c_long(-3)]
if libc.syscall(ctypes.c_long(add_key), *arguments) < 0: sys.exit("no key can be made here")
os.execv(sys.argv[1], sys.argv[1:])
"""


def attempt(user: User) -> set[str]:
    """What a program reaches, whose user has a key in the keyring of the session."""
    user.write("main.py", f"{ATTACKS}\nimport json; print(json.dumps(RESULT))")
    argv = ordinary_argv([PYTHON, "-c", IN_A_SESSION, *user.command, "exec", "main.py"])
    done = subprocess.run(argv, cwd=user.work, env=user.env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done
    return set(json.loads(done.stdout))


def test_a_program_reaches_none_of_them(user: User) -> None:
    with weakened(user, FILTER):
        found = attempt(user)
    assert found >= EVERYWHERE, f"not reached without the filter either: {EVERYWHERE - found}"
    user.shell("rm -f victim victim2")
    assert attempt(user) == set()


def test_nor_does_a_build(user: User, upstream: Upstream) -> None:
    assert in_build(user, upstream, ATTACKS, "interfaces_sdist") == []


def test_every_child_is_under_the_filter(user: User) -> None:
    """Whatever starts it, in whatever session."""
    look = """
import subprocess
show = ['sh', '-c', 'grep -h -e Seccomp: -e NoNewPrivs: /proc/self/status']
RESULT = subprocess.run(show, capture_output=True, text=True).stdout.split()
RESULT += subprocess.run(['setsid', *show], capture_output=True, text=True).stdout.split()
"""
    assert in_run(user, look) == ["NoNewPrivs:", "1", "Seccomp:", "2"] * 2


NAMESPACES = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
RESULT = []
for name, flag in {'user': 0x10000000, 'mount': 0x10020000, 'net': 0x50000000, 'pid': 0x30000000}.items():
    child = os.fork()
    if child == 0: os._exit(0 if libc.unshare(flag) == 0 else 1)
    if os.waitpid(child, 0)[1] == 0: RESULT.append(name)
"""
NO_MORE_USERS = ("--disable-userns",)


def test_new_namespaces_are_refused_twice(user: User) -> None:
    """By the filter, and by a limit of the kernel's: either alone is enough."""
    with weakened(user, NO_MORE_USERS, FILTER):
        assert in_run(user, NAMESPACES) == ["user", "mount", "net", "pid"], "this shows nothing"
    for control in (NO_MORE_USERS, FILTER):
        with weakened(user, control):
            assert in_run(user, NAMESPACES) == []
    assert in_run(user, NAMESPACES) == []


PRIVILEGES = """
import ctypes, json, os
libc = ctypes.CDLL(None, use_errno=True)
os.makedirs('/tmp/mounted', exist_ok=True)
ALL = {
    'mount': lambda: libc.mount(b'none', b'/tmp/mounted', b'tmpfs', 0, None),
    'unmount': lambda: libc.umount2(b'/tmp', 2),
    'make writable': lambda: libc.mount(b'none', b'/proc', None, 4096 | 32, None),
    'rename the host': lambda: libc.sethostname(b'x', 1),
    'be root': lambda: libc.setuid(0),
    'enter a namespace': lambda: libc.setns(os.open('/proc/self/ns/uts', os.O_RDONLY), 0),
    'raise a priority': lambda: libc.setpriority(0, 0, -5),
    'add an address': lambda: 0 if os.system('ip address add 192.0.2.7/32 dev lo 2>/dev/null') == 0 else -1,
    'change the root': lambda: libc.chroot(b'/usr'),
}
RESULT = [name for name, attack in ALL.items() if attack() == 0]
"""


def test_there_is_no_capability_to_do_anything_with(user: User) -> None:
    """Nor would one be of use: the program is in a user namespace which owns none of the others."""
    user.write("attack.py", f"{PRIVILEGES}\nprint(json.dumps(RESULT))")
    bare = "bwrap --unshare-all --cap-add ALL --ro-bind / / --proc /proc --tmpfs /tmp python3"
    reached = set(json.loads(user.shell(f"{bare} <attack.py").stdout))
    assert reached >= {"mount", "rename the host", "enter a namespace", "change the root"}, "this shows nothing"
    assert in_run(user, PRIVILEGES) == []
    with weakened(user, FILTER, add=("--cap-add", "ALL")):
        assert set(in_run(user, PRIVILEGES)) <= {"change the root"}
    status = "RESULT = [l.split()[1] for l in open('/proc/self/status') if l.startswith('Cap')]"
    assert set(in_run(user, status)) == {"0" * 16}
