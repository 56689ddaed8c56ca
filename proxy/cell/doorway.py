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

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

_NS_GET_USERNS = 0xB701
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_IP_FREEBIND = 15
_BACKLOG = 256
_GONE = b"\0"
"""Before the words of one whose cell has ended."""
PORT = 3128
"""The port of every doorway: it is alone in its namespace."""


class DoorwayFailed(Exception):
    """No listener could be put into the namespace."""


class CellGone(DoorwayFailed):
    """The process whose namespace it is has ended."""


class Usher:
    """A process that waits to be told a cell, and then puts a listener into its network namespace.

    One is needed because nobody comes back from a user namespace. Worth making while bubblewrap makes the namespaces:
    it is there then when they are. `made` is the socket of one that a doorman has made (`doorman.py`), -1 for none.
    """

    __slots__ = ("_pid", "_socket")

    def __init__(self, made: int = -1) -> None:
        """Raises DoorwayFailed."""
        self._pid = 0
        if made >= 0:
            self._socket = _socket.socket(fileno=made)
        else:
            self._make()

    def _make(self) -> None:
        load()
        try:
            self._socket, theirs = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
            self._pid = os.fork()
        except OSError as error:
            raise DoorwayFailed(str(error)) from None
        if self._pid == 0:
            self._socket.close()
            attend(theirs)
        theirs.close()

    def open(self, pid: int, port: int = PORT) -> int:
        """Put a TCP listener on 127.0.0.1 into the network namespace of a process of ours; its descriptor.

        Raises DoorwayFailed, CellGone where there is no such process any more.
        """
        message, listener = self._told(pid, port)
        if not message and not self._pid:  # somebody killed the one that was made for us
            self._socket.close()
            self._make()
            message, listener = self._told(pid, port)
        if listener >= 0:
            self._reap()  # until then it counts as a process of the namespace that it entered
            return listener
        failed = CellGone if message.startswith(_GONE) else DoorwayFailed
        said = message.removeprefix(_GONE).decode("utf-8", "replace")
        raise failed(said or "the helper that enters the namespace ended")

    def _told(self, pid: int, port: int) -> tuple[bytes, int]:
        """What it says, nothing when it is gone, and the listener, -1 for none."""
        try:
            self._socket.send(struct.pack("ii", pid, port))
            message, ancillary, _, _ = self._socket.recvmsg(512, _socket.CMSG_SPACE(4), _socket.MSG_CMSG_CLOEXEC)
        except OSError:
            return b"", -1
        for level, kind, data in ancillary:
            if level == _socket.SOL_SOCKET and kind == _socket.SCM_RIGHTS:
                return message, int(struct.unpack_from("i", data)[0])
        return message, -1

    def close(self) -> None:
        """Let it go; one that has not been told anything ends."""
        self._socket.close()
        self._reap()

    def _reap(self) -> None:
        if self._pid:
            os.waitpid(self._pid, 0)
            self._pid = 0


def open_doorway(pid: int, port: int = PORT) -> int:
    """As an usher does that is made now. Raises DoorwayFailed, CellGone."""
    usher = Usher()
    try:
        return usher.open(pid, port)
    finally:
        usher.close()


def attend(theirs: _socket.socket) -> NoReturn:
    """Be an usher, in a process that was made for it."""
    try:
        told = theirs.recv(struct.calcsize("ii"))
        if told:
            pid, port = struct.unpack("ii", told)
            _bind_inside(pid, port, theirs)
    except BaseException as error:  # it reports and ends, whatever happens
        gone = _GONE if isinstance(error, FileNotFoundError) else b""
        theirs.send(gone + (str(error).encode("utf-8", "replace")[:500] or b"unknown"))
    finally:
        os._exit(0)


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


def load() -> None:
    """Load what an usher needs, before it is forked."""
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
