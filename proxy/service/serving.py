"""The service at work: mirror and control socket in one loop, until nobody needs them."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.cache.artifacts import ArtifactFiles
from jhansi_runner.proxy.cache.store import Store
from jhansi_runner.proxy.cache.upkeep import Upkeep, limit_of
from jhansi_runner.proxy.ledger import Ledger
from jhansi_runner.proxy.mirror.artifacts import Artifacts
from jhansi_runner.proxy.mirror.documents import Documents
from jhansi_runner.proxy.mirror.engine import Mirror
from jhansi_runner.proxy.mirror.http.server import Server
from jhansi_runner.proxy.mirror.upstream_client import UpstreamClient
from jhansi_runner.proxy.registries.all import registries
from jhansi_runner.proxy.service.control import Control
from jhansi_runner.proxy.service.runs import Runs

_IDLE_SECONDS = 600.0
_TICK_SECONDS = 1.0


async def serve(
    folders: paths.Paths, ready: int, gate: socket.socket, mirror_listener: int, listener: socket.socket
) -> None:
    """Serve until told to stop, idle, or without a gate; `ready` is told when it begins."""
    room = limit_of(os.environ)
    store = Store(folders.cache)
    files = ArtifactFiles(folders.cache)
    files.sweep()
    client = UpstreamClient()
    ledger = Ledger(folders.ledger)
    artifacts = Artifacts(store, files, client, say=_say)
    runs = Runs(Mirror(registries(), store, Documents(store, client), artifacts), ledger)
    control = Control(listener, gate, runs)
    ledger.listen(control.tell)
    server = Server(runs.handle, mirror_listener, one_peer=True)
    server.start()
    serving = asyncio.create_task(control.serve())
    upkeep = asyncio.create_task(Upkeep(store, files, folders.state, room, _say).run())
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    os.write(ready, b"ready")
    os.close(ready)
    cache = _identity(folders.cache)
    idle_since = time.monotonic()
    limit = float(os.environ.get("JHANSI_PROXY_IDLE") or _IDLE_SECONDS)
    while not (stop.is_set() or control.gate_gone.is_set() or serving.done()):
        if control.busy or artifacts.busy:
            idle_since = time.monotonic()
        elif time.monotonic() - idle_since > limit:
            break
        if _identity(folders.cache) != cache:  # deleted under us, as users may: whoever comes next starts anew
            break
        await asyncio.sleep(_TICK_SECONDS)
    listener.close()
    await artifacts.close()
    await server.close()
    for task in (serving, upkeep):
        task.cancel()
    await asyncio.gather(serving, upkeep, return_exceptions=True)
    await client.close()
    store.close()
    ledger.close()


def _say(text: str) -> None:
    print(f"jhansi-runner: {text}", file=sys.stderr, flush=True)


def _identity(folder: str) -> tuple[int, int] | None:
    try:
        found = os.stat(f"{folder}/index")
    except OSError:
        return None
    return found.st_dev, found.st_ino
