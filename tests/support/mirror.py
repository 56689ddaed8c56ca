"""The mirror in this process, in front of a test upstream: real HTTP on loopback, real cache, real policy."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from jhansi_runner.proxy.cache.artifacts import ArtifactFiles
from jhansi_runner.proxy.cache.store import Store
from jhansi_runner.proxy.ledger import Ledger
from jhansi_runner.proxy.mirror.answer import RUN_HEADER, Asker
from jhansi_runner.proxy.mirror.artifacts import Artifacts
from jhansi_runner.proxy.mirror.documents import Documents
from jhansi_runner.proxy.mirror.engine import Mirror as Engine
from jhansi_runner.proxy.mirror.http.server import Server
from jhansi_runner.proxy.mirror.upstream_client import UpstreamClient
from jhansi_runner.proxy.policy.decide import PolicySet
from jhansi_runner.proxy.policy.load import load
from jhansi_runner.proxy.policy.sources import Source
from jhansi_runner.proxy.registries.all import registries
from jhansi_runner.proxy.service.runs import Run, Runs, upstreams_of
from support.registry import Listing, Upstream
from support.registry.pages import JSON

ALLOW = "default: allow\n"
TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=1)


@dataclass(frozen=True, slots=True)
class Got:
    """An answer; header names are in lower case. `reason` is the phrase of the status line."""

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def problem(self) -> str:
        """What a refusal or a fault says of itself."""
        return str(json.loads(self.body)["detail"])

    @property
    def versions(self) -> list[str]:
        """The versions of an index in JSON."""
        return list(json.loads(self.body)["versions"])


def policy_text(up: Upstream, rules: str = ALLOW) -> str:
    """A policy whose PyPI is the test upstream; `rules` begin in line 5."""
    listed = f'{{enabled: true, upstream: "{up.url}", files: ["127.0.0.1:{up.files_port}"]}}'
    return f"version: 1\nregistries:\n  pypi: {listed}\n\n{rules}"


def policy_for(up: Upstream, rules: str = ALLOW) -> PolicySet:
    """The same, loaded from `policy.yaml`."""
    return load((Source("policy.yaml", policy_text(up, rules).encode(), "main"),))


class Mirror:
    """Serves from `with` to its end. `clock` is what the documents' age is judged by, and may be changed."""

    def __init__(self, folder: Path, up: Upstream | None, rules: str = ALLOW, policy: str = "") -> None:
        """In front of PyPI as `up`, under `rules`; or by a whole policy, whatever its registries."""
        self.folder, self.ahead = str(folder), 0.0
        self._up = up
        self._policy = load((Source("policy.yaml", (policy or policy_text(self.up, rules)).encode(), "main"),))
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(listener.getsockname()[1])
        self._listener = listener.detach()  # the server closes it
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),), daemon=True)

    @property
    def up(self) -> Upstream:
        """The index behind it."""
        assert self._up is not None
        return self._up

    def __enter__(self) -> Mirror:
        self._thread.start()
        assert self._ready.wait(60)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(60)
        assert not self._thread.is_alive(), "the mirror does not end"

    def run(self, name: str, *, offline: bool = False, policy: PolicySet | None = None) -> None:
        """Register one more run, by default under the mirror's own policy."""
        policy = policy or self._policy
        base = f"http://127.0.0.1:{self.port}"
        asker = Asker(policy, run=name, sandbox="box", phase="install", offline=offline, base=base)
        self.runs.add(Run(asker, upstreams_of(policy)))

    def _now(self) -> float:
        return time.time() + self.ahead

    async def _serve(self) -> None:
        self.store, self.files = Store(self.folder), ArtifactFiles(self.folder)
        client = UpstreamClient(0.01, TIMEOUT)
        self.artifacts = Artifacts(self.store, self.files, client)
        documents = Documents(self.store, client, self._now)
        ledger = Ledger(self.folder + "/ledger")
        self.runs = Runs(Engine(registries(), self.store, documents, self.artifacts, self._now), ledger)
        self.run("run")
        self.run("offline", offline=True)
        server = Server(self.runs.handle, self._listener, one_peer=True)
        server.start()
        self._ready.set()
        await self._stop.wait()
        await server.close()
        await self.artifacts.close()
        await client.close()
        self.store.close()
        ledger.close()

    def place(self, listing: Listing) -> str:
        """The path of a file on the mirror."""
        return f"/pypi/files/127.0.0.1:{self.up.files_port}{listing.path}"

    def connection(self, timeout: float = 60) -> http.client.HTTPConnection:
        """A connection of a client's."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def get(self, path: str, method: str = "GET", *, run: str = "run", **headers: str) -> Got:
        """Ask for a path, to the end; `_` in names of headers stands for `-`. Raises what http.client raises."""
        connection = self.connection()
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, headers={"Accept": JSON, RUN_HEADER: run, **named})
            answer = connection.getresponse()
            lower = {name.lower(): value for name, value in answer.getheaders()}
            return Got(answer.status, answer.reason, lower, answer.read())
        finally:
            connection.close()

    def index(self, project: str = "demo", **more: str) -> Got:
        """Ask for a project's index."""
        return self.get(f"/pypi/simple/{project}/", **more)

    def ledger(self) -> list[dict[str, Any]]:
        """All entries so far."""
        lines = [line for path in sorted(Path(self.folder, "ledger").iterdir()) for line in path.open()]
        return [json.loads(line) for line in lines]

    def kept(self) -> list[str]:
        """The files that the cache holds: hashes of artifacts, and whatever is incoming."""
        found = [name for _, _, names in os.walk(self.folder + "/sha256") for name in names]
        return found + [f"incoming {name}" for name in os.listdir(self.folder + "/incoming")]


def eventually(claim: Callable[[], object], seconds: float = 60) -> None:
    """Wait until something holds; AssertionError when it does not in time."""
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


@contextmanager
def mirrored(folder: Path, rules: str = ALLOW, **options: Any) -> Iterator[tuple[Upstream, Mirror]]:
    """An upstream and a mirror in front of it."""
    with Upstream(**options) as up, Mirror(folder, up, rules) as mirror:
        yield up, mirror
