"""What is cached is counted, the latest are named, and others get their turn meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from jhansi_runner.proxy.team import tally as module
from jhansi_runner.proxy.team.page import Kept
from jhansi_runner.proxy.team.tally import tally
from support.cache import NOW, Cache


def test_it_counts_by_registry_and_names_the_latest_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_TURN_SECONDS", -1.0)
    cache = Cache(tmp_path)
    rests: list[float] = []
    try:
        assert tally(cache.store, rests.append) == module.Tally([], [])
        for number in range(60):
            cache.add(f"n{number}", 10, stored=NOW - 1000 + number)
        found = tally(cache.store, rests.append)
    finally:
        cache.store.close()
    assert found.kept == [Kept("pypi", 60, 60, 600)]
    assert [one.filename for one in found.recent] == [f"n{number}-1.0.whl" for number in range(59, 9, -1)]
    assert len(rests) == 60
