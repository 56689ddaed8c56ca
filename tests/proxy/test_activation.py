"""Sockets that a service manager hands over, and telling it that we serve."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from jhansi_runner.proxy.activation import inherited, notify
from support.mirror import eventually

_MAIN = "from jhansi_runner.runner.entry import main; main()"


def test_nothing_is_taken_that_was_meant_for_another_process() -> None:
    env = {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid() + 1), "LISTEN_FDNAMES": "x", "PATH": "/bin"}
    assert inherited(env) == []
    assert env == {"PATH": "/bin"}


@pytest.mark.parametrize("count", ["-1", "x", "1000"])
def test_a_count_that_makes_no_sense_is_an_error(count: str) -> None:
    with pytest.raises(ValueError, match="no number of descriptors"):
        inherited({"LISTEN_FDS": count, "LISTEN_PID": str(os.getpid())})


def test_the_manager_is_told(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        notify("READY=1", {"NOTIFY_SOCKET": str(tmp_path / "notify")})
        assert manager.recv(100) == b"READY=1"
    notify("READY=1", {"NOTIFY_SOCKET": str(tmp_path / "gone")})
    notify("READY=1", {})


def _started(folder: Path, listener: socket.socket, notified: Path) -> subprocess.Popen[bytes]:
    """The mirror as systemd starts it: the socket is descriptor 3, and LISTEN_PID its own number."""
    script = 'exec 3<&"$1"; LISTEN_PID=$$ LISTEN_FDS=1 exec "$2" -P -c "$3" proxy serve'
    (folder / "policy.yaml").write_text("version: 1\nregistries: {pypi: {enabled: true}}\ndefault: deny\n")
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            ["bash", "-c", script, "-", str(listener.fileno()), sys.executable, _MAIN],
            env={**os.environ, "JHANSI_HOME": str(folder), "NOTIFY_SOCKET": str(notified)},
            pass_fds=[listener.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


def test_the_mirror_serves_at_the_socket_of_its_manager(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(str(tmp_path / "notify"))
        told.settimeout(30)
        process = _started(tmp_path, listener, tmp_path / "notify")
        try:
            with socket.create_connection(listener.getsockname(), timeout=30) as early:  # waits in the queue
                early.sendall(b"GET /healthz HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n")
                assert told.recv(100) == b"READY=1"
                assert early.recv(1000).startswith(b"HTTP/1.1 200")
        finally:
            process.terminate()
            assert process.wait(30) == 0, (tmp_path / "log").read_text()


def test_a_socket_that_the_mirror_cannot_use_is_said(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "unix"))
        listener.listen()
        process = _started(tmp_path, listener, tmp_path / "notify")
        eventually(lambda: process.poll() is not None, 30)
    assert process.returncode == 125
    assert "one address of TCP" in (tmp_path / "log").read_text()
