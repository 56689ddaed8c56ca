"""The way from a login session into the part of the control groups that systemd has given to the user.

A user may not move a process of a session there, but the user's systemd may, when it is asked for a scope with that
process in it. The scope is only the ferry: from there on the user may move the process. The few bytes of D-Bus that it
takes are written here: a library costs more to import than they take to answer.

Source: org.freedesktop.systemd1(5), StartTransientUnit; the D-Bus specification, "Message Protocol", "Authentication
Protocol"; tried with systemd 252.
"""

from __future__ import annotations

import _socket  # the C half of `socket`, whose Python half costs 5 ms
import errno
import os
import struct
import time

_SECONDS = 3.0
_PAUSE_SECONDS = 0.001
_ENDING = b"\r\n"
_MOST_BYTES = 1 << 16
_CALL, _ANSWER, _ERROR = 1, 2, 3


def carry(socket_path: str, process: int, name: str, into: str) -> None:
    """Have a process moved below `into`, a path of control groups that `/proc/PID/cgroup` shows. Raises OSError."""
    link = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM | _socket.SOCK_CLOEXEC)
    try:
        link.settimeout(_SECONDS)
        link.connect(socket_path)
        rest = _introduced(link)
        link.sendall(
            message(1, "StartTransientUnit", "ssa(sv)a(sa(sv))", scope(f"jhansi-runner-{name}.scope", process))
        )
        _answered(link, rest)
    finally:
        link.close()
    until = time.monotonic() + _SECONDS
    while into not in _group_of(process):  # the answer comes before the process is moved
        if time.monotonic() > until:
            raise OSError(errno.ETIMEDOUT, "systemd did not move the process", into)
        time.sleep(_PAUSE_SECONDS)


def _group_of(process: int) -> str:
    with open(f"/proc/{process}/cgroup", "rb") as file:
        return file.read().decode("utf-8", "surrogateescape")


def _introduced(link: _socket.socket) -> bytes:
    """Say who we are; what came behind the answer."""
    link.sendall(b"\0AUTH EXTERNAL " + str(os.getuid()).encode().hex().encode() + _ENDING + b"BEGIN" + _ENDING)
    said = b""
    while _ENDING not in said:
        said += _received(link)
        if len(said) > _MOST_BYTES:
            raise OSError(errno.EPROTO, "systemd does not speak D-Bus")
    answer, _, rest = said.partition(_ENDING)
    if not answer.startswith(b"OK"):
        raise OSError(errno.EACCES, f"systemd refuses us: {answer[:100]!r}")
    return rest


def _answered(link: _socket.socket, data: bytes) -> None:
    """Wait for the answer to our call; other messages are passed over. Raises OSError for an error."""
    while True:
        while len(data) < 16 or len(data) < _size(data):
            data += _received(link)
        one, data = data[: _size(data)], data[_size(data) :]
        if one[1] == _ANSWER:
            return
        if one[1] == _ERROR:
            words = one[-struct.unpack_from("<I", one, 4)[0] :][4:-1].decode("utf-8", "replace")
            raise OSError(errno.EACCES, f"systemd makes no scope: {words[:200]}")


def _size(data: bytes) -> int:
    body, _, fields = struct.unpack_from("<III", data, 4)
    size: int = 16 + fields + (-fields % 8) + body
    if data[:1] != b"l" or size > _MOST_BYTES:
        raise OSError(errno.EPROTO, "systemd sent something that is no message")
    return size


def _received(link: _socket.socket) -> bytes:
    data = link.recv(_MOST_BYTES)
    if not data:
        raise OSError(errno.ECONNRESET, "systemd closed the connection")
    return data


def message(serial: int, member: str, signature: str, body: bytes) -> bytes:
    """A method call to systemd's manager, little endian."""
    fields = b""
    for code, kind, value in (
        (1, "o", "/org/freedesktop/systemd1"),
        (2, "s", "org.freedesktop.systemd1.Manager"),
        (3, "s", member),
        (6, "s", "org.freedesktop.systemd1"),
        (8, "g", signature),
    ):
        fields = _aligned(fields, 8) + bytes([code]) + _signature(kind)
        fields = fields + _signature(value) if kind == "g" else _aligned(fields, 4) + _string(value)
    head = struct.pack("<BBBBIII", ord("l"), _CALL, 0, 1, len(body), serial, len(fields)) + fields
    return _aligned(head, 8) + body


def scope(name: str, process: int) -> bytes:
    """The body of the call: name, mode, properties as (name, variant), no further units."""
    start = _aligned(_aligned(_string(name), 4) + _string("fail"), 4)
    one = _aligned(_string("PIDs") + _signature("au"), 4) + struct.pack("<II", 4, process)
    properties = (
        _aligned(one, 8) + _aligned(_string("CollectMode") + _signature("s"), 4) + _string("inactive-or-failed")
    )
    begun = _aligned(start + struct.pack("<I", len(properties)), 8) + properties
    return _aligned(_aligned(begun, 4) + struct.pack("<I", 0), 8)


def _string(text: str) -> bytes:
    data = text.encode("utf-8")
    return struct.pack("<I", len(data)) + data + b"\0"


def _signature(text: str) -> bytes:
    return bytes([len(text)]) + text.encode("ascii") + b"\0"


def _aligned(data: bytes, size: int) -> bytes:
    return data + b"\0" * (-len(data) % size)
