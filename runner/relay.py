"""The loop that stands between a running program and its user: bytes, signals, time, and the door.

Bytes are passed on as they come, and kept up to a cap when somebody wants them. A reader of ours that is slow slows
the program, and never the clock. Light: a warm `exec` imports this module.
"""

from __future__ import annotations

import os
import select
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as signals
    from collections.abc import Callable

    from jhansi_runner.proxy.cell.process import Cell
else:
    import _signal as signals  # the C half of `signal`, whose Python half costs a warm exec 5 ms

_CHUNK = 1 << 16
_ATOMIC = 4096  # what a pipe that polls writable takes without blocking
_GRACE_SECONDS = 10.0
_FORWARDED = (signals.SIGINT, signals.SIGTERM, signals.SIGHUP, signals.SIGQUIT)
_READY = select.POLLIN | select.POLLHUP | select.POLLERR


class Stream:
    """One stream on its way: from a descriptor, to a descriptor (or -1), and to `keep` when somebody wants it."""

    __slots__ = ("keep", "pending", "sink", "source")

    def __init__(self, source: int, sink: int, keep: Callable[[bytes], None] | None = None) -> None:
        self.source, self.sink, self.keep = source, sink, keep
        self.pending = b""

    def close(self) -> None:
        """End it; the program's next write finds a broken pipe."""
        if self.source >= 0:
            os.close(self.source)
            self.source = -1
        self.pending = b""


class Signals:
    """Catches the signals that are for the program, while it runs."""

    __slots__ = ("_old", "_wakeup", "caught", "descriptor")

    def __init__(self) -> None:
        self.descriptor, self._wakeup = os.pipe()
        os.set_blocking(self.descriptor, False)
        os.set_blocking(self._wakeup, False)
        self.caught: list[int] = []
        self._old = {number: signals.signal(number, self._note) for number in _FORWARDED}
        signals.set_wakeup_fd(self._wakeup, warn_on_full_buffer=False)

    def _note(self, number: int, _frame: object) -> None:
        self.caught.append(number)

    def drain(self) -> list[int]:
        """The signals since the last call."""
        try:
            os.read(self.descriptor, 512)
        except BlockingIOError:
            pass
        caught, self.caught = self.caught, []
        return caught

    def restore(self) -> None:
        """Leave signals as they were."""
        signals.set_wakeup_fd(-1)
        for number, handler in self._old.items():
            signals.signal(number, handler)
        os.close(self.descriptor)
        os.close(self._wakeup)


class Relay:
    """Watches a cell until it ends.

    `streams` are the program's outputs. `stdin` is (ours, the program's) or None. `on_door` is called once a
    connection waits at `listener`, and gives a descriptor to watch, whose readiness `on_link` is told of; when
    that returns False, the door is watched again. `timeout` is in seconds, or None. Afterwards `timed_out` tells
    whether it was that, and `stopped_by` which signal of the user's came first, 0 for none.
    """

    def __init__(
        self,
        cell: Cell,
        streams: tuple[Stream, ...],
        stdin: tuple[int, int] | None,
        listener: int,
        on_door: Callable[[], int],
        on_link: Callable[[], bool],
        timeout: float | None,
    ) -> None:
        self._cell, self._streams, self._stdin = cell, streams, stdin
        self._listener, self._on_door, self._on_link = listener, on_door, on_link
        self._link = -1
        self._typed = b""
        self._deadline = None if timeout is None else time.monotonic() + timeout
        self._limit_is_timeout = True
        self._process = os.pidfd_open(cell.init)
        self.timed_out = False
        self.stopped_by = 0
        self._asked = 0

    def run(self) -> None:
        """Return when the cell has ended and all its output is passed on."""
        caught = Signals()
        try:
            self._cell.release()
            while self._turn(caught):
                pass
        finally:
            caught.restore()
            self._kill()
            os.close(self._process)
            self._close_stdin()
            for stream in self._streams:
                stream.close()

    def _turn(self, caught: Signals) -> bool:
        poll = select.poll()
        poll.register(caught.descriptor, select.POLLIN)
        alive = self._cell.status >= 0
        if alive:
            poll.register(self._cell.status, select.POLLIN)
            if self._link >= 0:
                poll.register(self._link, select.POLLIN)
            elif self._listener >= 0:
                poll.register(self._listener, select.POLLIN)
        for stream in self._streams:
            if stream.pending:
                poll.register(stream.sink, select.POLLOUT)
            elif stream.source >= 0:
                poll.register(stream.source, select.POLLIN)
        if self._stdin is not None:
            poll.register(self._stdin[1], select.POLLOUT if self._typed else 0)
            if not self._typed:
                poll.register(self._stdin[0], select.POLLIN)
        if not alive and not any(stream.pending or stream.source >= 0 for stream in self._streams):
            return False
        ready = dict(poll.poll(self._milliseconds()))
        self._pass_on(ready)
        for number in caught.drain():
            self._signal(number)
        if self._cell.status in ready and not self._cell.read_status():
            os.close(self._cell.status)
            self._cell.status = -1
        if alive and self._link >= 0 and self._link in ready:
            if not self._on_link():
                self._link = -1
        elif alive and self._listener in ready and self._link < 0:
            self._link = self._on_door()
            if self._link < 0:
                self._listener = -1
        if self._deadline is not None and time.monotonic() >= self._deadline:
            self.timed_out = self.timed_out or self._limit_is_timeout
            self._deadline = None
            self._kill()
        return True

    def _milliseconds(self) -> int | None:
        if self._deadline is None:
            return None
        return max(0, int((self._deadline - time.monotonic()) * 1000) + 1)

    def _pass_on(self, ready: dict[int, int]) -> None:
        for stream in self._streams:
            if stream.pending and stream.sink in ready:
                _write(stream)
            elif not stream.pending and stream.source in ready:
                _read(stream)
        if self._stdin is not None:
            ours, theirs = self._stdin
            if ready.get(theirs, 0) & (select.POLLERR | select.POLLHUP):
                self._close_stdin()
            elif self._typed and theirs in ready:
                self._typed = self._typed[os.write(theirs, self._typed[:_ATOMIC]) :]
            elif not self._typed and ready.get(ours, 0) & _READY:
                self._typed = _read_some(ours)
                if not self._typed:
                    self._close_stdin()

    def _close_stdin(self) -> None:
        if self._stdin is not None:
            os.close(self._stdin[1])
            self._stdin = None

    def _signal(self, number: int) -> None:
        """Pass a signal to the program's process group; the second one, or ten seconds, ends it."""
        self._asked += 1
        self.stopped_by = self.stopped_by or number
        if self._asked > 1:
            self._kill()
            return
        try:
            os.killpg(self._cell.init, number)
        except OSError:
            pass
        if number != signals.SIGINT:
            self._limit_is_timeout = False
            self._deadline = time.monotonic() + _GRACE_SECONDS

    def _kill(self) -> None:
        """Kill the first process inside, and with it the whole namespace."""
        try:
            signals.pidfd_send_signal(self._process, signals.SIGKILL)
        except OSError:
            pass


def _read_some(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, _CHUNK)
    except OSError:
        return b""


def _read(stream: Stream) -> None:
    data = _read_some(stream.source)
    if not data:
        stream.close()
        return
    if stream.keep is not None:
        stream.keep(data)
    if stream.sink >= 0:
        stream.pending = data


def _write(stream: Stream) -> None:
    try:
        stream.pending = stream.pending[os.write(stream.sink, stream.pending[:_ATOMIC]) :]
    except OSError:
        stream.close()
