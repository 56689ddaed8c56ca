"""The canaries: things of the host that are planted for the doctor's trial, and that no sandbox may reach.

All of them are gone afterwards. Each listener tells whether anybody came, so that the probe's word is not needed.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import secrets
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any

from jhansi_runner.runner.doctor import probe_kernel
from jhansi_runner.runner.doctor.attempts import ABSTRACT, LOOPBACK, PATH, Planted

VARIABLE = "JHANSI_DOCTOR_CANARY"
_ADD_KEY, _KEYCTL = (248, 250) if os.uname().machine == "x86_64" else (217, 219)
_JOIN, _SESSION = 1, -3
_CREATE, _REMOVE = 0o1000 | 0o2000 | 0o600, 0  # IPC_CREAT | IPC_EXCL, IPC_RMID


class Canaries:
    """Plants them below `folder`, which is the user's alone. `heard` are the attempts that came to a listener."""

    def __init__(self, folder: str, home: str, own: Mapping[str, str]) -> None:
        self._folder, self._home, self._own = folder, home, own
        self._undo = contextlib.ExitStack()
        self.heard: set[str] = set()
        self.secret = secrets.token_hex(16)
        self.descriptor = -1

    def __enter__(self) -> Planted:
        with self._undo:  # what was planted goes when the rest cannot be
            planted = self._planted()
            self._undo = self._undo.pop_all()
        return planted

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._undo.close()

    def _planted(self) -> Planted:
        os.makedirs(f"{self._folder}/written", 0o700)
        path = f"{self._folder}/secret"
        with open(path, "w", encoding="ascii") as file:
            file.write(self.secret)
        self.descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        self._undo.callback(os.close, self.descriptor)
        abstract = f"\0jhansi-doctor-{secrets.token_hex(8)}"
        port = self._listen(LOOPBACK, socket.AF_INET, ("127.0.0.1", 0)).getsockname()[1]
        self._listen(ABSTRACT, socket.AF_UNIX, abstract)
        self._listen(PATH, socket.AF_UNIX, f"{self._folder}/socket")
        self._victim()
        description = f"jhansi-doctor-{secrets.token_hex(8)}"
        with contextlib.suppress(OSError):  # the control run tells that it is not there
            self._key(description)
        key = secrets.randbelow(0x7FFFFFF0) + 1
        with contextlib.suppress(OSError):
            self._shared(key)
        return Planted(self.secret, self._folder, self._home, self._own, port, abstract, key, description)

    def _listen(self, name: str, family: int, address: Any) -> socket.socket:
        listener = socket.socket(family)
        self._undo.callback(listener.close)
        listener.bind(address)
        listener.listen()
        self._undo.callback(listener.shutdown, socket.SHUT_RDWR)  # or the thread goes on to accept

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    listener.accept()[0].close()
                    self.heard.add(name)

        threading.Thread(target=accept, daemon=True).start()
        return listener

    def _victim(self) -> None:
        """A process that waits, with the secret in its command line."""
        words = [sys.executable, "-I", "-S", "-c", "import sys; sys.stdin.read()", self.secret]
        victim = subprocess.Popen(words, stdin=subprocess.PIPE)
        assert victim.stdin is not None
        self._undo.callback(victim.wait)
        self._undo.callback(victim.stdin.close)

    def _key(self, description: str) -> None:
        """A key in a session keyring of our own, which our children inherit; the user's is left alone."""
        probe_kernel.syscall(_KEYCTL, _JOIN, 0, 0, 0, 0)
        payload = self.secret.encode()
        probe_kernel.syscall(_ADD_KEY, b"user", description.encode(), payload, len(payload), _SESSION)

    def _shared(self, key: int) -> None:
        libc = probe_kernel.LIBC
        number = ctypes.c_int(key)
        memory = probe_kernel.checked(libc.shmget(number, ctypes.c_size_t(4096), _CREATE))
        self._undo.callback(libc.shmctl, memory, _REMOVE, None)
        queue = probe_kernel.checked(libc.msgget(number, _CREATE))
        self._undo.callback(libc.msgctl, queue, _REMOVE, None)


@contextlib.contextmanager
def inheritable(descriptor: int) -> Iterator[None]:
    """Let children that are started meanwhile have the descriptor."""
    os.set_inheritable(descriptor, True)
    try:
        yield
    finally:
        os.set_inheritable(descriptor, False)
