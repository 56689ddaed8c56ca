"""A stored set under a policy that was changed: every condition reaches it, by what the cache knows."""

from __future__ import annotations

from pathlib import Path

import pytest

from jhansi_runner.proxy.cache.store import Artifact, Store
from jhansi_runner.proxy.policy.load import load
from jhansi_runner.proxy.policy.sources import Source
from jhansi_runner.resolvers.resolver import Locked
from jhansi_runner.runner.rejudge import still_allowed

DAY = 86400.0
NOW = 2_000_000_000.0
DIGEST = "ab" * 32
LOCK = (Locked("demo", "1.0", "pkg:pypi/demo@1.0", (f"sha256:{DIGEST}",)),)


def _allowed(cache: Path, rules: str, *, built: bool = False) -> bool:
    text = f"version: 1\nregistries: {{pypi: {{enabled: true}}}}\ndefault: allow\n{rules}"
    return still_allowed(LOCK, built, load((Source("policy.yaml", text.encode(), "main"),)), str(cache), NOW)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    store = Store(str(tmp_path))
    artifact = Artifact(
        "pkg:pypi/demo@1.0", "demo-1.0-py3-none-any.whl", DIGEST, 5000, NOW, NOW - 10 * DAY, licence="GPL-3.0-only"
    )
    store.keep_artifact("pypi /files/x/demo-1.0-py3-none-any.whl", artifact)
    store.close()
    return tmp_path


@pytest.mark.parametrize(
    ("rules", "allowed"),
    [
        ("", True),
        ("rules:\n  - deny: pkg:pypi/demo\n", False),
        ('rules:\n  - deny: pkg:pypi/demo\n    versions: "<1.0"\n', True),
        ("minimum_age: {pypi: 9 days}\n", True),
        ("minimum_age: {pypi: 11 days}\n", False),
        ("licences: {allow: [MIT], unknown: allow}\n", False),
        ("licences: {allow: [GPL-3.0-only], unknown: deny}\n", True),
        ("max_size: 4 KB\n", False),
        ("max_size: 5 KB\n", True),
        ("mode: observe\nmax_size: 4 KB\n", True),
    ],
)
def test_each_condition_reaches_what_is_installed(cache: Path, rules: str, allowed: bool) -> None:
    assert _allowed(cache, rules) is allowed


def test_what_was_built_goes_by_the_word_on_sdists(cache: Path) -> None:
    assert _allowed(cache, "sdists: build\n", built=True)
    assert not _allowed(cache, "sdists: deny\n", built=True)


def test_what_the_cache_forgot_is_not_let_in_by_what_it_may_have_been(tmp_path: Path) -> None:
    assert _allowed(tmp_path, "")
    assert not _allowed(tmp_path, "minimum_age: {pypi: 9 days}\n")
    assert not _allowed(tmp_path, "licences: {allow: [MIT], unknown: deny}\n")
