"""The real service with its real gate cell, and doors of it that tests knock at."""

from __future__ import annotations

import contextlib
import os
import secrets
import select
import shutil
import signal
import socket
import ssl
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.ledger import Entry
from jhansi_runner.proxy.registries.upstreams import upstream
from jhansi_runner.proxy.service.client import connect, register
from jhansi_runner.proxy.service.messages import Registration
from support.mirror import eventually, policy_text
from support.registry import Upstream
from support.user import environ, processes


@dataclass(frozen=True, slots=True)
class Said:
    """What came back over a connection until its end: status 0 for nothing."""

    raw: bytes

    @property
    def status(self) -> int:
        """The status of the answer."""
        return int(self.raw.split(b" ", 2)[1]) if self.raw.startswith(b"HTTP/1.1 ") else 0

    @property
    def reason(self) -> str:
        """The phrase of the status line."""
        return self.raw.split(b"\r\n", 1)[0].split(b" ", 2)[2].decode()

    @property
    def body(self) -> bytes:
        """What follows the head."""
        return self.raw.partition(b"\r\n\r\n")[2]


class Door:
    """A registered run. Its door is on loopback, which to the gate is a door like any other."""

    def __init__(self, folders: paths.Paths, up: Upstream, rules: str, *, offline: bool = False) -> None:
        self.public, self.certificate = upstream("pypi").public, folders.authority_certificate
        self._heard: list[Entry] = []
        self.run = f"run-{secrets.token_hex(4)}"
        policy = (("policy.yaml", policy_text(up, rules), "main"),)
        registration = Registration(self.run, "box", "install", offline, policy)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = int(self._listener.getsockname()[1])
        self.link = register(connect(folders), registration, self._listener.fileno(), self._heard.append)

    def close(self) -> None:
        """End the run."""
        self._listener.close()
        self.link.finish()

    @property
    def heard(self) -> list[Entry]:
        """What the service has told of so far."""
        while select.select([self.link], [], [], 0)[0] and self.link.read():
            pass
        return self._heard

    @property
    def proxy(self) -> str:
        """What a client gets as HTTPS_PROXY."""
        return f"http://127.0.0.1:{self.port}"

    def codes(self) -> list[str]:
        """The codes of the refusals so far."""
        return [entry.code for entry in self.heard if entry.verdict == "deny"]

    def wait_for(self, code: str) -> Entry:
        """The refusal with this code, once it is heard."""
        eventually(lambda: code in self.codes())
        return next(entry for entry in self.heard if entry.code == code)

    def plain(self, data: bytes) -> Said:
        """Send bytes and hear what comes back."""
        with socket.create_connection(("127.0.0.1", self.port), 10) as connection:
            with contextlib.suppress(ConnectionError):
                connection.sendall(data)
            return heard(connection)

    def tunnel(self, host: str = "", port: int = 443) -> tuple[socket.socket, Said]:
        """Ask for a tunnel: the connection, and what the gate said."""
        connection = socket.create_connection(("127.0.0.1", self.port), 10)
        target = f"{host or self.public}:{port}"
        connection.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
        head = b""
        while not head.endswith(b"\r\n\r\n") and (more := connection.recv(1)):
            head += more
        return connection, Said(head)

    def tls(self, sni: str | None = "", *, protocols: tuple[str, ...] = ("http/1.1",), host: str = "") -> ssl.SSLSocket:
        """A tunnel with TLS in it; `sni` None greets without a name."""
        connection, said = self.tunnel(host)
        assert said.status == 200, said
        context = ssl.create_default_context(cafile=self.certificate)
        context.set_alpn_protocols(list(protocols))
        if sni != "":
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context.wrap_socket(connection, server_hostname=(host or self.public) if sni == "" else sni)

    def ask(self, data: bytes, *, sni: str | None = "", host: str = "") -> Said:
        """Send bytes through TLS and hear what comes back."""
        with self.tls(sni, host=host) as connection:
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                connection.sendall(data)
            return heard(connection)

    def get(self, path: str, *lines: str, method: str = "GET", host: str = "") -> Said:
        """Ask for a path as a well-behaved client would, with more header lines."""
        head = [f"{method} {path} HTTP/1.1", f"Host: {host or self.public}", "Connection: close", *lines]
        return self.ask("\r\n".join([*head, "", ""]).encode("latin-1"))


def heard(connection: socket.socket) -> Said:
    """All that comes until the end."""
    raw = b""
    try:
        while more := connection.recv(1 << 16):
            raw += more
    except (ConnectionError, ssl.SSLError):
        pass
    return Said(raw)


def sent_until_cut_off(connection: socket.socket, piece: bytes) -> int:
    """Send the same bytes over and over until the other side breaks off, or 125 MiB went; how many bytes went."""
    sent = 0
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        while sent < 125 << 20:
            connection.sendall(piece)
            sent += len(piece)
    return sent


@contextlib.contextmanager
def service_home(**env: str) -> Iterator[paths.Paths]:
    """The folders of a new user; whatever serves them is gone afterwards."""
    home = tempfile.mkdtemp(prefix="jh-")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
            patch.delenv(name)
        for name, value in {"JHANSI_HOME": home, "JHANSI_PROXY_IDLE": "30", **env}.items():
            patch.setenv(name, value)
        try:
            yield paths.current(os.environ)
        finally:
            for pid in services(home):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            eventually(lambda: not services(home))
            shutil.rmtree(home, ignore_errors=True)


def services(home: Path | str) -> list[int]:
    """The services that serve a home, by process id."""
    mark = f"JHANSI_HOME={home}\0".encode()
    return [pid for pid, command in processes() if b"proxy.service.main" in command and mark in environ(pid)]


def gates_of(folders: paths.Paths) -> list[int]:
    """The gate itself, once it runs: the process of a service whose command it is, not the one that made its cell."""
    (service,) = services(os.path.dirname(folders.state))

    def found() -> list[int]:
        family = {service}
        for pid, _ in sorted(processes()):
            with contextlib.suppress(OSError):
                if int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]) in family:
                    family.add(pid)
        commands = {pid: command for pid, command in processes() if pid in family}
        return [
            pid for pid, command in commands.items() if b"gate.main" in command and not command.startswith(b"bwrap")
        ]

    eventually(found)
    return found()


def gate_memory(folders: paths.Paths) -> int:
    """What the gate holds in memory, in bytes."""
    (gate,) = gates_of(folders)
    return int(Path(f"/proc/{gate}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
