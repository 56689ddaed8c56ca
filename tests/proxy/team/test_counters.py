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


def test_an_entry_that_stands_for_several_requests_counts_as_these(tmp_path: Path) -> None:
    counters = Counters()
    for times in (0, 41):
        counters.count(Entry("mirror", "deny", "GET", "/npm/demo", code="JR-TOKEN", times=times))
    counters.save(str(tmp_path))
    assert b'jhansi_requests_total{registry="npm",verdict="deny",cache="none"} 42\n' in render(str(tmp_path))
    assert b'jhansi_refusals_total{registry="npm",code="JR-TOKEN"} 42\n' in render(str(tmp_path))
