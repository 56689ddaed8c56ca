"""A doorman: a small process that makes ushers for others.

What a fork costs goes by the memory of who forks: with all that a run needs it is two milliseconds of a processor, with
what an usher needs 0.4. It has no descriptor of anybody else, and ends when nobody can ask it any more.

Source: ADR 0004; signal(7) for SIGCHLD that is ignored.
"""

from __future__ import annotations

import _socket  # as in doorway.py
import os
import struct
import sys

from jhansi_runner.proxy.cell.doorway import attend, load

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as signals
else:
    import _signal as signals  # the C half of `signal`, whose Python half makes us larger

_CHANNEL = 3
_MOST_DESCRIPTORS = 1 << 20


class Doorman:
    """One that is started, best while this process is small. It ends when we have closed it, or are gone."""

    __slots__ = ("_gone", "_pid", "_socket")

    def __init__(self) -> None:
        """Raises OSError."""
        load()
        self._gone = False
        self._socket, theirs = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
        self._pid = os.fork()
        if self._pid == 0:
            try:
                self._socket.close()
                os.dup2(theirs.detach(), _CHANNEL, inheritable=False)
                os.closerange(_CHANNEL + 1, _MOST_DESCRIPTORS)
                _serve(_socket.socket(fileno=_CHANNEL))
            finally:
                os._exit(0)
        theirs.close()

    def usher(self) -> int:
        """The socket of a new usher, -1 when there is none to be had: then whoever needs one makes it."""
        try:
            ours, theirs = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
        except OSError:
            return -1
        rights = struct.pack("i", theirs.fileno())
        try:
            self._socket.sendmsg([b"usher"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, rights)], _socket.MSG_DONTWAIT)
            return ours.detach()
        except OSError as error:  # it was killed, or too many descriptors are on their way
            self._gone = isinstance(error, ConnectionError)
            ours.close()
            return -1
        finally:
            theirs.close()

    def mend(self) -> None:
        """Start another one if it was found to be killed: a program of its own, for we are not small any more.

        Raises OSError.
        """
        if not self._gone:
            return
        if self._pid:
            os.waitpid(self._pid, 0)
            self._pid = 0  # it may be another process's from now on
        ours, theirs = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
        try:
            self._pid = os.posix_spawn(
                sys.executable,
                [sys.executable, "-P", "-s", "-m", "jhansi_runner.proxy.cell.doorman"],
                {"PYTHONPATH": os.pathsep.join(each for each in sys.path if each)},
                file_actions=[(os.POSIX_SPAWN_DUP2, theirs.fileno(), _CHANNEL)],
            )
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        self._socket.close()
        self._socket, self._gone = ours, False

    def close(self) -> None:
        """Let it go."""
        self._socket.close()


def _serve(channel: _socket.socket) -> None:
    signals.signal(signals.SIGCHLD, signals.SIG_IGN)  # nobody waits for an usher
    while True:
        data, ancillary, _, _ = channel.recvmsg(16, _socket.CMSG_SPACE(4), _socket.MSG_CMSG_CLOEXEC)
        if not data:
            return
        for level, kind, rights in ancillary:
            if (level, kind) == (_socket.SOL_SOCKET, _socket.SCM_RIGHTS):
                _make_usher(channel, _socket.socket(fileno=struct.unpack_from("i", rights)[0]))


def _make_usher(channel: _socket.socket, theirs: _socket.socket) -> None:
    try:
        if os.fork() == 0:
            channel.close()
            attend(theirs)
    except OSError:  # whoever asked reads an end, and makes one
        pass
    finally:
        theirs.close()


if __name__ == "__main__":
    os.closerange(_CHANNEL + 1, _MOST_DESCRIPTORS)
    load()
    _serve(_socket.socket(fileno=_CHANNEL))
