"""Messages on their way through a SOCK_SEQPACKET socket that is full now and then.

They wait for their turn, a bounded number of each sender's. What is beyond that is counted, and told of in one message
at its place: a sender that floods takes bounded room, hides nothing, and delays others by no more than its own bound.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections import Counter, deque
from collections.abc import Callable

BOUND = 256
"""How many messages of one sender's wait at most."""


class Outbox:
    """Sends in order what it is given, at once or when the socket becomes writable.

    `lost(sender, count)` makes the message that stands for those of a sender that found no room. The number of senders
    is the caller's to bound. Whatever waits is dropped when the other end has gone.
    """

    def __init__(self, endpoint: socket.socket, lost: Callable[[str, int], bytes], bound: int = BOUND) -> None:
        self._endpoint, self._lost_message, self._bound = endpoint, lost, bound
        self._queue: deque[tuple[str, bytes | None]] = deque()
        self._waiting: Counter[str] = Counter()
        self._lost: dict[str, int] = {}
        self._watched = False

    def put(self, sender: str, message: bytes) -> None:
        """Send a message, or count it when too many of its sender's wait."""
        if sender in self._lost or self._waiting[sender] >= self._bound:
            self._lose(sender)
        else:
            self._waiting[sender] += 1
            self._append(sender, message)

    def put_last(self, sender: str, message: bytes) -> None:
        """Send a message that is not counted, after all of its sender's; the caller bounds how many there are."""
        self._waiting[sender] += 1
        self._append(sender, message)

    def close(self) -> None:
        """Send nothing more; to be called before the socket is closed."""
        self._queue.clear()
        self._waiting.clear()
        self._lost.clear()
        self._watch(False)

    def __len__(self) -> int:
        """How many messages wait."""
        return len(self._queue)

    def _lose(self, sender: str) -> None:
        if sender not in self._lost:
            self._queue.append((sender, None))
        self._lost[sender] = self._lost.get(sender, 0) + 1

    def _append(self, sender: str, message: bytes) -> None:
        self._queue.append((sender, message))
        if not self._watched:
            self._write()

    def _write(self) -> None:
        while self._queue:
            sender, message = self._queue[0]
            try:
                self._endpoint.send(self._lost_message(sender, self._lost[sender]) if message is None else message)
            except BlockingIOError:
                self._watch(True)
                return
            except OSError as error:
                if error.errno != errno.EMSGSIZE:
                    self.close()
                    return
                if message is not None:
                    self._lose(sender)
            self._queue.popleft()
            self._forget(sender, counted=message is None)
        self._watch(False)

    def _forget(self, sender: str, *, counted: bool) -> None:
        if counted:
            del self._lost[sender]
            return
        self._waiting[sender] -= 1
        if not self._waiting[sender]:
            del self._waiting[sender]

    def _watch(self, wanted: bool) -> None:
        if wanted == self._watched:
            return
        self._watched = wanted
        loop = asyncio.get_running_loop()
        if wanted:
            loop.add_writer(self._endpoint.fileno(), self._write)
        else:
            loop.remove_writer(self._endpoint.fileno())
