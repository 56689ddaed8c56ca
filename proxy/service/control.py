"""The service's control socket: runs come, get their door, hear what happens, and go.

What arrives here was written by others, the gate above all, which faces hostile bytes: whatever it is, it costs at most
the one who sent it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import struct
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict

from jhansi_runner.proxy.ledger import FAULT, Entry
from jhansi_runner.proxy.outbox import Outbox
from jhansi_runner.proxy.policy.problems import PolicyError
from jhansi_runner.proxy.registries.upstreams import UpstreamError
from jhansi_runner.proxy.service.messages import (
    MESSAGE_BYTES,
    Closed,
    entry_message,
    is_finish,
    read_from_gate,
    read_registration,
    untold_message,
)
from jhansi_runner.proxy.service.runs import Run, Runs, open_run

MALFORMED = "JR-GATE-REPORT"
_CLOSE_SECONDS = 3.0
"""How long the gate may take to close a door; a runner waits longer than that for its last entries."""


class Control:
    """Accepts runners on a listening socket, and passes their doors to the gate."""

    def __init__(self, listener: socket.socket, gate: socket.socket, runs: Runs) -> None:
        self._listener, self._gate, self._runs = listener, gate, runs
        self._runners: dict[str, Outbox] = {}
        self._closing: dict[str, asyncio.Event] = {}
        self._ordering = asyncio.Lock()
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
        """Tell a run's runner of an entry; one that does not read hears how many it missed, the ledger has them."""
        runner = self._runners.get(entry.run)
        if runner is not None:
            runner.put(entry.run, entry_message(entry))

    async def _serve_runner(self, runner: socket.socket) -> None:
        runner.setblocking(False)
        outbox = Outbox(runner, untold_message)
        try:
            if _peer_user(runner) != os.getuid():
                return
            runner.send(json.dumps({"serving": True}).encode())
            name = await self._register(runner, outbox)
            while name and (message := await _receive(runner)):
                if is_finish(message):
                    await self._close_door(name)
                    outbox.put_last(name, json.dumps({"finished": True}).encode())
        except (OSError, ValueError):
            pass
        except Exception:
            _log(traceback.format_exc())
        finally:
            try:
                await self._forget(outbox)
            finally:
                outbox.close()
                runner.close()

    async def _register(self, runner: socket.socket, outbox: Outbox) -> str:
        """Open a run and its door; its name, or "" when the runner was told why not."""
        await _readable(runner)
        _, descriptors, _, _ = socket.recv_fds(runner, MESSAGE_BYTES, 2)
        if len(descriptors) != 2:
            for descriptor in descriptors:
                os.close(descriptor)
            return ""
        payload, listener = descriptors
        try:
            run = open_run(read_registration(payload))
            if run.asker.run in self._runners:
                raise ValueError(f"a run {run.asker.run!r} is registered already")
            name = run.asker.run
            self._runners[name] = outbox
            self._runs.add(run)
            await self._order(_opening(run), listener)
            runner.send(json.dumps({"ok": True}).encode())
        except (PolicyError, UpstreamError, ValueError, OSError, RecursionError) as error:
            runner.send(json.dumps({"error": str(error)[:4000]}).encode())
            return ""
        finally:
            os.close(listener)
        return name

    async def _order(self, order: Mapping[str, object], *descriptors: int) -> None:
        """Tell the gate what to do, once its socket has room. Raises OSError."""
        data = json.dumps(order).encode()
        async with self._ordering:
            while True:
                try:
                    if descriptors:
                        socket.send_fds(self._gate, [data], descriptors)
                    else:
                        self._gate.send(data)
                    return
                except BlockingIOError:
                    await _writable(self._gate)

    async def _close_door(self, name: str) -> None:
        """Have a run's door closed, and hear the last that the gate has to report of it."""
        if name in self._closing:
            return
        closed = self._closing[name] = asyncio.Event()
        with contextlib.suppress(OSError):
            async with asyncio.timeout(_CLOSE_SECONDS):  # TimeoutError is an OSError
                await self._order({"close": name})
                await closed.wait()

    async def _forget(self, outbox: Outbox) -> None:
        name = next((name for name, own in self._runners.items() if own is outbox), "")
        if not name:
            return
        try:
            await self._close_door(name)
        finally:
            self._runs.remove(name)
            del self._runners[name]
            self._closing.pop(name, None)

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
            for closed in self._closing.values():
                closed.set()
            return
        try:
            self._heard(message)
        except Exception:
            _log(traceback.format_exc())

    def _heard(self, message: bytes) -> None:
        try:
            said = read_from_gate(message)
        except ValueError as error:
            _log(f"a report of the gate's is malformed ({error}): {message[:200]!r}")
            reason = "a report of the gate's cannot be read: a refusal may be missing here; the proxy's log says more"
            self._runs.record(Entry("gate", FAULT, "", "", code=MALFORMED, reason=reason))
            return
        if not isinstance(said, Closed):
            self._runs.refused_at_gate(**asdict(said))
        elif said.door in self._closing:
            self._closing[said.door].set()


def _opening(run: Run) -> Mapping[str, object]:
    upstreams = [
        {"type": one.type, "index": one.index, "public": one.public, "files": sorted(one.files)}
        for one in run.upstreams.values()
    ]
    return {"door": run.asker.run, "run": run.asker.run, "upstreams": upstreams}


def _log(text: str) -> None:
    with contextlib.suppress(OSError):  # the log may lie on a disk that is full
        print(text, file=sys.stderr, flush=True)


def _peer_user(endpoint: socket.socket) -> int:
    """The user at the other end, as the kernel knows it. Source: unix(7), SO_PEERCRED."""
    credentials = endpoint.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", credentials)[1])


async def _receive(endpoint: socket.socket) -> bytes:
    return await asyncio.get_running_loop().sock_recv(endpoint, MESSAGE_BYTES)


async def _readable(endpoint: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    await _once(endpoint, loop.add_reader, loop.remove_reader)


async def _writable(endpoint: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    await _once(endpoint, loop.add_writer, loop.remove_writer)


async def _once(endpoint: socket.socket, add: Callable[..., object], remove: Callable[[int], object]) -> None:
    ready = asyncio.Event()
    add(endpoint.fileno(), ready.set)
    try:
        await ready.wait()
    finally:
        remove(endpoint.fileno())
