"""A doorway: a listener inside somebody else's network namespace, held by us.

The namespace has no other way out. What connects to the listener is known to come from that namespace, no port of the
host is taken, and nothing of ours runs inside. Light: a warm `exec` imports this module.

Source: ADR 0004; ioctl_ns(2), setns(2), ip(7) for IP_FREEBIND, unix(7) for SCM_RIGHTS.
"""

from __future__ import annotations

import _socket  # the C half of `socket`, whose Python half costs a warm exec 8 ms
import fcntl
import os
import resource
import struct

_NS_GET_USERNS = 0xB701
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_IP_FREEBIND = 15
_BACKLOG = 256
_GONE = 2
PORT = 3128
"""The port of every doorway: it is alone in its namespace."""


class DoorwayFailed(Exception):
    """No listener could be put into the namespace."""


class CellGone(DoorwayFailed):
    """The process whose namespace it is has ended."""


def open_doorway(pid: int, port: int = PORT) -> int:
    """Put a TCP listener on 127.0.0.1 into the network namespace of a process of ours; its descriptor.

    A child enters the namespaces, because a process cannot come back from a user namespace. Raises DoorwayFailed,
    CellGone where there is no such process any more.
    """
    try:
        ours, theirs = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_STREAM)
        child = os.fork()
    except OSError as error:
        raise DoorwayFailed(str(error)) from None
    if child == 0:
        try:
            _bind_inside(pid, port, theirs)
            os._exit(0)
        except BaseException as error:  # the child reports and ends, whatever happens
            theirs.sendall(str(error).encode("utf-8", "replace")[:500] or b"unknown")
            os._exit(_GONE if isinstance(error, FileNotFoundError) else 1)
    theirs.close()
    try:
        message, ancillary, _, _ = ours.recvmsg(512, _socket.CMSG_SPACE(4))
    finally:
        ours.close()
        _, status = os.waitpid(child, 0)
    for level, kind, data in ancillary:
        if level == _socket.SOL_SOCKET and kind == _socket.SCM_RIGHTS:
            descriptor = int(struct.unpack_from("i", data)[0])
            os.set_inheritable(descriptor, False)
            return descriptor
    failed = CellGone if os.WIFEXITED(status) and os.WEXITSTATUS(status) == _GONE else DoorwayFailed
    raise failed(message.decode("utf-8", "replace") or "the helper that enters the namespace ended")


def _bind_inside(pid: int, port: int, theirs: _socket.socket) -> None:
    network = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    # Not /proc/PID/ns/user: bubblewrap moves on to a second user namespace, which does not own the network.
    owner = fcntl.ioctl(network, _NS_GET_USERNS)
    _setns(owner, _CLONE_NEWUSER)
    _setns(network, _CLONE_NEWNET)
    listener = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    # bubblewrap brings `lo` up in its own time, and fails if somebody else does it first: bind without the address.
    listener.setsockopt(_socket.IPPROTO_IP, _IP_FREEBIND, 1)
    # Both ends are local: to wait for more bytes only costs 40 ms each time.
    listener.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(_BACKLOG)
    rights = struct.pack("i", listener.fileno())
    raise_limit()
    theirs.sendmsg([b"ok"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, rights)])


def raise_limit() -> tuple[int, int]:
    """Raise our limit of open files as far as we may, to send a descriptor; what it was.

    By it the kernel judges whether one more may be sent, and counts all that processes of this user have sent and not
    taken yet: a program in a sandbox can have 16,384 of them, and the usual limit is 1,024.

    Source: net/unix, `too_many_unix_fds`.
    """
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    return before


def make_ready() -> None:
    """Load what `open_doorway` needs; worth calling while bubblewrap is busy making the namespaces."""
    if not hasattr(os, "setns"):
        import ctypes

        ctypes.CDLL(None)


def _setns(descriptor: int, kind: int) -> None:
    if hasattr(os, "setns"):  # Python 3.12
        os.setns(descriptor, kind)
        return
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, kind) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"setns: {os.strerror(number)}")
