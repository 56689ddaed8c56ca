"""Messages with descriptors, over a socket that keeps messages apart. Source: unix(7), SCM_RIGHTS; recvmsg(2)."""

from __future__ import annotations

import array
import socket
from collections.abc import Sequence

MESSAGE_BYTES = 4096
DESCRIPTORS = 5
"""How many come with a run."""


def send(to: socket.socket, data: bytes, descriptors: Sequence[int]) -> None:
    """Send a message. Raises OSError."""
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
    to.sendmsg([data], rights)


def received(by: socket.socket) -> tuple[bytes, list[int]]:
    """One message, and what came with it, which nothing that we start inherits. Raises OSError."""
    found = array.array("i")
    room = socket.CMSG_SPACE(DESCRIPTORS * found.itemsize)
    data, ancillary, _, _ = by.recvmsg(MESSAGE_BYTES, room, socket.MSG_CMSG_CLOEXEC)
    for level, kind, payload in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            found.frombytes(payload[: len(payload) - len(payload) % found.itemsize])
    return data, list(found)
