"""What a gigabyte costs the mirror in memory while four clients fetch it for the first time, and how fast it is."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator

from benchmarks import servers
from benchmarks.hits import load
from benchmarks.table import Line
from support.registry import Upstream
from support.wheels import make_wheel

_SIZE = 1 << 30
_CLIENTS = 4
_SECONDS = 60


def lines() -> Iterator[Line]:
    """The lines about streaming."""
    with Upstream() as upstream, tempfile.TemporaryDirectory(prefix="jb-") as folder:
        small = upstream.add(make_wheel("widget", "1.0"))
        large = upstream.add_virtual("widget-2.0-py3-none-any.whl", _SIZE)
        with servers.ours(f"{folder}/ours", upstream.url, small.path) as (server, pid):
            url = server.file.removesuffix(small.path) + large.path
            load("hits", 1, _CLIENTS, server.file, *server.headers)
            for name in ("not cached", "cached"):
                _reset_peak(pid)
                before = _kilobytes(pid, "VmRSS")
                report = load("drain", _SECONDS, _CLIENTS, url, *server.headers)
                if report["answers"] != _CLIENTS or report["failed"]:
                    raise RuntimeError(f"{report['answers']} of {_CLIENTS} clients got the file in {_SECONDS} s")
                grown = (_kilobytes(pid, "VmHWM") - before) / 1024
                rate = report["bytes"] / report["seconds"] / 1e6
                yield Line(
                    f"1 GiB to {_CLIENTS} clients at once, {name}: memory grew by", "MiB", [grown], compared="none"
                )
                yield Line(
                    f"1 GiB to {_CLIENTS} clients at once, {name}: all together", "MB/s", [rate], compared="none"
                )
            asked = upstream.count(large.path)
            yield Line("requests for that gibibyte that reached the upstream", "", [asked], compared="none", aim="1")


def _reset_peak(pid: int) -> None:
    """Let the peak be that of what comes. Source: proc(5), clear_refs."""
    with open(f"/proc/{pid}/clear_refs", "w", encoding="ascii") as file:
        file.write("5")


def _kilobytes(pid: int, name: str) -> int:
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        found = re.search(rf"^{name}:\s*(\d+) kB", file.read(), re.MULTILINE)
    if found is None:
        raise RuntimeError(f"/proc/{pid}/status has no {name}")
    return int(found.group(1))
