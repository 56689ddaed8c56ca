"""One worker of the mirror for a team: the same listener, cache and ledger as its siblings, a memory of its own.

Its arguments are the listener's descriptor, a folder for numbers, the settings as JSON, and the supervisor's id.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.cache.artifacts import ArtifactFiles
from jhansi_runner.proxy.cache.store import Store
from jhansi_runner.proxy.cache.upkeep import Upkeep
from jhansi_runner.proxy.ledger import Ledger
from jhansi_runner.proxy.mirror.artifacts import Artifacts
from jhansi_runner.proxy.mirror.documents import Documents
from jhansi_runner.proxy.mirror.engine import Mirror
from jhansi_runner.proxy.mirror.http.server import Server
from jhansi_runner.proxy.mirror.upstream_client import UpstreamClient
from jhansi_runner.proxy.registries.all import registries
from jhansi_runner.proxy.service.recorder import Recorder
from jhansi_runner.proxy.team import last_good
from jhansi_runner.proxy.team.access import read_token
from jhansi_runner.proxy.team.counters import Counters, render
from jhansi_runner.proxy.team.handler import Handler
from jhansi_runner.proxy.team.keeper import Keeper
from jhansi_runner.proxy.team.latest import refused
from jhansi_runner.proxy.team.refreshed import Refreshed
from jhansi_runner.proxy.team.settings import Settings
from jhansi_runner.proxy.team.supervisor import SERVED
from jhansi_runner.proxy.team.tally import tally

_TICK_SECONDS = 1.0
_END_SECONDS = 5.0
_TALLY_SECONDS = 30.0
_REFUSED_SECONDS = 5.0


def main() -> None:
    """Serve until told to stop, or until whoever started us is gone."""
    listener, numbers, settings = int(sys.argv[1]), sys.argv[2], Settings(**json.loads(sys.argv[3]))
    os.umask(0o077)
    asyncio.run(serve(listener, numbers, settings, int(sys.argv[4])))
    sys.stderr.flush()
    os._exit(0)  # a thread may still look at a large folder of advisories


async def serve(listener: int, numbers: str, settings: Settings, parent: int) -> None:
    """Serve at a listener until told to stop, or until the process `parent` is gone.

    Raises what policy, token, cache and ledger raise when they cannot be had.
    """
    folders = paths.current(os.environ)
    for folder in (folders.cache, folders.state):
        paths.make(folder)
    keeper = Keeper(settings.policy, os.environ, say, os.path.join(numbers, last_good.NAME))
    token = read_token(settings.token_file) if settings.token_file else ""
    store, files = Store(folders.cache), ArtifactFiles(folders.cache)
    files.sweep()
    client, ledger, counters = UpstreamClient(), Ledger(folders.ledger), Counters()
    ledger.listen(counters.count)
    artifacts = Artifacts(store, files, client, say=say)
    upkeep = asyncio.create_task(Upkeep(store, files, folders.state, settings.limit, say).run())
    mirror = Mirror(registries(), store, Documents(store, client), artifacts)

    async def scraped() -> bytes:
        counters.save(numbers)  # where they are counted, and saved every second: two at once would trip over each other
        return await asyncio.to_thread(render, numbers)

    cached = Refreshed(lambda: tally(store), _TALLY_SECONDS)
    denied = Refreshed(lambda: refused(folders.ledger, time.time()), _REFUSED_SECONDS)
    handler = Handler(settings, token, keeper, mirror, Recorder(ledger, mirror.phrased), cached, denied, scraped)
    tls = (settings.tls_certificate, settings.tls_key) if settings.tls_certificate else None
    server = Server(handler.handle, listener, tls)
    server.start()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, lambda: None)  # it looks every second anyway
    looking = ThreadPoolExecutor(1)  # a new policy must not wait for what clients can have many threads do
    try:
        while not (stop.is_set() or os.getppid() != parent):
            await loop.run_in_executor(looking, keeper.look)  # a new folder of advisories takes its time
            counters.set("policy_reloads_total", keeper.reloads)
            counters.set("policy_wrong", int(bool(keeper.trouble)))
            handler.tell()
            counters.save(numbers)
            try:
                async with asyncio.timeout(_TICK_SECONDS):
                    await stop.wait()
            except TimeoutError:
                _mark(os.path.join(numbers, SERVED))
    finally:
        async with AsyncExitStack() as end:  # the last first, and none is left out when another fails
            end.callback(ledger.close)
            end.callback(store.close)
            end.push_async_callback(client.close)
            end.callback(counters.save, numbers)
            end.push_async_callback(asyncio.wait, [upkeep], timeout=_END_SECONDS)
            end.callback(upkeep.cancel)
            end.callback(handler.tell, last=True)
            end.push_async_callback(server.close)
            end.push_async_callback(artifacts.close)


def _mark(path: str) -> None:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))


def say(text: str) -> None:
    """Say a line of ours."""
    print(f"jhansi-runner: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
