"""Lines of ours on their way to our standard output: whoever reads slowly stops no clock, and gets all of it."""

from __future__ import annotations

import os
import select

_ATOMIC = 4096  # what a pipe that polls writable takes without blocking
_FULL_BYTES = 1 << 20


class Outlet:
    """A descriptor, and what it has not taken yet. `error` tells why it takes nothing any more, "" while it does."""

    def __init__(self, descriptor: int = 1) -> None:
        self.descriptor = descriptor
        self.pending = bytearray()
        self.error = ""

    @property
    def is_full(self) -> bool:
        """Whether so much waits that nothing should be added."""
        return len(self.pending) > _FULL_BYTES

    def put(self, data: bytes) -> None:
        """Send, as far as it can be taken now; the rest waits."""
        if self.descriptor >= 0:
            self.pending += data
            while self.pending and self._ready(0):
                self.pass_on()

    def pass_on(self) -> None:
        """Send a little, when there is room for it."""
        try:
            del self.pending[: os.write(self.descriptor, self.pending[:_ATOMIC])]
        except BlockingIOError:
            pass
        except BrokenPipeError:  # nobody listens any more
            self._end("")
        except OSError as error:
            self._end(error.strerror or str(error))

    def drain(self) -> None:
        """Send all that waits, however long it takes."""
        while self.pending:
            if self._ready(None):
                self.pass_on()

    def _ready(self, milliseconds: int | None) -> bool:
        poll = select.poll()
        poll.register(self.descriptor, select.POLLOUT)
        return bool(poll.poll(milliseconds))

    def _end(self, error: str) -> None:
        self.descriptor, self.error = -1, error
        self.pending.clear()
