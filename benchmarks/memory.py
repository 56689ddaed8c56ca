"""What eight clients cost in memory that fetch one gigabyte at once, through the mirror and through the gate."""

from __future__ import annotations

import contextlib
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence

from benchmarks.generator import is_fast, tunnel_through
from benchmarks.large import NAME, SIZE, registry_line, whole
from benchmarks.ours import gate, team
from benchmarks.servers import memory
from benchmarks.table import Line
from support.registry import Upstream

_CLIENTS = 8
_GATE_SECONDS = 30.0
_LOOK_SECONDS = 0.3


def lines() -> Iterator[Line]:
    """The lines about streaming to many."""
    with Upstream() as upstream, tempfile.TemporaryDirectory(prefix="jb-") as folder:
        large = upstream.add_virtual(NAME, SIZE).path
        with team(f"{folder}/ours", registry_line(upstream)) as (base, pid):
            url = f"{base}/pypi/files/127.0.0.1:{upstream.port}{large}"
            for how in ("not cached", "cached"):
                yield from _grown([pid], f"mirror, {how}", lambda: whole(url, _CLIENTS, ()))
        yield Line("requests for that gibibyte that reached the upstream", "", [upstream.count(large)], aim="1")
    if not is_fast():
        print("memory: the gate is not measured: it takes the load generator in Go, and go is not on PATH")
        return
    with Upstream() as upstream, gate(upstream) as (door, authority, pids):
        url = f"https://{door.public}/files/127.0.0.1:{upstream.port}{upstream.add_virtual(NAME, SIZE).path}"
        tunnel = tunnel_through(door.port, authority)
        with contextlib.suppress(RuntimeError):  # the gate itself starts with the first connection
            whole(url, 1, tunnel, 1.0)
        for how in ("not cached", "cached"):
            yield from _grown(pids, f"gate, {how}", lambda: whole(url, _CLIENTS, tunnel, _GATE_SECONDS))


def _grown(pids: Sequence[int], what: str, measure: Callable[[], float]) -> Iterator[Line]:
    """The rate, and the memory of all our processes beforehand and at its highest."""
    before = memory(pids)
    seen = [before]
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(_LOOK_SECONDS):
            seen.append(memory(pids))

    looking = threading.Thread(target=look)
    looking.start()
    try:
        rate = measure()
    finally:
        ended.set()
        looking.join()
    name = f"1 GiB to {_CLIENTS} clients at once, {what}"
    yield Line(f"{name}: memory grew by", "MiB", [(max(seen) - before) / 2**20], aim="flat")
    yield Line(f"{name}: memory at most", "MiB", [max(seen) / 2**20])
    yield Line(f"{name}: all together", "MB/s", [rate])
