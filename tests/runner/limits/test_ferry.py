"""What is said to the user's systemd is D-Bus as its specification has it, and no answer of it is taken on trust."""

from __future__ import annotations

import os
import socket
import struct
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from jhansi_runner.runner.limits import ferry


def message(kind: int, serial: int, words: str = "") -> bytes:
    """An answer or an error, without the fields that nobody here reads."""
    body = struct.pack("<I", len(words)) + words.encode() + b"\0" if words else b""
    return struct.pack("<BBBBIII", ord("l"), kind, 1, 1, len(body), serial, 0) + body


def server(path: Path, talk: Callable[[socket.socket, list[bytes]], None]) -> list[bytes]:
    """Somebody who listens where the user's systemd would: what was heard."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    heard: list[bytes] = []

    def serve() -> None:
        with listener, listener.accept()[0] as link:
            heard.append(link.recv(4096))
            talk(link, heard)

    threading.Thread(target=serve, daemon=True).start()
    return heard


def answers(*messages: bytes) -> Callable[[socket.socket, list[bytes]], None]:
    def talk(link: socket.socket, heard: list[bytes]) -> None:
        link.sendall(b"OK 0123\r\n")
        for one in messages:
            heard.append(link.recv(4096))
            link.sendall(one)

    return talk


def test_who_we_are_and_what_we_want(tmp_path: Path) -> None:
    heard = server(tmp_path / "s", answers(message(4, 9) + message(2, 1)))  # a signal comes first
    with pytest.raises(OSError, match="moved the program elsewhere"):  # as nobody moved it
        ferry.carry(str(tmp_path / "s"), os.getpid(), "others", "/sys/fs/cgroup/user@1.service")
    assert heard[0] == b"\0AUTH EXTERNAL " + str(os.getuid()).encode().hex().encode() + b"\r\nBEGIN\r\n"
    assert heard[1][:4] == b"l\1\0\1" and b"AttachProcessesToUnit\0" in heard[1] and b"/others\0" in heard[1]
    assert heard[1].endswith(struct.pack("<II", 4, os.getpid()))


def test_a_unit_that_is_not_there_is_started(tmp_path: Path) -> None:
    missing = message(3, 1, "Unit jhansi-runner.service not loaded.")
    heard = server(tmp_path / "s", answers(missing, missing, message(2, 3), missing, missing, missing, message(2, 7)))
    with pytest.raises(OSError, match="moved the program elsewhere"):
        ferry.carry(str(tmp_path / "s"), os.getpid(), "others", "/x")
    assert b"StartTransientUnit\0" in heard[3] and b"AttachProcessesToUnit\0" in heard[7]


@pytest.mark.parametrize(
    ("talk", "says"),
    [
        (lambda link, _: link.sendall(b"REJECTED EXTERNAL\r\n"), "refuses us"),
        (lambda link, _: link.close(), "ended the conversation"),
        (lambda link, _: link.sendall(b"x" * 100_000), "ended the conversation"),
        (answers(b"GARBAGE" * 10), "no message"),
        (answers(struct.pack("<BBBBIII", ord("l"), 2, 1, 1, 1 << 30, 1, 0)), "no message"),
        (answers(b"l\2"), "ended the conversation"),
    ],
)
def test_what_is_no_systemd(talk: Callable[[socket.socket, list[bytes]], None], says: str, tmp_path: Path) -> None:
    server(tmp_path / "s", talk)
    with pytest.raises(OSError, match=says):
        ferry.carry(str(tmp_path / "s"), os.getpid(), "others", "/x")


def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        ferry.carry(str(tmp_path / "s"), os.getpid(), "others", "/x")
