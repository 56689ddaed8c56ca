"""What is counted is counted for the registry that it was asked of."""

from __future__ import annotations

from pathlib import Path

import pytest

from jhansi_runner.proxy.ledger import Entry
from jhansi_runner.proxy.team.counters import Counters, render


@pytest.mark.parametrize(
    ("purl", "url", "registry"),
    [
        ("pkg:npm/demo@1.0.0", "/npm/demo", "npm"),
        ("", "/golang/sumdb/sums.test/latest", "golang"),
        ("", "/npm/-/v1/search", "npm"),
        ("", "/golang", "golang"),
        ("", "/cargo/x", "other"),
        ("", "golang/x", "other"),
        ("", "/", "other"),
        ("", "", "other"),
    ],
)
def test_a_request_counts_for_its_registry(tmp_path: Path, purl: str, url: str, registry: str) -> None:
    counters = Counters()
    counters.count(Entry("mirror", "allow", "GET", url, purl=purl))
    counters.save(str(tmp_path))
    assert (
        f'jhansi_requests_total{{registry="{registry}",verdict="allow",cache="none"}} 1'
        in render(str(tmp_path)).decode()
    )
