"""What the probe tries that the kernel has to refuse, or to answer from namespaces of the sandbox's own.

Part of the program in `probe.py`: Python's standard library alone. What is tried changes nothing where it succeeds.

Source: Linux `include/uapi/asm-generic/ioctls.h`, `include/uapi/linux/ptrace.h`, `keyctl.h` and `sched.h`.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import pty
import signal
import socket
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Answer = tuple[bool, str]
    Asked = dict[str, Any]

_ON_X86 = os.uname().machine == "x86_64"
_CLONE, _KEYCTL = (56, 250) if _ON_X86 else (220, 219)
_SEARCH, _READ, _SESSION = 10, 11, -3
_TIOCSTI, _TIOCSETD = 0x5412, 0x5423
_ATTACH, _DETACH = 16, 17
_NEWUSER = 0x10000000
_REFUSALS = ("EPERM", "ENOSYS", "EACCES")
_GETPID_32 = b"\x53\xb8\x14\x00\x00\x00\xcd\x80\x5b\xc3"  # push rbx; mov eax, 20; int 0x80; pop rbx; ret
_TRACED_SECONDS = 10

LIBC = ctypes.CDLL(None, use_errno=True)


def family(asked: Asked) -> Answer:
    """Whether sockets of a family can be made."""
    socket.socket(asked["family"], socket.SOCK_STREAM).close()
    return True, "the socket opens"


def keyring(asked: Asked) -> Answer:
    """Whether a key of the session that the user came from can be read."""
    key = syscall(_KEYCTL, _SEARCH, _SESSION, b"user", asked["description"].encode(), 0)
    held = ctypes.create_string_buffer(256)
    size = syscall(_KEYCTL, _READ, key, held, len(held))
    return asked["secret"].encode() in held.raw[:size], "the key was read"


def shared_memory(asked: Asked) -> Answer:
    """Whether a shared memory segment of the host's can be found by its key."""
    return checked(LIBC.shmget(ctypes.c_int(asked["key"]), ctypes.c_size_t(0), 0)) >= 0, "it was found"


def message_queue(asked: Asked) -> Answer:
    """Whether a message queue of the host's can be found by its key."""
    return checked(LIBC.msgget(ctypes.c_int(asked["key"]), 0)) >= 0, "it was found"


def privileges(_: Asked) -> Answer:
    """Whether this process has capabilities, could gain some by starting a program, or is under no filter."""
    with open("/proc/self/status", encoding="ascii", errors="replace") as file:
        fields = dict(line.split(":\t", 1) for line in file.read().splitlines() if ":\t" in line)
    wrong = [f"{name} {fields.get(name, 'unknown')}" for name, good in (
        ("CapEff", "0000000000000000"), ("CapPrm", "0000000000000000"), ("NoNewPrivs", "1"), ("Seccomp", "2"),
    ) if fields.get(name) != good]  # fmt: skip
    return bool(wrong), ", ".join(wrong) or "none, no new ones, and a filter"


def setuid(asked: Asked) -> Answer:
    """Whether a file can be made that runs as its owner, whoever starts it."""
    path = f"{asked['folder']}/setuid"
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o700))
    try:
        os.chmod(path, 0o4700)  # it is what must not be possible
        return os.stat(path).st_mode & 0o4000 != 0, "the bit was set"
    finally:
        os.unlink(path)


def call(asked: Asked) -> Answer:
    """Whether a system call gets as far as to look at its arguments, which make it harmless."""
    try:
        syscall(asked["number"], *asked["arguments"])
    except OSError as error:
        name = _name(error)
        return name not in _REFUSALS, name
    return True, "it succeeded"


def _name(error: OSError) -> str:
    return errno.errorcode.get(error.errno or 0, str(error))


def clone(_: Asked) -> Answer:
    """Whether a process can be made in a user namespace of its own."""
    child = syscall(_CLONE, _NEWUSER | signal.SIGCHLD, 0, 0, 0, 0)
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return True, "it was made"


def trace(_: Asked) -> Answer:
    """Whether one process can be traced by another, its child."""
    child = os.fork()
    if child == 0:
        time.sleep(_TRACED_SECONDS)
        os._exit(0)
    try:
        checked(LIBC.ptrace(_ATTACH, child, None, None))
        os.waitpid(child, 0)
        LIBC.ptrace(_DETACH, child, None, None)
        return True, "it was traced"
    finally:
        os.kill(child, signal.SIGKILL)


def terminal(_: Asked) -> Answer:
    """Whether something can be typed into a terminal, or its line discipline be set."""
    other = pty.openpty()[1]
    name = os.ttyname(other)
    os.setsid()
    ours = os.open(name, os.O_RDWR)
    said = ""
    for code, argument in ((_TIOCSTI, b"x"), (1 << 32 | _TIOCSTI, b"x"), (_TIOCSETD, b"\0\0\0\0")):
        if LIBC.ioctl(ours, ctypes.c_ulong(code), argument) == 0:
            return True, f"request {code:#x} was obeyed"
        said = os.strerror(ctypes.get_errno())
    return False, said


def foreign(_: Asked) -> Answer:
    """Whether a system call can be made as a 32-bit program would, past the filter."""
    if os.uname().machine != "x86_64":
        return False, "not known for this machine"
    code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(_GETPID_32)
    function = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))
    answer = function()
    return answer == os.getpid(), f"it answered {answer}"


def syscall(*arguments: int | bytes | ctypes.Array[ctypes.c_char]) -> int:
    """Make a system call; its result. Raises OSError."""
    words = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    LIBC.syscall.restype = ctypes.c_long
    return checked(LIBC.syscall(*words))


def checked(result: int) -> int:
    """What libc answered. Raises OSError where that is an error."""
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return int(result)
