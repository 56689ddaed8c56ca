"""The core's end of the nursery: starts it, gives it runs, hears how they end, and notices when it is gone."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence

from jhansi_runner.runner.engine.passing import MESSAGE_BYTES, send

_START_SECONDS = 60.0
_END_SECONDS = 5.0


class NurseryGone(Exception):
    """The process that runs are started from cannot be started, or has ended."""


class Cradle:
    """One nursery. `gone` is called once, in the event loop, when it ends by itself.

    How a run ended is told to what `begin` was given: a status as waitpid has it, or why there was no process.
    """

    def __init__(self, env: Mapping[str, str], gone: Callable[[], None]) -> None:
        self._env, self._gone = dict(env), gone
        self._ends: dict[int, Callable[[int, str], None]] = {}
        self._number = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None

    @property
    def pid(self) -> int:
        """Its process, 0 for none."""
        return self._process.pid if self._process is not None else 0

    async def start(self) -> None:
        """Start it, and wait until it has imported what it needs. Raises NurseryGone."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        path = os.pathsep.join(each for each in sys.path if each)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-s", "-m", "jhansi_runner.runner.engine.start", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                cwd="/",
                env={**self._env, "PYTHONPATH": path},
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        except OSError as error:
            ours.close()
            raise NurseryGone(f"no process for runs can be started: {error.strerror}") from None
        finally:
            theirs.close()
        self._socket = ours
        loop = asyncio.get_running_loop()
        try:
            ready = await asyncio.wait_for(loop.sock_recv(ours, MESSAGE_BYTES), _START_SECONDS)
        except (OSError, TimeoutError):
            ready = b""
        if not ready:
            self._end()
            raise NurseryGone("the process that runs are started from did not start")
        loop.add_reader(ours.fileno(), self._hear)

    def begin(self, descriptors: Sequence[int], ended: Callable[[int, str], None]) -> int:
        """Let a run begin, with the descriptors of `child.begin`; its number. Raises NurseryGone."""
        self._number += 1
        self._send({"run": self._number}, descriptors)
        self._ends[self._number] = ended
        return self._number

    def signal(self, number: int, signal: int) -> None:
        """Send a signal to a run's process, if it has not ended. Raises NurseryGone."""
        if number in self._ends:
            self._send({"run": number, "signal": signal})

    def close(self) -> None:
        """End it, and all runs with it."""
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket.fileno())
            self._end()

    def _send(self, message: Mapping[str, object], descriptors: Sequence[int] = ()) -> None:
        if self._socket is None:
            raise NurseryGone("the process that runs are started from has ended")
        try:
            send(self._socket, json.dumps(message).encode(), descriptors)
        except OSError as error:
            raise NurseryGone(f"the process that runs are started from is not to be reached: {error}") from None

    def _hear(self) -> None:
        if self._socket is None:
            return
        try:
            data = self._socket.recv(MESSAGE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            message = json.loads(data)
            self._ends.pop(message["run"])(int(message.get("status", 0)), str(message.get("error", "")))
            return
        asyncio.get_running_loop().remove_reader(self._socket.fileno())
        self._end()
        self._gone()

    def _end(self) -> None:
        """Close the socket, which ends it; its runs are told that it is gone."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._process is not None:
            try:
                self._process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        ends, self._ends = self._ends, {}
        for ended in ends.values():
            ended(0, "the process that runs are started from has ended, and this run with it: run it again")
