"""The control socket's place: an address of a socket has 107 bytes at most, a path 4,095.

So the folder is opened, and the address goes through its descriptor. Source: unix(7); path_resolution(7), PATH_MAX.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from collections.abc import Iterator


@contextlib.contextmanager
def _address(folder: str, key: str) -> Iterator[str]:
    descriptor = _opened(folder)
    try:
        yield f"/proc/self/fd/{descriptor}/{key}.sock"
    finally:
        os.close(descriptor)


def _opened(folder: str) -> int:
    try:
        return os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        what = f"{folder[:60]}... is too long a path ({len(os.fsencode(folder))} bytes) for the proxy's socket"
        raise OSError(error.errno, f"{what}: set JHANSI_HOME or XDG_RUNTIME_DIR to a shorter one") from None


def bound(folder: str, key: str) -> socket.socket:
    """A listening socket at its place, where one that a killed service left is replaced. Raises OSError."""
    with _address(folder, key) as address:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(address)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            listener.bind(address)
            listener.listen(128)
        except OSError:
            listener.close()
            raise
    return listener


def connected(folder: str, key: str) -> socket.socket | None:
    """A connection to the service, or None when there is none. Raises OSError."""
    try:
        with _address(folder, key) as address:
            endpoint = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            try:
                endpoint.connect(address)
            except OSError:
                endpoint.close()
                raise
    except (FileNotFoundError, ConnectionRefusedError):
        return None
    return endpoint
