"""Where the processes that want one artifact at once meet: one of them fetches it, the others follow.

A flight is a file named by the artifact's key. Whoever holds its lock leads, and writes into it a line for each thing
that the others need to know. A leader that is killed loses the lock without having written an end, and whoever gets it
next goes on in its place.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from dataclasses import asdict, dataclass

_MOST = 1 << 16


@dataclass(frozen=True, slots=True)
class Told:
    """What a leader has told. `name` is the file that it writes below `incoming`, `total` how large that will be.

    At the end there is `kept`, or what failed, with the status and the Retry-After of the answer.
    """

    name: str = ""
    total: int | None = None
    kept: bool = False
    failure: str = ""
    status: int = 0
    retry_after: str = ""

    @property
    def over(self) -> bool:
        """Whether this is the end."""
        return self.kept or bool(self.failure)


class Flight:
    """One process's part in a flight. `leads` tells whether it is the one that fetches."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptor, self.leads = _joined(path)

    def told(self) -> Told:
        """What the leader has told last."""
        lines = os.pread(self._descriptor, _MOST, 0).split(b"\n")[:-1]  # what follows the last newline is half a line
        try:
            return Told(**json.loads(lines[-1])) if lines else Told()
        except (ValueError, TypeError):
            return Told()

    def tell(self, told: Told) -> None:
        """Tell the others; for the leader. A disk that is full is not its fault, and the others will find out."""
        with contextlib.suppress(OSError):
            os.write(self._descriptor, json.dumps(asdict(told)).encode() + b"\n")

    def inherit(self) -> bool:
        """Whether we lead from now on, because whoever did is gone without having told an end."""
        if not _locked(self._descriptor) or self.told().over:
            return False
        if os.fstat(self._descriptor).st_nlink:
            self.leads = True
        else:  # it went in peace, or was swept: the flight of that name is another one
            os.close(self._descriptor)
            self._descriptor, self.leads = _joined(self._path)
        return self.leads

    def end(self, told: Told) -> None:
        """Tell the end, for the leader."""
        self.tell(told)
        self.leave(alone=True)

    def leave(self, *, alone: bool) -> None:
        """Have no more part in it. A leader that is not `alone` leaves the lead to the others."""
        if self._descriptor < 0:
            return
        if self.leads and alone:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._path)
        os.close(self._descriptor)
        self._descriptor, self.leads = -1, False


def _joined(path: str) -> tuple[int, bool]:
    while True:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(path, flags, 0o600)
        leads = _locked(descriptor)
        if not leads or os.fstat(descriptor).st_nlink:
            return descriptor, leads
        os.close(descriptor)  # its leader ended between the two calls


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
