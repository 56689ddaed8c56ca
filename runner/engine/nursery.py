"""The nursery: one process with one thread, which has imported all that an `exec` may need, and forks for each run.

A child is made while there is nothing else to do, and waits for its run: the fork, and the first touch of the memory
that both share, then cost the run nothing.

Started by `start.py`, at the other end of a socket that keeps messages apart. It is told `{"run": NUMBER}` with the
descriptors of `child.begin`, or `{"run": NUMBER, "signal": SIGNAL}`; it tells `{"ready": true}` once, and `{"run":
NUMBER, "status": STATUS}` when a run has ended, as waitpid has it. When nobody is at the other end any more it kills
all runs, and ends.

Source: ADR 16.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket

from jhansi_runner.proxy.cell.doorman import Doorman
from jhansi_runner.resolvers.all import BrokenResolver, resolvers
from jhansi_runner.runner.engine import child
from jhansi_runner.runner.engine.passing import DESCRIPTORS, received, send
from jhansi_runner.runner.engine.rehearsal import rehearse

_IDLE_MILLISECONDS = 10
"""How long nothing has to be asked of us, before a child is made for what may be asked next.

Longer than bubblewrap takes to make a sandbox: until the program begins, a run keeps two processors busy by itself.
"""
_REHEARSALS = 20
"""How often what every run does is done before the first one.

Python fits code to what it is used for, while it is used: that is done here and shared, instead of in each child anew.
"""
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

    def __init__(self, core: socket.socket, doorman: Doorman) -> None:
        self._core, self._doorman = core, doorman
        self._children: dict[int, tuple[int, int]] = {}
        self._spare: tuple[int, int, socket.socket] | None = None

    def serve(self) -> None:
        """Do what the core says until it is gone."""
        try:
            self._core.send(json.dumps({"ready": True}).encode())
            while self._turn():
                pass
        except OSError:  # the core is gone
            pass
        finally:
            pids = [pid for pid, _ in self._children.values()] + ([self._spare[0]] if self._spare else [])
            for pid in pids:
                os.kill(pid, signal.SIGKILL)

    def _turn(self) -> bool:
        poll = select.poll()
        poll.register(self._core, select.POLLIN)
        by_handle = {handle: number for number, (_, handle) in self._children.items()}
        for handle in by_handle:
            poll.register(handle, select.POLLIN)
        ready = [descriptor for descriptor, _ in poll.poll(None if self._spare else _IDLE_MILLISECONDS)]
        if not ready:
            with contextlib.suppress(OSError):  # who is asked to run something says so
                self._spare = self._fork()
                self._doorman.mend()
            return True
        for descriptor in ready:
            if descriptor in by_handle:
                self._reap(by_handle[descriptor])
        return self._core.fileno() not in ready or self._hear()

    def _hear(self) -> bool:
        """Do one thing that the core says; False when it is gone."""
        data, descriptors = received(self._core)
        if not data:
            return False
        try:
            message = json.loads(data)
            number = int(message["run"])
            if "signal" in message:
                if number in self._children:
                    os.kill(self._children[number][0], int(message["signal"]))
            elif len(descriptors) == DESCRIPTORS:
                self._begin(number, descriptors)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        return True

    def _begin(self, number: int, descriptors: list[int]) -> None:
        """Let the child that waits run what was ordered; where there is none, or it has died, another one."""
        for _ in range(2):
            try:
                spare = self._spare or self._fork()
            except OSError as error:
                self._tell({"run": number, "error": f"no process for it: {error.strerror}"})
                return
            pid, handle, channel = spare
            self._spare = None
            self._children[number] = pid, handle
            try:
                send(channel, b"run", descriptors)
                return
            except OSError:  # it was killed while it waited
                del self._children[number]
                os.close(handle)
                os.waitpid(pid, 0)
            finally:
                channel.close()
        self._tell({"run": number, "error": "its process ended before it began"})

    def _fork(self) -> tuple[int, int, socket.socket]:
        """A child that waits for its run: its process, a handle of that, and where to tell it. Raises OSError."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        parent, usher = os.getpid(), self._doorman.usher()
        try:
            pid = os.fork()
        except OSError:
            ours.close()
            raise
        else:
            if pid == 0:
                child.wait(theirs, parent, usher)
        finally:
            theirs.close()
            if usher >= 0:
                os.close(usher)
        return pid, os.pidfd_open(pid), ours

    def _reap(self, number: int) -> None:
        pid, handle = self._children.pop(number)
        os.close(handle)
        _, status = os.waitpid(pid, 0)
        self._tell({"run": number, "status": status})

    def _tell(self, message: dict[str, object]) -> None:
        self._core.send(json.dumps(message).encode())


def main(core: int, doorman: Doorman) -> None:
    """Serve the core at the other end of a socket. `doorman` makes what opens the doorways of runs."""
    os.environ.pop("PYTHONPATH", None)  # it told where we are; runs have what the core was given
    for name in _NEEDED:
        importlib.import_module(name)
    with contextlib.suppress(BrokenResolver):  # each run that it matters to says so
        resolvers()
    for _ in range(_REHEARSALS):
        with contextlib.suppress(Exception):  # the run itself tells what is wrong
            rehearse(os.environ)
    gc.collect()
    gc.freeze()  # what is here before the fork is shared, as long as nobody counts it
    Nursery(socket.socket(fileno=core), doorman).serve()
