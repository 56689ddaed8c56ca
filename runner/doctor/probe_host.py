"""What the probe tries that belongs to the host or its user: files, processes, sockets, the network.

Part of the program in `probe.py`: Python's standard library alone.
"""

from __future__ import annotations

import os
import socket
import ssl

from jhansi_runner.runner.doctor.probe_lock import hold

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Answer = tuple[bool, str]
    Asked = dict[str, Any]


def read(asked: Asked) -> Answer:
    """Whether a file can be read; what is in it is not told."""
    with open(asked["path"], "rb") as file:
        return bool(file.read(64)), "it was read"


def look(asked: Asked) -> Answer:
    """Whether a folder's names can be read."""
    os.listdir(asked["path"])
    return True, "its names were read"


def write(asked: Asked) -> Answer:
    """Whether a file can be made in one of these folders; where it can, it stays there as a witness."""
    said = ""
    for folder in asked["folders"]:
        path = f"{folder}/{asked['file']}"
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except OSError as error:
            said = str(error.strerror)
            continue
        return True, f"{folder} was written to"
    return False, said


def environment(asked: Asked) -> Answer:
    """Whether a secret of the host's environment is among our variables, or those of the first process."""
    places = [f"variable {name}" for name, value in os.environ.items() if asked["secret"] in value]
    for path in ("/proc/self/environ", "/proc/1/environ", "/proc/1/cmdline"):
        try:
            with open(path, "rb") as file:
                places += [path] if asked["secret"].encode() in file.read(1 << 20) else []
        except OSError:
            continue
    return bool(places), ", ".join(places) or "it is not there"


def descriptor(asked: Asked) -> Answer:
    """Whether a file that was open on the host still is."""
    for number in range(3, 256):
        try:
            if asked["secret"].encode() in os.pread(number, 4096, 0):
                return True, f"descriptor {number}"
        except OSError:
            continue
    return False, "it is not open"


def connect(asked: Asked) -> Answer:
    """Whether a listener of the host can be reached. `address` is a port of loopback's, or a unix socket's name."""
    unix = isinstance(asked["address"], str)
    endpoint = socket.socket(socket.AF_UNIX if unix else socket.AF_INET)
    endpoint.settimeout(3)
    endpoint.connect(asked["address"] if unix else ("127.0.0.1", asked["address"]))
    return True, "it took the connection"


def outside(asked: Asked) -> Answer:
    """Whether there is a network beyond our own. Where there is an interface for it, nothing is sent."""
    names = [name for _, name in socket.if_nameindex() if name != "lo"]
    if names:
        return True, f"there is {', '.join(names)}"
    said = "no interface but lo"
    for host, port in asked["addresses"]:
        with socket.socket() as endpoint:
            endpoint.settimeout(3)
            try:
                endpoint.connect((host, port))
            except OSError as error:
                said = str(error.strerror or error)
                continue
        return True, f"{host} took the connection"
    return False, said


def processes(asked: Asked) -> Answer:
    """Whether a process of the host can be seen, and signalled."""
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{int(name)}/cmdline", "rb") as file:
                found = asked["secret"].encode() in file.read(4096)
        except (OSError, ValueError):
            continue
        if found:
            os.kill(int(name), 0)
            return True, f"process {name} can be seen and signalled"
    return False, "it cannot be seen"


def survivor(asked: Asked) -> Answer:
    """Leave a process behind, out of our session; who started us sees by its lock whether it lives on."""
    ready, theirs = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.dup2(os.open(os.devnull, os.O_RDWR), 1)
            os.dup2(1, 2)
            hold(asked["path"], asked["end"], theirs)
        os._exit(0)
    os.close(theirs)
    return False, "left behind" if os.read(ready, 1) else "it could not be left"


def gate(asked: Asked) -> Answer:
    """What the gate answers to a tunnel, and to a request in it if there is one."""
    host = asked["host"]
    endpoint = socket.create_connection(("127.0.0.1", asked["port"]), asked["seconds"] - 1)
    endpoint.sendall(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n".encode())
    status = _status(endpoint)
    if asked["method"] and " 200" in status:
        inner = ssl.create_default_context().wrap_socket(endpoint, server_hostname=host)
        inner.sendall(
            f"{asked['method']} {asked['path']} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
        )
        status = _status(inner)
    return status.partition(" ")[2].startswith("2"), status or "no answer"


def _status(endpoint: socket.socket) -> str:
    head = b""
    while b"\r\n\r\n" not in head and len(head) < 1 << 16 and (data := endpoint.recv(4096)):
        head += data
    return head.split(b"\r\n")[0].decode("latin-1")[:300]
