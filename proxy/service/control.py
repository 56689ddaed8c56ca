"""The service's control socket: runs come, get their door, hear what happens, and go."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import struct

from jhansi_runner.proxy.ledger import Entry
from jhansi_runner.proxy.policy.problems import PolicyError
from jhansi_runner.proxy.registries.upstreams import UpstreamError
from jhansi_runner.proxy.service.messages import MESSAGE_BYTES, entry_message, read_registration
from jhansi_runner.proxy.service.runs import Run, Runs, open_run


class Control:
    """Accepts runners on a listening socket, and passes their doors to the gate."""

    def __init__(self, listener: socket.socket, gate: socket.socket, runs: Runs) -> None:
        self._listener, self._gate, self._runs = listener, gate, runs
        self._runners: dict[str, socket.socket] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.gate_gone = asyncio.Event()

    async def serve(self) -> None:
        """Accept until cancelled."""
        loop = asyncio.get_running_loop()
        for endpoint in (self._listener, self._gate):
            endpoint.setblocking(False)
        loop.add_reader(self._gate.fileno(), self._from_gate)
        while True:
            runner, _ = await loop.sock_accept(self._listener)
            task = loop.create_task(self._serve_runner(runner))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    @property
    def busy(self) -> bool:
        """Whether a runner is connected."""
        return bool(self._tasks)

    def tell(self, entry: Entry) -> None:
        """Tell a run's runner of an entry; one that does not read loses it, the ledger has it all the same."""
        runner = self._runners.get(entry.run)
        if runner is not None:
            with contextlib.suppress(BlockingIOError, OSError):
                runner.send(entry_message(entry))

    async def _serve_runner(self, runner: socket.socket) -> None:
        runner.setblocking(False)
        name = ""
        try:
            if _peer_user(runner) != os.getuid():
                return
            runner.send(json.dumps({"serving": True}).encode())
            name = await self._register(runner)
            while name and (message := await _receive(runner)):
                if json.loads(message).get("finish"):
                    runner.send(json.dumps({"finished": True}).encode())
        except (OSError, ValueError):
            pass
        finally:
            if name:
                self._forget(name)
            runner.close()

    async def _register(self, runner: socket.socket) -> str:
        await _readable(runner)
        _, descriptors, _, _ = socket.recv_fds(runner, MESSAGE_BYTES, 2)
        if len(descriptors) != 2:
            for descriptor in descriptors:
                os.close(descriptor)
            return ""
        payload, listener = descriptors
        try:
            run = open_run(read_registration(payload))
            name = run.asker.run
            if name in self._runners:
                raise ValueError(f"a run {name!r} is registered already")
            self._open_door(run, listener)
            self._runs.add(run)
            self._runners[name] = runner
        except (PolicyError, UpstreamError, ValueError) as error:
            runner.send(json.dumps({"error": str(error)[:4000]}).encode())
            return ""
        finally:
            os.close(listener)
        try:
            runner.send(json.dumps({"ok": True}).encode())
        except OSError:
            self._forget(name)
            raise
        return name

    def _open_door(self, run: Run, listener: int) -> None:
        upstreams = [
            {"type": one.type, "index": one.index, "public": one.public, "files": sorted(one.files)}
            for one in run.upstreams.values()
        ]
        message = {"door": run.asker.run, "run": run.asker.run, "upstreams": upstreams}
        socket.send_fds(self._gate, [json.dumps(message).encode()], [listener])

    def _forget(self, name: str) -> None:
        self._runs.remove(name)
        self._runners.pop(name, None)
        with contextlib.suppress(OSError):
            self._gate.send(json.dumps({"close": name}).encode())

    def _from_gate(self) -> None:
        try:
            message = self._gate.recv(MESSAGE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            message = b""
        if not message:
            asyncio.get_running_loop().remove_reader(self._gate.fileno())
            self.gate_gone.set()
            return
        report = json.loads(message)
        self._runs.refused_at_gate(**report)


def _peer_user(endpoint: socket.socket) -> int:
    """The user at the other end, as the kernel knows it. Source: unix(7), SO_PEERCRED."""
    credentials = endpoint.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", credentials)[1])


async def _receive(endpoint: socket.socket) -> bytes:
    return await asyncio.get_running_loop().sock_recv(endpoint, MESSAGE_BYTES)


async def _readable(endpoint: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_reader(endpoint.fileno(), lambda: None if ready.done() else ready.set_result(None))
    try:
        await ready
    finally:
        loop.remove_reader(endpoint.fileno())
