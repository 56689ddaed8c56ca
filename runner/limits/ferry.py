"""The way from a login session into the part of the control groups that systemd has given to the user.

A user may not move a process of a session there, but the user's systemd may, when it is asked to attach the process to
a unit. The unit is one for all runs: it has no process of its own, and stays, with its folder, until the user's systemd
ends. It delegates: what is below its folder is ours. The few bytes of D-Bus that this takes are written here: a library
costs more to import than they take to answer.

Source: org.freedesktop.systemd1(5), AttachProcessesToUnit, StartTransientUnit; the D-Bus specification, "Message
Protocol" and "Authentication Protocol"; tried with systemd 252.
"""

from __future__ import annotations

import _socket  # the C half of `socket`, whose Python half costs 5 ms
import errno
import os
import struct
import time

UNIT = "jhansi-runner.service"
_SECONDS, _PAUSE_SECONDS = 3.0, 0.01
_ENDING = b"\r\n"
_MOST_BYTES = 1 << 16
_CALL, _ANSWER, _ERROR = 1, 2, 3
_NOTHING = "/bin/true"


def carry(socket_path: str, process: int, others: str, given: str) -> str:
    """Move a process below `given`, the folder that was given to the user; the folder of the unit that it is in now.

    `others` is the group in the unit for processes that have no group of their own yet. Raises OSError.
    """
    until = time.monotonic() + _SECONDS
    link, started = _Link(socket_path), False
    try:
        while refusal := _refused(link, process, others, given):
            if time.monotonic() > until:
                raise OSError(errno.EACCES, f"systemd does not move the program: {refusal}")
            if started:  # the answer comes before the unit is there
                time.sleep(_PAUSE_SECONDS)
            else:
                started = True
                link.call("StartTransientUnit", "ssa(sv)a(sa(sv))", starting())  # another run may have been first
    finally:
        link.close()
    try:
        with open(f"/proc/{process}/cgroup", "rb") as file:
            group = file.read().decode("utf-8", "surrogateescape").rpartition("0::")[2].splitlines()[0]
    except FileNotFoundError:
        raise ProcessLookupError(errno.ESRCH, "the program is gone") from None
    _, found, below = group.partition("/" + os.path.basename(given) + "/")
    before, unit, _ = below.partition(UNIT)
    if not (found and unit):
        raise OSError(errno.EPROTO, f"systemd moved the program elsewhere: {group}")
    return f"{given}/{before}{unit}"


def _refused(link: _Link, process: int, others: str, given: str) -> str:
    """Have a process attached, to the group for such or to the unit itself; why not, "" when it was."""
    for folder in (f"{given}/app.slice/{UNIT}", f"{given}/{UNIT}"):
        if os.path.isdir(folder):  # whose processes, if it has groups with limits, have to be in groups
            os.makedirs(f"{folder}/{others}", exist_ok=True)
    refusal = link.call("AttachProcessesToUnit", "ssau", attaching(f"/{others}", process))
    return refusal and link.call("AttachProcessesToUnit", "ssau", attaching("", process))


class _Link:
    """A connection to the user's systemd. Raises OSError, also for what is no D-Bus."""

    __slots__ = ("_data", "_serial", "_socket")

    def __init__(self, path: str) -> None:
        self._socket = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM | _socket.SOCK_CLOEXEC)
        self._serial, self._data = 0, b""
        try:
            self._socket.settimeout(_SECONDS)
            self._socket.connect(path)
            self._introduce()
        except OSError:
            self._socket.close()
            raise

    def close(self) -> None:
        """Close it."""
        self._socket.close()

    def call(self, member: str, signature: str, body: bytes) -> str:
        """Call a method of systemd's manager; what it refuses with, "" when it does not."""
        self._serial += 1
        self._socket.sendall(message(self._serial, member, signature, body))
        while True:
            one = self._message()
            if one[1] == _ANSWER:
                return ""
            if one[1] == _ERROR:
                words = one[len(one) - struct.unpack_from("<I", one, 4)[0] :][4:-1].decode("utf-8", "replace")
                return words[:200] or "it does not say why"

    def _introduce(self) -> None:
        name = str(os.getuid()).encode().hex().encode()
        self._socket.sendall(b"\0AUTH EXTERNAL " + name + _ENDING + b"BEGIN" + _ENDING)
        while _ENDING not in self._data:
            self._receive()
        answer, _, self._data = self._data.partition(_ENDING)
        if not answer.startswith(b"OK"):
            raise OSError(errno.EACCES, f"systemd refuses us: {answer[:100]!r}")

    def _message(self) -> bytes:
        while len(self._data) < 16 or len(self._data) < _size(self._data):
            self._receive()
        size = _size(self._data)
        one, self._data = self._data[:size], self._data[size:]
        return one

    def _receive(self) -> None:
        data = self._socket.recv(_MOST_BYTES)
        if not data or len(self._data) > _MOST_BYTES:
            raise OSError(errno.EPROTO, "systemd ended the conversation")
        self._data += data


def _size(data: bytes) -> int:
    body, _, fields = struct.unpack_from("<III", data, 4)
    size: int = 16 + fields + (-fields % 8) + body
    if data[:1] != b"l" or size > _MOST_BYTES:
        raise OSError(errno.EPROTO, "systemd sent something that is no message")
    return size


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


def attaching(group: str, process: int) -> bytes:
    """The body that attaches a process to our unit: unit, group below it, processes."""
    return _aligned(_aligned(_string(UNIT), 4) + _string(group), 4) + struct.pack("<II", 4, process)


def starting() -> bytes:
    """The body that starts our unit: name, mode, properties as (name, variant), no further units."""
    properties = b""
    for name, kind, value in (
        ("Description", "s", _string("groups of jhansi-runner's sandboxes")),
        ("Type", "s", _string("oneshot")),
        ("RemainAfterExit", "b", struct.pack("<I", 1)),
        ("Delegate", "b", struct.pack("<I", 1)),
    ):
        properties = _aligned(_aligned(properties, 8) + _string(name) + _signature(kind), 4) + value
    properties = _aligned(properties, 8) + _string("ExecStart") + _signature("a(sasb)")
    words = _string(_NOTHING)
    command = _aligned(words, 4) + struct.pack("<I", len(words)) + words  # aligned to 8, as an array's first structure
    command = _aligned(command, 4) + struct.pack("<I", 0)
    properties = _aligned(_aligned(properties, 4) + struct.pack("<I", len(command)), 8) + command
    begun = _aligned(_aligned(_string(UNIT), 4) + _string("fail"), 4) + struct.pack("<I", len(properties))
    begun = _aligned(begun, 8) + properties
    return _aligned(_aligned(begun, 4) + struct.pack("<I", 0), 8)


def _string(text: str) -> bytes:
    data = text.encode("utf-8")
    return struct.pack("<I", len(data)) + data + b"\0"


def _signature(text: str) -> bytes:
    return bytes([len(text)]) + text.encode("ascii") + b"\0"


def _aligned(data: bytes, size: int) -> bytes:
    return data + b"\0" * (-len(data) % size)
