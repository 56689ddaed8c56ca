"""A program's standard input: what the user types, pipes or redirects, passed on through a pipe of ours.

A file is never handed over: the program could reopen it for writing through /proc. What was read of a file and not
taken by the program is given back, so that a shell's `while read` loop goes on where it was. The pipe can be reopened
as well, filled and emptied by the program: nothing of ours waits for it, and no more is given back than was read.
Light: a warm `exec` imports this module.
"""

from __future__ import annotations

import fcntl
import os
import select
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_NULL_DEVICE = os.makedev(1, 3)
_KIND, _FILE = 0o170000, 0o100000
_FIONREAD = 0x541B
_CHUNK = 1 << 16
_ATOMIC = 4096  # what a pipe that polls writable takes without blocking
_READY = select.POLLIN | select.POLLHUP | select.POLLERR
_GONE = select.POLLHUP | select.POLLERR


class Typed:
    """Our standard input on its way to the program's. `theirs` is the end that the program gets.

    `taken` tells that something was read that cannot be given back: what is no file has no way back.
    """

    __slots__ = ("_back", "_pending", "_pipe", "_read", "taken", "theirs")

    def __init__(self, is_file: bool) -> None:
        self.theirs, self._pipe = os.pipe()
        os.set_blocking(self._pipe, False)
        self._back = os.dup(self.theirs) if is_file else -1
        self._read = 0
        self._pending = b""
        self.taken = False

    def watch(self, poll: select.poll) -> None:
        """Say what is waited for: room for what is pending, or something to read; and the reader's end."""
        if self._pipe >= 0:
            poll.register(self._pipe, select.POLLOUT if self._pending else 0)
            if not self._pending:
                poll.register(0, select.POLLIN)

    def pass_on(self, ready: Mapping[int, int]) -> None:
        """Write or read once, whichever is possible."""
        if self._pipe < 0:
            return
        if ready.get(self._pipe, 0) & _GONE:
            self._end()
        elif self._pending and self._pipe in ready:
            try:
                self._pending = self._pending[os.write(self._pipe, self._pending[:_ATOMIC]) :]
            except BlockingIOError:
                pass
            except OSError:
                self._end()
        elif not self._pending and ready.get(0, 0) & _READY:
            self._pending = read_some(0)
            self._read += len(self._pending)
            self.taken = self.taken or (self._back < 0 and self._pending != b"")
            if not self._pending:
                self._end()

    def close(self) -> None:
        """End it, and give back to a file what the program did not take."""
        self._end()
        if self._back < 0:
            return
        waiting = struct.unpack("i", fcntl.ioctl(self._back, _FIONREAD, b"\0\0\0\0"))[0]
        try:
            os.lseek(0, -min(len(self._pending) + waiting, self._read), os.SEEK_CUR)
        except OSError:
            pass
        os.close(self._back)
        self._back = -1

    def _end(self) -> None:
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1


def standard_input() -> tuple[int, Typed | None]:
    """The program's standard input, and what to relay to it.

    A terminal is not read from the background, where that would stop us.
    """
    try:
        found = os.fstat(0)
        idle = found.st_rdev == _NULL_DEVICE or (os.isatty(0) and os.tcgetpgrp(0) != os.getpgrp())
    except OSError:
        idle = True
    if idle:
        return os.open(os.devnull, os.O_RDONLY), None
    typed = Typed(is_file=found.st_mode & _KIND == _FILE)
    return typed.theirs, typed


def read_some(descriptor: int) -> bytes:
    """Some bytes, none at the end or on an error."""
    try:
        return os.read(descriptor, _CHUNK)
    except OSError:
        return b""
