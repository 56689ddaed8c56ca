"""Our mirror alone in a process, on a port of loopback: what the service runs, without the gate in front of it.

Arguments: a folder, the URL of the upstream's index, the descriptor of a listener. Prints `ready`.
"""

from __future__ import annotations

import asyncio
import sys

from jhansi_runner.proxy.cache.artifacts import ArtifactFiles
from jhansi_runner.proxy.cache.store import Store
from jhansi_runner.proxy.ledger import Ledger
from jhansi_runner.proxy.mirror.answer import Asker
from jhansi_runner.proxy.mirror.artifacts import Artifacts
from jhansi_runner.proxy.mirror.documents import Documents
from jhansi_runner.proxy.mirror.engine import Mirror
from jhansi_runner.proxy.mirror.server import Application, DescriptorServer
from jhansi_runner.proxy.mirror.upstream_client import UpstreamClient
from jhansi_runner.proxy.policy.load import load
from jhansi_runner.proxy.policy.sources import collect
from jhansi_runner.proxy.registries.all import registries
from jhansi_runner.proxy.registries.upstreams import Upstream
from jhansi_runner.proxy.service.runs import Run, Runs

RUN = "bench"
"""The run that requests name in `x-jhansi-run`."""


async def serve(folder: str, index: str, listener: int) -> None:
    """Serve until killed, with the shipped policy and the ledger, as in the service."""
    store, client = Store(f"{folder}/cache"), UpstreamClient()
    artifacts = Artifacts(store, ArtifactFiles(f"{folder}/cache"), client)
    runs = Runs(Mirror(registries(), store, Documents(store, client), artifacts), Ledger(f"{folder}/ledger"))
    policy = load(collect(None, {"JHANSI_HOME": folder}))
    runs.add(
        Run(Asker(policy, run=RUN, base="http://mirror.example"), {"pypi": Upstream("pypi", index, "registry.example")})
    )
    server = asyncio.create_task(DescriptorServer(Application(runs.handle), listener).serve())
    print("ready", flush=True)
    await server


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], sys.argv[2], int(sys.argv[3])))
