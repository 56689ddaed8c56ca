"""Being started by a service manager: the sockets that it hands over, and telling it when we serve.

Source: sd_listen_fds(3), sd_notify(3).
"""

from __future__ import annotations

import os
import socket
from collections.abc import MutableMapping

_FIRST = 3
_MOST = 64


def inherited(env: MutableMapping[str, str]) -> list[socket.socket]:
    """The listening sockets that we were started with, none where nobody hands any over.

    The variables that tell of them are taken out, so that no child takes them for its own. Raises ValueError for a
    descriptor that is no listening stream socket.
    """
    count, pid = env.pop("LISTEN_FDS", ""), env.pop("LISTEN_PID", "")
    env.pop("LISTEN_FDNAMES", None)
    if not count or pid != str(os.getpid()):
        return []
    if not count.isdecimal() or int(count) > _MOST:
        raise ValueError(f"LISTEN_FDS is {count}: no number of descriptors")
    return [_listener(descriptor) for descriptor in range(_FIRST, _FIRST + int(count))]


def notify(state: str, env: MutableMapping[str, str]) -> None:
    """Tell the service manager something such as `READY=1`; nothing where there is none, or where it does not hear."""
    address = env.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as endpoint:
        try:
            endpoint.sendto(state.encode(), address.replace("@", "\0", 1) if address[0] == "@" else address)
        except OSError:
            pass


def _listener(descriptor: int) -> socket.socket:
    try:
        found = socket.socket(fileno=descriptor)
    except OSError as error:
        raise ValueError(f"descriptor {descriptor} is no socket: {error.strerror}") from None
    listens = found.family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX) and found.type == socket.SOCK_STREAM
    if not listens or not found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        found.detach()
        raise ValueError(f"descriptor {descriptor} is no socket that listens: use ListenStream= in the unit")
    found.set_inheritable(False)
    return found
