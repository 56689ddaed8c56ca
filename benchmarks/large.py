"""How fast a large file comes that is cached: the mirror next to nginx, the gate next to plain mitmproxy."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from glob import glob

from benchmarks import peers
from benchmarks.gates import mitmproxy
from benchmarks.generator import load, tunnel_through
from benchmarks.ours import gate, team
from benchmarks.rounds import alternate
from benchmarks.servers import Missing
from benchmarks.table import Line
from support.registry import Upstream

SIZE = 1 << 30
NAME = "demo-2.0.0-py3-none-any.whl"
_ROUNDS = 4
_SECONDS = 60.0
_GATE_SECONDS = 5.0


def lines() -> Iterator[Line]:
    """The lines about one large file."""
    with Upstream() as upstream, tempfile.TemporaryDirectory(prefix="jb-") as folder:
        path = upstream.add_virtual(NAME, SIZE).path
        with team(f"{folder}/ours", registry_line(upstream)) as (base, _):
            url = f"{base}/pypi/files/127.0.0.1:{upstream.port}{path}"
            whole(url, 1, ())
            [kept] = [
                one for one in glob(f"{folder}/ours/**/sha256/??/*", recursive=True) if os.path.getsize(one) == SIZE
            ]
            os.mkdir(f"{folder}/nginx")
            try:
                with peers.nginx(f"{folder}/nginx", {"file": kept}) as (other, _):
                    ours, theirs = alternate(_ROUNDS, lambda: whole(url, 1, ()), lambda: whole(f"{other}/file", 1, ()))
                    yield Line("1 GiB from the mirror, cached; nginx", "MB/s", ours, theirs, aim="0.6 x")
            except Missing as error:
                print(f"large: {error}", flush=True)
    yield from _through_gate()


def _through_gate() -> Iterator[Line]:
    with (
        Upstream() as upstream,
        gate(upstream) as (door, authority, _),
        tempfile.TemporaryDirectory(prefix="jb-") as folder,
    ):
        url = f"https://{door.public}/files/127.0.0.1:{upstream.port}{upstream.add_virtual(NAME, SIZE).path}"
        tunnel = tunnel_through(door.port, authority)
        try:
            with mitmproxy(folder, {"file": SIZE}) as other:
                whole(url, 1, tunnel)  # it is in the cache then
                ours, theirs = alternate(
                    _ROUNDS,
                    lambda: whole(url, 1, tunnel, _GATE_SECONDS),
                    lambda: whole(other.url, 1, other.tunnel, _GATE_SECONDS),
                )
                yield Line("1 GiB through the gate, cached; mitmproxy", "MB/s", ours, theirs, aim="0.9 x")
        except Missing as error:
            print(f"large: the gate is not measured: {error}", flush=True)


def whole(url: str, clients: int, tunnel: tuple[str, ...], seconds: float = 0.0) -> float:
    """MB/s of clients that fetch one file each, to its end or, if `seconds` are given, for so long.

    Raises RuntimeError where one of them does not get it.
    """
    report = load("drain", seconds or _SECONDS, clients, url, tunnel=tunnel)
    if report["failed"] or (not seconds and report["answers"] != clients):
        raise RuntimeError(f"{report['answers']} of {clients} clients got the file, {report['failed']} with no 200")
    return report["bytes"] / report["seconds"] / 1e6


def registry_line(upstream: Upstream) -> str:
    """The line of a policy that has PyPI be the test's."""
    return f'  pypi: {{enabled: true, upstream: "{upstream.url}", files: ["127.0.0.1:{upstream.port}"]}}'
