"""Hits per second on what is cached already: ours next to other caches of the same registry, and to nginx."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from glob import glob

from benchmarks import peers
from benchmarks.gates import mitmproxy
from benchmarks.generator import load, rate, tunnel_through
from benchmarks.ours import gate, lines_of, mirrored, team
from benchmarks.rounds import alternate
from benchmarks.servers import Missing, Server
from benchmarks.table import Line
from support.cases import Case, GolangCase, NpmCase, PypiCase
from support.registry import Upstream

_ROUNDS = 4
_SECONDS = 2.0
_CONNECTIONS = 8
_FILE = 10_000
_PEERS: tuple[tuple[type[Case], str, tuple[Callable[..., contextlib.AbstractContextManager[Server]], ...]], ...] = (
    (PypiCase, "1.0.0", (peers.devpi, peers.proxpi)),
    (NpmCase, "1.0.0", (peers.verdaccio,)),
    (GolangCase, "v1.0.0", (peers.athens,)),
)


def lines() -> Iterator[Line]:
    """The lines about hits per second. What cannot be had here is named, with the reason."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="jb-"))
        cases = [stack.enter_context(kind()) for kind, _, _ in _PEERS]
        for case, (_, version, _) in zip(cases, _PEERS, strict=True):
            case.add_large(version, _FILE)
        base, pid = stack.enter_context(team(f"{folder}/ours", lines_of(cases)))
        for case, (_, version, starts) in zip(cases, _PEERS, strict=True):
            mine = mirrored(base, pid, case, version)
            for start in starts:
                yield from _beside(mine, start, folder, case, version)
            if case.type == "pypi":
                yield from _limit(mine, folder)
    yield from _through_gate()


def _beside(
    mine: Server,
    start: Callable[..., contextlib.AbstractContextManager[Server]],
    folder: str,
    case: Case,
    version: str,
) -> Iterator[Line]:
    name = start.__name__
    own = f"{folder}/{name}"
    os.mkdir(own)
    try:
        with start(own, case, version) as other:
            for what in ("page", "file"):
                ours, theirs, costs = _compared(mine, getattr(mine, what), other, getattr(other, what))
                yield Line(
                    f"{case.type} {what}s per second; {other.name}", "/s", ours, theirs, aim="5 x" * (what == "file")
                )
                yield Line(f"{case.type} {what}, processor time; {other.name}", "us", *costs)
    except (Missing, OSError) as error:
        print(f"hits: {name} cannot be had here: {error}", flush=True)


def _limit(mine: Server, folder: str) -> Iterator[Line]:
    """A wheel of ours, as nginx sends it."""
    [kept] = [
        path for path in glob(f"{folder}/ours/**/sha256/??/*", recursive=True) if os.path.getsize(path) == _FILE + 1
    ]
    os.mkdir(f"{folder}/nginx")
    try:
        with peers.nginx(f"{folder}/nginx", {"file": kept}) as (base, pid):
            other = Server("nginx", pid, "", f"{base}/file")
            ours, theirs, costs = _compared(mine, mine.file, other, other.file)
            yield Line("files per second, one core; nginx", "/s", ours, theirs, aim="0.2 x")
            yield Line("file, processor time; nginx", "us", *costs, aim="5 x")
    except Missing as error:
        print(f"hits: {error}", flush=True)


def _compared(
    mine: Server, ours: str, other: Server, theirs: str
) -> tuple[list[float], list[float], tuple[list[float], list[float]]]:
    """Answers per second of two, and the microseconds of a processor that an answer takes them."""
    costs: tuple[list[float], list[float]] = ([], [])
    rates = alternate(
        _ROUNDS,
        lambda: rate(mine, ours, _SECONDS, _CONNECTIONS, costs[0]),
        lambda: rate(other, theirs, _SECONDS, _CONNECTIONS, costs[1]),
    )
    return rates[0], rates[1], costs


def _through_gate() -> Iterator[Line]:
    """The same file through the gate, and through a plain mitmproxy in front of nginx."""
    with Upstream() as upstream, gate(upstream) as ours, tempfile.TemporaryDirectory(prefix="jb-") as folder:
        door, authority, _ = ours
        path = upstream.add_virtual("demo-1.0.0-py3-none-any.whl", _FILE).path
        url = f"https://{door.public}/files/127.0.0.1:{upstream.port}{path}"
        tunnel = tunnel_through(door.port, authority)
        try:
            with mitmproxy(folder, {"file": _FILE}) as other:
                mine, theirs = alternate(
                    _ROUNDS, lambda: _tunnelled(url, tunnel), lambda: _tunnelled(other.url, other.tunnel)
                )
                yield Line("files per second through the gate; mitmproxy", "/s", mine, theirs)
        except Missing as error:
            print(f"hits: the gate is not measured: {error}", flush=True)


def _tunnelled(url: str, tunnel: tuple[str, ...]) -> float:
    report = load("hits", _SECONDS, _CONNECTIONS, url, tunnel=tunnel)
    if report["failed"] or not report["answers"]:
        raise RuntimeError(f"{report['failed']} of {report['answers']} answers through the tunnel were no 200")
    return report["answers"] / report["seconds"]
