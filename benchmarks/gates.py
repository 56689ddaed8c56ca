"""Plain mitmproxy, which intercepts and streams, in front of nginx: what the gate is compared with."""

from __future__ import annotations

import contextlib
import os
import sysconfig
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from benchmarks import peers
from benchmarks.generator import is_fast, tunnel_through
from benchmarks.servers import LOAD_CORES, SERVER_CORES, Missing, free_port, running

_ORIGIN = "origin.test"


@dataclass(frozen=True, slots=True)
class Intercepted:
    """A proxy that intercepts: its process, a file behind it, and how to get there."""

    pid: int
    url: str
    tunnel: tuple[str, ...]


@contextlib.contextmanager
def mitmproxy(folder: str, files: Mapping[str, int]) -> Iterator[Intercepted]:
    """mitmdump as it comes, told to stream, in front of nginx with files of these sizes. Raises Missing.

    Behind it is plain HTTP, as behind our gate.
    """
    if not is_fast():
        raise Missing("it takes the load generator in Go, and go is not on PATH")
    places = {name: f"{folder}/{name}" for name in files}
    for name, size in files.items():
        with open(places[name], "wb") as file:
            for _ in range(size >> 20):
                file.write(os.urandom(1 << 20))
            file.write(os.urandom(size & ((1 << 20) - 1)))
    os.mkdir(f"{folder}/nginx")
    os.mkdir(f"{folder}/mitmproxy")
    program = os.path.join(sysconfig.get_path("scripts"), "mitmdump")
    port = free_port()
    with peers.nginx(f"{folder}/nginx", places) as (base, _):
        settings = ["connection_strategy=lazy", "stream_large_bodies=1", f"confdir={folder}/mitmproxy"]
        argv = [program, "-q", "--listen-host", "127.0.0.1", "--listen-port", str(port)]
        argv += [word for setting in settings for word in ("--set", setting)]
        argv += ["--map-remote", f"|https://{_ORIGIN}/|{base}/"]
        with running(argv, dict(os.environ), f"{folder}/mitmproxy", SERVER_CORES | LOAD_CORES) as process:
            authority = f"{folder}/mitmproxy/mitmproxy-ca-cert.pem"
            while not os.path.exists(authority) and process.poll() is None:
                time.sleep(0.1)
            time.sleep(2)  # it listens a moment later
            name = next(iter(files))
            yield Intercepted(process.pid, f"https://{_ORIGIN}/{name}", tunnel_through(port, authority))
