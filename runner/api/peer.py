"""Who is at the other end of a connection, as far as the kernel tells.

Source: unix(7), SO_PEERCRED; sock_diag(7); proc(5), /proc/net/tcp; ADR 16.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import struct
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from jhansi_runner.runner.api import socket_diag

_ESTABLISHED = "01"
_LOOKS = 4
"""The kernel writes the table piece by piece: while others come and go, a connection that is there may be left out."""


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Peer:
    """The other end: on a unix socket a user, on TCP an address. `here` is our own end on TCP. `secure`: by TLS."""

    uid: int | None = None
    address: tuple[str, int] | None = None
    here: tuple[str, int] | None = None
    secure: bool = False


def peer_of(endpoint: socket.socket, *, secure: bool) -> Peer:
    """Who is there. Raises OSError when it has left."""
    if endpoint.family == socket.AF_UNIX:
        credentials = endpoint.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        return Peer(uid=struct.unpack("3i", credentials)[1], secure=secure)
    theirs, ours = endpoint.getpeername(), endpoint.getsockname()
    return Peer(address=(str(theirs[0]), int(theirs[1])), here=(str(ours[0]), int(ours[1])), secure=secure)


def is_same_user(peer: Peer, uid: int) -> bool:
    """Whether a process of this user holds the other end of a connection over loopback. False whenever in doubt."""
    if peer.address is None or peer.here is None or not is_loopback(peer.address[0]):
        return False
    try:
        return socket_diag.holder(peer.address, peer.here) == uid
    except OSError:  # it may be a module that is not there
        pass
    for _ in range(_LOOKS):
        found = holder(_connections(peer.address[0]), peer.address, peer.here)
        if found is not None:
            return found == uid
    return False


def _connections(host: str) -> list[str]:
    lines: list[str] = []
    for table in {"tcp6" if ":" in host else "tcp", "tcp6"}:  # a socket for both families stands in the other table
        try:
            with open(f"/proc/net/{table}", encoding="ascii") as rows:
                lines += rows
        except (OSError, ValueError):
            continue
    return lines


def holder(lines: Iterable[str], theirs: tuple[str, int], ours: tuple[str, int]) -> int | None:
    """The user who holds the end `theirs` of an established connection to `ours`, by lines of /proc/net/tcp{,6}.

    None where it is not there once, or nobody holds it any more: then it belongs to user 0, which means nothing.
    """
    wanted = {(left, right) for left in _written(*theirs) for right in _written(*ours)}
    found = []
    for line in lines:
        words = line.split()
        if len(words) < 10 or words[3] != _ESTABLISHED or (words[1], words[2]) not in wanted:
            continue
        if words[7].isdecimal() and words[9].isdecimal():
            found.append((int(words[7]), int(words[9])))
    if len(found) != 1 or found[0][1] == 0:
        return None
    return found[0][0]


def is_loopback(host: str) -> bool:
    """Whether an address is that of the host itself."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def our_uid() -> int:
    """The user that the service runs as."""
    return os.geteuid()


def _written(host: str, port: int) -> list[str]:
    """How the kernel writes an address: words of 32 bits in the order of the machine's bytes, then the port."""
    address = ipaddress.ip_address(host.partition("%")[0])
    forms = [address.packed]
    if isinstance(address, ipaddress.IPv4Address):
        forms.append(b"\0" * 10 + b"\xff\xff" + address.packed)
    return [f"{_words(packed)}:{port:04X}" for packed in forms]


def _words(packed: bytes) -> str:
    order = "<" if sys.byteorder == "little" else ">"
    return "".join(f"{word:08X}" for word in struct.unpack(f"{order}{len(packed) // 4}I", packed))
