"""A run that has its turn: what its process tells goes to its log as it comes, and to the core when it is over.

It is over when its process has told its outcome and let go of everything, or is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Callable

from jhansi_runner.runner.engine.cradle import Cradle, NurseryGone
from jhansi_runner.runner.engine.follow import Bell
from jhansi_runner.runner.engine.interface import End
from jhansi_runner.runner.engine.log import DONE, LONGEST_LINE, Log
from jhansi_runner.runner.engine.order import Order
from jhansi_runner.runner.errors import FAILED
from jhansi_runner.runner.record import Record
from jhansi_runner.runner.sandboxes.model import CANCELLED
from jhansi_runner.runner.sandboxes.model import DONE as ENDED

_CHUNK = 1 << 18
_LONGEST_WORDS = 1 << 14
_DONE_LINE = b'{"event": "%s", ' % DONE.encode()
_ASKED = 130
"""The exit code of what was ended before its program began, as a shell has it."""
_GRACE_SECONDS = 2.0
_LEAKED_SECONDS = 2.0
"""How long is waited for what a run has told, after its process is gone."""


class Live:
    """One run on its way. `over` is called once, with its end, after the last event is in the log."""

    def __init__(self, order: Order, log: Log, bell: Bell, over: Callable[[End], None]) -> None:
        self._order, self._log, self._bell, self._over = order, log, bell, over
        self._loop = asyncio.get_running_loop()
        self._cradle: Cradle | None = None
        self._number = 0
        self._pipes: dict[int, bytearray] = {}
        self._events = -1
        self._outcome: dict[str, object] | None = None
        self._error = ""
        self._asked = 0
        self._is_cancelled = False
        self._is_gone = self._is_told = False
        self._timers: list[asyncio.TimerHandle] = []

    def begin(self, cradle: Cradle, stdin: int, busy: int, longest: float) -> None:
        """Start its process; both descriptors stay the caller's. After `longest` seconds it is ended.

        Raises OSError, NurseryGone.
        """
        opened: list[int] = []
        try:
            opened.append(self._order.to_file())
            events, events_end = os.pipe()
            opened.append(events_end)
            self._pipes[events] = bytearray()
            words, words_end = os.pipe()
            opened.append(words_end)
            self._pipes[words] = bytearray()
            order, *ends = opened
            self._number = cradle.begin([order, stdin, *ends, busy], self._gone)
            self._cradle, self._events = cradle, events
        except BaseException:
            for descriptor in self._pipes:
                os.close(descriptor)
            self._pipes.clear()
            raise
        finally:
            for descriptor in opened:
                os.close(descriptor)
        for descriptor in self._pipes:
            os.set_blocking(descriptor, False)
            self._loop.add_reader(descriptor, self._read, descriptor)
        self._timers.append(self._loop.call_later(longest, self._too_long, longest))

    def cancel(self, why: str = "") -> None:
        """Ask it to end; what does not is killed. `why` is for its outcome, where nothing else is told there."""
        self._is_cancelled = True
        self._error = self._error or why
        if not self._asked:
            self._ask()

    def _ask(self) -> None:
        if self._is_gone or self._cradle is None:
            return
        self._asked += 1
        number = signal.SIGTERM if self._asked <= 2 else signal.SIGKILL
        with contextlib.suppress(NurseryGone):
            self._cradle.signal(self._number, number)
        self._timers.append(self._loop.call_later(_GRACE_SECONDS, self._ask))

    def _too_long(self, seconds: float) -> None:
        self._error = f"it took more than {seconds:.0f} s with all that it installed, and was ended"
        self._ask()

    def fail(self, error: str, *, code: int = FAILED, cancelled: bool = False) -> None:
        """It does not begin: tell why."""
        self._error, self._is_gone = error, True
        self._is_cancelled = cancelled
        self._end(_ASKED if cancelled else code)

    def _read(self, descriptor: int) -> None:
        try:
            data = os.read(descriptor, _CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        rest = self._pipes[descriptor]
        if not data:
            self._close(descriptor)
            if rest and descriptor != self._events:
                self._take(descriptor, bytes(rest))
            self._end_if_over()
            return
        rest += data
        longest = LONGEST_LINE if descriptor == self._events else _LONGEST_WORDS
        if b"\n" in data:
            *lines, last = bytes(rest).split(b"\n")
            self._pipes[descriptor] = bytearray(last)
            for line in lines:
                self._take(descriptor, line)
        elif len(rest) > longest:
            self._pipes[descriptor] = bytearray()
            if descriptor != self._events:
                self._take(descriptor, bytes(rest))

    def _take(self, descriptor: int, line: bytes) -> None:
        try:
            if descriptor != self._events:
                fresh = self._log.message(line)
            elif line.startswith(_DONE_LINE):
                fresh, self._outcome = False, json.loads(line)
            else:
                fresh = self._log.add(line + b"\n")
        except OSError as error:
            self._error = self._error or f"what it tells cannot be kept, so it was ended: {error.strerror}"
            if not self._asked:
                self._ask()
            return
        if fresh:
            self._bell.ring()

    def _gone(self, status: int, error: str) -> None:
        self._is_gone = True
        if self._is_told:
            return
        if os.WIFSIGNALED(status):
            error = f"its process was killed by signal {os.WTERMSIG(status)}"
        elif not error:
            error = "its process ended without an outcome, which is a fault of jhansi-runner's"
        if self._outcome is None and not self._is_cancelled:
            self._error = self._error or error
        self._end_if_over()
        if not self._is_told:
            self._timers.append(self._loop.call_later(_LEAKED_SECONDS, self._leaked))

    def _leaked(self) -> None:
        for descriptor in list(self._pipes):
            self._close(descriptor)
        self._end_if_over()

    def _close(self, descriptor: int) -> None:
        self._loop.remove_reader(descriptor)
        os.close(descriptor)
        del self._pipes[descriptor]

    def _end_if_over(self) -> None:
        if (self._is_gone or self._outcome is not None) and not self._pipes and not self._is_told:
            self._end(_ASKED if self._asked else FAILED)

    def _end(self, code: int) -> None:
        self._is_told = True
        for each in self._timers:
            each.cancel()
        state = CANCELLED if self._is_cancelled else ENDED
        error = self._error or ("cancelled" if self._is_cancelled else "")
        outcome = dict(unbegun(self._order, error, code).outcome if self._outcome is None else self._outcome)
        for name in ("event", "seq"):
            outcome.pop(name, None)
        outcome["state"] = state
        if self._error and not outcome["error"]:
            outcome["error"] = self._error
        with contextlib.suppress(OSError):  # a full disk; the core has the outcome too
            self._log.close(outcome)
        self._over(End(self._order.run, state, outcome))
        self._bell.ring(over=True)


def unbegun(order: Order, error: str, code: int = FAILED, state: str = ENDED) -> End:
    """The end of a run that could not tell its own."""
    record = Record()
    record.run_id, record.sandbox_id, record.error = order.run, order.sandbox, error
    return End(order.run, state, {**record.to_json(code), "state": state})
