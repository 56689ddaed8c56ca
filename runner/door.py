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


class Door:
    """The door of one phase of a job. `entries` is all that the gate told of it; `hear` is told as it comes."""

    __slots__ = ("_hear", "_job", "_link", "_phase", "entries", "listener")

    def __init__(self, job: Job, phase: str, hear: Callable[[Entry], None] | None = None) -> None:
        self._job, self._phase, self._hear = job, phase, hear
        self._link: Link | None = None
        self.listener = -1
        self.entries: list[Entry] = []

    def open(self) -> int:
        """Hand the listener to the gate, which starts if need be; the descriptor to watch, -1 when that failed."""
        from jhansi_runner.runner.link import open_link

        self._link = open_link(self._job, self._phase, self.listener, self._tell)
        if self._link is None:
            self._shut()  # whoever waits is refused at once, and does not wait for its own timeout
            return -1
        return self._link.fileno()

    def _tell(self, entry: Entry) -> None:
        self.entries.append(entry)
        if self._hear is not None:
            self._hear(entry)

    def read(self) -> bool:
        """Hear the gate; False when it has gone away."""
        if self._link is not None and self._link.read():
            return True
        if self._link is not None:
            self._link.close()
            self._link = None
        return False

    def close(self) -> None:
        """Hear the last of the gate, and close the door."""
        if self._link is not None:
            self._link.finish()
            self._link = None
        self._shut()

    def _shut(self) -> None:
        if self.listener >= 0:
            os.close(self.listener)
            self.listener = -1
