"""The loop that stands between a running program and its user: bytes, signals, time, and the door.

Bytes are passed on as they come, and kept up to a cap when somebody wants them. A reader of ours that is slow slows
the program, and never the clock. Light: a warm `exec` imports this module.
"""

from __future__ import annotations

import os
import select
import time

from jhansi_runner.runner.typed import Typed

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as signals
    from collections.abc import Callable, Mapping

    from jhansi_runner.proxy.cell.process import Cell
    from jhansi_runner.runner.door import Door
    from jhansi_runner.runner.limits.hold import Hold
    from jhansi_runner.runner.outlet import Outlet
else:
    import _signal as signals  # the C half of `signal`, whose Python half costs a warm exec 5 ms

_CHUNK = 1 << 16
_ATOMIC = 4096  # what a pipe that polls writable takes without blocking
_GRACE_SECONDS = 10.0
_FLUSH_SECONDS = 2.0
_TICK_SECONDS = 1.0
_FORWARDED = (signals.SIGINT, signals.SIGTERM, signals.SIGHUP, signals.SIGQUIT)


class Allowance:
    """How many bytes of output may still come, of all streams together; `spent` tells that there were more."""

    __slots__ = ("_left", "spent")

    def __init__(self, most: int) -> None:
        self._left, self.spent = most, False

    def take(self, data: bytes) -> bytes:
        """As much of it as is still allowed."""
        taken = data[: self._left]
        self._left -= len(taken)
        self.spent = self.spent or len(taken) < len(data)
        return taken


class Stream:
    """One stream on its way: from a descriptor, to a descriptor (or -1), and to `keep` when somebody wants it.

    `allowance` is what it shares with the others, None for no limit. A source is made to give what is there and never
    to wait: the program can reopen its end through /proc, and take what we were told of.
    """

    __slots__ = ("allowance", "keep", "pending", "sink", "source")

    def __init__(
        self,
        source: int,
        sink: int,
        keep: Callable[[bytes], None] | None = None,
        allowance: Allowance | None = None,
    ) -> None:
        self.source, self.sink, self.keep, self.allowance = source, sink, keep, allowance
        os.set_blocking(source, False)
        self.pending = b""

    def watch(self, poll: select.poll) -> None:
        """Say what is waited for: room for what is pending, or something to read."""
        if self.pending:
            poll.register(self.sink, select.POLLOUT)
        elif self.source >= 0:
            poll.register(self.source, select.POLLIN)

    def pass_on(self, ready: Mapping[int, int]) -> None:
        """Write or read once, whichever is possible."""
        if self.pending:
            if self.sink in ready:
                self._write()
        elif self.source in ready:
            self._read()

    def _write(self) -> None:
        try:
            self.pending = self.pending[os.write(self.sink, self.pending[:_ATOMIC]) :]
        except OSError:
            self.close()

    def _read(self) -> None:
        try:
            data = os.read(self.source, _CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.close()
            return
        if self.allowance is not None:
            data = self.allowance.take(data)
        if self.keep is not None and data:
            self.keep(data)
        if self.sink >= 0:
            self.pending = data

    def close(self) -> None:
        """End it; the program's next write finds a broken pipe."""
        if self.source >= 0:
            os.close(self.source)
            self.source = -1
        self.pending = b""


class Signals:
    """Catches the signals that are for the program, while it runs; what we were told to ignore, as by nohup, is not."""

    __slots__ = ("_old", "_wakeup", "caught", "descriptor")

    def __init__(self) -> None:
        self.descriptor, self._wakeup = os.pipe()
        os.set_blocking(self.descriptor, False)
        os.set_blocking(self._wakeup, False)
        self.caught: list[int] = []
        heard = [number for number in _FORWARDED if signals.getsignal(number) != signals.SIG_IGN]
        self._old = {number: signals.signal(number, self._note) for number in heard}
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

    `streams` are the program's outputs. `stdin` is what it gets to read, or None. `door` is watched for the first
    connection, or None. `timeout` is in seconds, or None. `tick` is called about once a second.
    `outlet` is emptied meanwhile, and while it is full the program waits. `hold` is asked when it wants to be whether a
    limit was exceeded. Afterwards `timed_out` tells whether it was the time, `killed_for` which other limit it was, ""
    for none, and `stopped_by` which signal of the user's came first, 0 for none.
    """

    def __init__(
        self,
        cell: Cell,
        streams: tuple[Stream, ...],
        stdin: Typed | None,
        door: Door | None,
        timeout: float | None,
        tick: Callable[[], None] | None = None,
        outlet: Outlet | None = None,
        hold: Hold | None = None,
    ) -> None:
        self._cell, self._streams, self._stdin, self._door = cell, streams, stdin, door
        self._link = -1
        self._deadline = None if timeout is None else time.monotonic() + timeout
        self._limit_is_timeout = True
        self._flush_by: float | None = None
        self._tick = tick
        self._outlet = outlet
        self._tick_at = None if tick is None else time.monotonic() + _TICK_SECONDS
        self._hold = hold
        self._look_at = None if hold is None or hold.delay is None else time.monotonic() + hold.delay
        self.killed_for = ""
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
            if self._stdin is not None:
                self._stdin.close()
            for stream in self._streams:
                stream.close()

    def _turn(self, caught: Signals) -> bool:
        alive = self._cell.status >= 0
        if not alive and not any(stream.pending or stream.source >= 0 for stream in self._streams):
            return False
        ready = dict(self._watched(caught, alive).poll(self._milliseconds()))
        for stream in self._streams:
            stream.pass_on(ready)
        if self._outlet is not None and self._outlet.descriptor in ready:
            self._outlet.pass_on()
        if self._stdin is not None:
            self._stdin.pass_on(ready)
        for number in caught.drain():
            self._signal(number)
        if self._cell.status in ready and not self._cell.read_status():
            os.close(self._cell.status)
            self._cell.status = -1
        if alive and self._door is not None:
            if self._link >= 0:
                if self._link in ready:
                    self._link = self._door.read()
            elif self._door.listener in ready:
                self._link = self._door.open()
        self._keep_time()
        return True

    def _watched(self, caught: Signals, alive: bool) -> select.poll:
        poll = select.poll()
        poll.register(caught.descriptor, select.POLLIN)
        if alive:
            poll.register(self._cell.status, select.POLLIN)
            if self._link >= 0:
                poll.register(self._link, select.POLLIN)
            elif self._door is not None and self._door.listener >= 0:
                poll.register(self._door.listener, select.POLLIN)
        outlet = self._outlet
        if outlet is not None and outlet.pending:
            poll.register(outlet.descriptor, select.POLLOUT)
        if outlet is None or not outlet.is_full:
            for stream in self._streams:
                stream.watch(poll)
        if self._stdin is not None and alive:
            self._stdin.watch(poll)
        return poll

    def _milliseconds(self) -> int | None:
        limits = [
            limit for limit in (self._deadline, self._flush_by, self._tick_at, self._look_at) if limit is not None
        ]
        return max(0, int((min(limits) - time.monotonic()) * 1000) + 1) if limits else None

    def _keep_time(self) -> None:
        now = time.monotonic()
        if self._deadline is not None and now >= self._deadline:
            self.timed_out = self.timed_out or self._limit_is_timeout
            self._deadline = None
            self._kill()
        if self._tick is not None and self._tick_at is not None and now >= self._tick_at:
            self._tick_at = now + _TICK_SECONDS
            self._tick()
        if self._hold is not None and self._look_at is not None and now >= self._look_at:
            self._exceeded(self._hold.look())
            self._look_at = None if self.killed_for else time.monotonic() + (self._hold.delay or 0.0)
        if any(stream.allowance is not None and stream.allowance.spent for stream in self._streams):
            self._exceeded("output")
        if self._flush_by is not None and now >= self._flush_by:
            self._flush_by = None
            for stream in self._streams:
                stream.close()

    def _exceeded(self, limit: str) -> None:
        """End the program for a limit, "" for none, unless it was ended already."""
        if limit and not self.killed_for and not self.timed_out:
            self.killed_for = limit
            self._kill()

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
        """Kill the first process inside, and with it the whole namespace; what is not read by then is dropped soon."""
        if self._flush_by is None:
            self._flush_by = time.monotonic() + _FLUSH_SECONDS
        self._cell.kill_inside()
