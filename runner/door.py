"""The runner's end of a doorway: nothing until the program first connects, then a link to the gate.

Light: a warm `exec` imports this module.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from jhansi_runner.proxy.ledger import Entry
    from jhansi_runner.proxy.service.client import Link
    from jhansi_runner.runner.job import Job


TOO_MANY = "JR-TOO-MANY"
_MOST = 20_000
"""How many requests are kept: far more than an install makes, and as many as a program can fill our memory with."""


class Door:
    """The door of one phase of a job. `entries` is what the gate told of it; `hear` is told all, as it comes.

    `listener` is the descriptor that the program connects to, -1 when it is closed.
    """

    __slots__ = ("_hear", "_job", "_link", "_opening", "_phase", "entries", "listener")

    def __init__(self, job: Job, phase: str, hear: Callable[[Entry], None] | None = None) -> None:
        self._job, self._phase, self._hear = job, phase, hear
        self._link: Link | None = None
        self._opening = -1
        self.listener = -1
        self.entries: list[Entry] = []

    def open(self) -> int:
        """Begin to hand the listener to the gate, which starts if need be; a descriptor to watch and then `read`.

        It happens beside the relay: a proxy that is slow to start must not stop the clock or the program's output.
        """
        import threading

        self._opening, done = os.pipe()
        listener = os.dup(self.listener)
        threading.Thread(target=self._connect, args=(listener, done), daemon=True).start()
        return self._opening

    def _connect(self, listener: int, done: int) -> None:
        from jhansi_runner.runner.link import open_link

        try:
            self._link = open_link(self._job, self._phase, listener, self._tell)
        finally:
            os.close(listener)
            os.close(done)

    def _tell(self, entry: Entry) -> None:
        if len(self.entries) < _MOST:
            self.entries.append(entry)
        elif len(self.entries) == _MOST:
            self.entries.append(_and_more())
        if self._hear is not None:
            self._hear(entry)

    def read(self) -> int:
        """Take in what there is; the descriptor to watch next, -1 when the gate has gone away or cannot be had.

        When it cannot be had the listener is closed: whoever waits is refused at once.
        """
        if self._opening >= 0:
            os.close(self._opening)
            self._opening = -1
            if self._link is None:
                self._shut()
        elif self._link is not None and not self._link.read():
            self._link.close()
            self._link = None
        return -1 if self._link is None else self._link.fileno()

    def close(self) -> None:
        """Hear the last of the gate, and close the door. A link that is still being made is left to itself."""
        if self._opening >= 0:
            os.close(self._opening)
            self._opening = -1
        elif self._link is not None:
            self._link.finish()
            self._link = None
        self._shut()

    def _shut(self) -> None:
        if self.listener >= 0:
            os.close(self.listener)
            self.listener = -1


def _and_more() -> Entry:
    from jhansi_runner.proxy.ledger import FAULT, Entry

    reason = f"there were more than {_MOST} requests: what came then is in the ledger alone"
    return Entry("gate", FAULT, "", "", code=TOO_MANY, reason=reason)
