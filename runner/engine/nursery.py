"""The nursery: one process with one thread, which has imported all that an `exec` may need, and forks for each run.

Started as `python -m jhansi_runner.runner.engine.nursery FD`, where FD is a socket that keeps messages apart. It is
told `{"run": NUMBER}` with the descriptors of `child.begin`, or `{"run": NUMBER, "signal": SIGNAL}`; it tells
`{"ready": true}` once, and `{"run": NUMBER, "status": STATUS}` when a run has ended, as waitpid has it. When nobody is
at the other end any more it kills all runs, and ends.

Source: ADR 16.
"""

from __future__ import annotations

import array
import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys

from jhansi_runner.resolvers.all import BrokenResolver, resolvers
from jhansi_runner.runner.engine import child

DESCRIPTORS = 5
"""How many come with a run."""
MESSAGE_BYTES = 4096
_NEEDED = (
    "jhansi_runner.runner.aftermath",
    "jhansi_runner.runner.cli",
    "jhansi_runner.runner.evidence.dossier",
    "jhansi_runner.runner.execute",
    "jhansi_runner.runner.limits.cgroup",
    "jhansi_runner.runner.limits.disk",
    "jhansi_runner.runner.limits.host_groups",
    "jhansi_runner.runner.limits.tiers",
    "jhansi_runner.runner.limits.watcher",
    "jhansi_runner.runner.link",
    "jhansi_runner.runner.missing",
    "jhansi_runner.runner.prepare",
    "jhansi_runner.runner.shortage",
    "jhansi_runner.runner.testing",
    "pwd",
    "threading",
)
"""What `exec` imports when it needs it: here that is once, and before."""


class Nursery:
    """Forks runs, and reaps them."""

    def __init__(self, core: socket.socket) -> None:
        self._core = core
        self._children: dict[int, tuple[int, int]] = {}

    def serve(self) -> None:
        """Do what the core says until it is gone."""
        try:
            self._core.send(json.dumps({"ready": True}).encode())
            while self._turn():
                pass
        except OSError:  # the core is gone
            pass
        finally:
            for pid, _ in self._children.values():
                os.kill(pid, signal.SIGKILL)

    def _turn(self) -> bool:
        poll = select.poll()
        poll.register(self._core, select.POLLIN)
        by_handle = {handle: number for number, (_, handle) in self._children.items()}
        for handle in by_handle:
            poll.register(handle, select.POLLIN)
        ready = [descriptor for descriptor, _ in poll.poll()]
        for descriptor in ready:
            if descriptor in by_handle:
                self._reap(by_handle[descriptor])
        return self._core.fileno() not in ready or self._hear()

    def _hear(self) -> bool:
        """Do one thing that the core says; False when it is gone."""
        data, descriptors = _received(self._core)
        if not data:
            return False
        try:
            message = json.loads(data)
            number = int(message["run"])
            if "signal" in message:
                if number in self._children:
                    os.kill(self._children[number][0], int(message["signal"]))
            elif len(descriptors) == DESCRIPTORS:
                self._fork(number, descriptors)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        return True

    def _fork(self, number: int, descriptors: list[int]) -> None:
        parent = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            self._tell({"run": number, "error": f"no process for it: {error.strerror}"})
            return
        if pid == 0:
            child.begin(descriptors, parent)
        self._children[number] = pid, os.pidfd_open(pid)

    def _reap(self, number: int) -> None:
        pid, handle = self._children.pop(number)
        os.close(handle)
        _, status = os.waitpid(pid, 0)
        self._tell({"run": number, "status": status})

    def _tell(self, message: dict[str, object]) -> None:
        self._core.send(json.dumps(message).encode())


def _received(core: socket.socket) -> tuple[bytes, list[int]]:
    """One message, and the descriptors that came with it, which nothing that we start inherits."""
    found = array.array("i")
    room = socket.CMSG_SPACE(DESCRIPTORS * found.itemsize)
    data, ancillary, _, _ = core.recvmsg(MESSAGE_BYTES, room, socket.MSG_CMSG_CLOEXEC)
    for level, kind, payload in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            found.frombytes(payload[: len(payload) - len(payload) % found.itemsize])
    return data, list(found)


def main() -> None:
    """Serve the core at the other end of the socket that is named."""
    core = socket.socket(fileno=int(sys.argv[1]))
    core.set_inheritable(False)
    os.environ.pop("PYTHONPATH", None)  # it told where we are; runs have what the core was given
    for name in _NEEDED:
        importlib.import_module(name)
    with contextlib.suppress(BrokenResolver):  # each run that it matters to says so
        resolvers()
    gc.collect()
    gc.freeze()  # what is here before the fork is shared, as long as nobody counts it
    Nursery(core).serve()


if __name__ == "__main__":
    main()
