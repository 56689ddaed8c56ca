"""Nothing is served that cannot be recorded, and a ledger that fails takes nothing else along."""

from __future__ import annotations

import errno
import http.client
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from jhansi_runner.proxy.ledger import Entry, Ledger
from support.mirror import Mirror, eventually, mirrored
from support.registry import Fault, Upstream
from support.wheels import make_wheel

Both = tuple[Upstream, Mirror]


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Both]:
    with mirrored(tmp_path) as pair:
        yield pair


def _fill_disk(mirror: Mirror) -> list[Path]:
    """Have the ledger's file be one that takes no byte, today and tomorrow."""
    now = time.time()
    files = [Path(mirror.folder, "ledger", time.strftime("%F.jsonl", time.gmtime(now + s))) for s in (0, 86400)]
    for file in files:
        file.symlink_to("/dev/full")
    return files


@pytest.mark.parametrize("size", [0, 3 << 20])
def test_what_cannot_be_recorded_is_not_served(both: Both, size: int) -> None:
    up, mirror = both
    wheel = up.add(make_wheel("demo", "1.0", size_padding=size))
    files = _fill_disk(mirror)
    for path in ("/pypi/simple/demo/", mirror.place(wheel), mirror.place(wheel), "/npm/demo"):
        got = mirror.get(path)
        assert (got.status, got.headers["x-jhansi-code"]) == (507, "JR-LEDGER")
        assert b"the ledger cannot be written (No space left on device)" in got.body
        assert "Next: make room" in got.headers["x-jhansi-reason"]
        assert len(got.body) < 1000
    for file in files:
        file.unlink()
    mirror._loop.call_soon_threadsafe(mirror.runs._recorder._ledger.close)
    assert mirror.get(mirror.place(wheel)).body == wheel.file.data
    assert [entry["status"] for entry in mirror.ledger()] == [200]


def test_a_folder_that_is_gone_is_a_reason_too(both: Both) -> None:
    _, mirror = both
    os.rmdir(mirror.folder + "/ledger")
    got = mirror.index()
    assert (got.status, "No such file" in got.problem) == (507, True)


def test_a_log_on_the_same_disk_changes_nothing(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    _, mirror = both
    _fill_disk(mirror)
    with open("/dev/full", "w", buffering=1) as full:
        monkeypatch.setattr(sys, "stderr", full)
        assert mirror.index().status == 507
        monkeypatch.undo()
        with pytest.raises(OSError, match="No space"):
            full.flush()
        os.dup2(os.open(os.devnull, os.O_WRONLY), full.fileno())  # or closing it would fail as well


def test_a_late_fault_that_cannot_be_recorded_breaks_nothing(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    up, mirror = both
    wheel = up.add(make_wheel("demo", "1.0", size_padding=3 << 20))
    up.fault(wheel.path, Fault.hang(after=1 << 20))
    astray: list[dict[str, Any]] = []
    mirror._loop.set_exception_handler(lambda _, context: astray.append(context))
    refused: list[Entry] = []

    def fail(_: Ledger, entry: Entry) -> None:
        refused.append(entry)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with ThreadPoolExecutor(1) as pool:
        getting = pool.submit(mirror.get, mirror.place(wheel))
        eventually(lambda: any(entry["purl"].endswith("@1.0") for entry in mirror.ledger()))
        with monkeypatch.context() as patched:
            patched.setattr(Ledger, "record", fail)
            up.stop()
            with pytest.raises((http.client.HTTPException, OSError)):
                getting.result()
            eventually(lambda: refused)
    assert [(entry.verdict, entry.code) for entry in refused] == [("fault", "JR-UPSTREAM")]
    assert mirror.index().status == 200
    eventually(lambda: not mirror.runs._recorder._watchers)
    assert astray == []


def test_what_the_gate_refused_stays_refused_unrecorded(tmp_path: Path) -> None:
    with mirrored(tmp_path) as (_, mirror):
        files = _fill_disk(mirror)
        mirror.runs.refused_at_gate("run", "CONNECT", "other.test:443", "JR-GATE-HOST", "no")
        for file in files:
            file.unlink()
        mirror.runs._recorder._ledger.close()
        mirror.runs.refused_at_gate("run", "CONNECT", "other.test:443", "JR-GATE-HOST", "no")
        assert [entry["code"] for entry in mirror.ledger()] == ["JR-GATE-HOST"]
