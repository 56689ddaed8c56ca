"""Asks the kernel for one connection, where its whole table would have to be read otherwise.

Source: sock_diag(7); netlink(7); linux/inet_diag.h.
"""

from __future__ import annotations

import ipaddress
import socket
import struct

_SOCK_DIAG, _BY_FAMILY, _REQUEST, _ERROR = 4, 20, 1, 2
_ANY_COOKIE = b"\xff" * 8
_HEAD = struct.Struct("=LHHLL")
_QUESTION, _ENDS = struct.Struct("=BBBxL"), struct.Struct(">HH16s16s")
_ANSWER = struct.Struct("=BBBB48x5L")
_SECONDS = 1.0
_NOT_THERE = 2
_ESTABLISHED = 1
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def holder(theirs: tuple[str, int], ours: tuple[str, int]) -> int | None:
    """The user who holds the end `theirs` of an established connection to `ours`, None for nobody.

    Raises OSError where the kernel does not tell.
    """
    left, right = (_plain(ipaddress.ip_address(end[0].partition("%")[0])) for end in (theirs, ours))
    family = socket.AF_INET if left.version == 4 else socket.AF_INET6
    ends = _ENDS.pack(theirs[1], ours[1], left.packed.ljust(16, b"\0"), right.packed.ljust(16, b"\0"))
    question = _QUESTION.pack(family, socket.IPPROTO_TCP, 0, 1 << _ESTABLISHED) + ends + bytes(4) + _ANY_COOKIE
    head = _HEAD.pack(_HEAD.size + len(question), _BY_FAMILY, _REQUEST, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, _SOCK_DIAG) as kernel:
        kernel.settimeout(_SECONDS)
        kernel.sendto(head + question, (0, 0))
        answer, (sender, _) = kernel.recvfrom(4096)
    if sender != 0:
        raise OSError("this is not the kernel")
    _, kind, _, _, _ = _HEAD.unpack_from(answer)
    if kind == _ERROR:
        number = -struct.unpack_from("=l", answer, _HEAD.size)[0]
        if number == _NOT_THERE:
            return None
        raise OSError(number, "the kernel tells nothing of connections")
    if kind != _BY_FAMILY or len(answer) < _HEAD.size + _ANSWER.size:
        raise OSError("the kernel tells something else")
    family, state, _, _, _, _, _, uid, inode = _ANSWER.unpack_from(answer, _HEAD.size)
    found = _ends(family, answer[_HEAD.size + 4 :])
    is_there = found == ((left, theirs[1]), (right, ours[1])) and state == _ESTABLISHED and inode
    return uid if is_there else None


def _ends(family: int, told: bytes) -> tuple[tuple[_Address, int], tuple[_Address, int]]:
    one, other, source, destination = _ENDS.unpack_from(told)
    size = 4 if family == socket.AF_INET else 16
    return (_plain(ipaddress.ip_address(source[:size])), one), (_plain(ipaddress.ip_address(destination[:size])), other)


def _plain(address: _Address) -> _Address:
    """The address of version 4 that one of version 6 stands for."""
    return getattr(address, "ipv4_mapped", None) or address
