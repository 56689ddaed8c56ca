"""The control socket's place: a folder may be named at any length, an address of a socket may not.

So the folder is opened, and the address goes through its descriptor. Source: unix(7), 108 bytes.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator


@contextlib.contextmanager
def _address(folder: str, key: str) -> Iterator[str]:
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}/{key}.sock"
    finally:
        os.close(descriptor)


def bound(folder: str, key: str) -> socket.socket:
    """A listening socket at its place, where one that a killed service left is replaced."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with _address(folder, key) as address:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(address)
        listener.bind(address)
        listener.listen(128)
    return listener


def connected(folder: str, key: str) -> socket.socket | None:
    """A connection to the service, or None when there is none."""
    endpoint = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        with _address(folder, key) as address:
            endpoint.connect(address)
    except (FileNotFoundError, ConnectionRefusedError):
        endpoint.close()
        return None
    return endpoint
