"""What the policy's and the cache's pages tell is what the files, the ledger and the cache have."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.ledger import Entry, Ledger
from jhansi_runner.runner.dashboard.aside import CACHE, POLICY, Aside
from jhansi_runner.runner.dashboard.facts import CacheFacts, Clause, PolicyFacts
from jhansi_runner.runner.dashboard.lately import by_line, lately
from jhansi_runner.runner.sandboxes.errors import SandboxError
from support.cache import Cache
from support.policies import HEAD, main_and_floor

RULES = """\
rules:
  - allow: pkg:pypi/acme-*
    reason: <b>ours</b>
  - deny: pkg:pypi/evil-*
"""
NOW = time.time()


def _entry(
    purl: str, verdict: str = "allow", *, rule: str = "", code: str = "", at: float = NOW, times: int = 0
) -> Entry:
    return Entry("mirror", verdict, "GET", "/x", purl=purl, rule=rule, code=code, time=at, times=times, cache="hit")


def _ledger(*entries: Entry) -> str:
    folder = paths.current(os.environ).ledger
    os.makedirs(folder, exist_ok=True)
    ledger = Ledger(folder)
    for entry in entries:
        ledger.record(entry)
    ledger.close()
    return folder


def test_each_line_is_told_what_it_decided() -> None:
    policies = main_and_floor(RULES)
    entries = [
        _entry("pkg:pypi/evil-a@1", "deny", rule="policy.yaml:7", at=NOW - 5, times=3),
        _entry("pkg:pypi/evil-b", code="JR-WITHHELD", rule="policy.yaml:7"),
        _entry("pkg:pypi/acme-a@1"),
        _entry("pkg:pypi/acme-a@1"),
        _entry("pkg:npm/other@1"),
        _entry("no purl"),
    ]
    found = by_line(entries, policies.layers, NOW)
    counts = {line: dict(one.verdicts) for line, one in found.items()}
    assert counts == {
        "policy.yaml:7": {"deny": 3, "JR-WITHHELD": 1},
        "policy.yaml:5": {"allow": 2},
        "policy.yaml:3": {"allow": 1},
    }
    assert found["policy.yaml:7"].last == NOW - 5


def test_with_a_floor_a_line_of_each_file_lets_in() -> None:
    policies = main_and_floor(RULES, RULES.replace("acme", "other"))
    found = by_line([_entry("pkg:pypi/acme-a@1")], policies.layers, NOW)
    assert set(found) == {"floor.yaml:3", "policy.yaml:5"}


def test_what_no_line_would_let_in_now_counts_for_none() -> None:
    assert by_line([_entry("pkg:pypi/evil-a@1")], main_and_floor(RULES).layers, NOW) == {}


def test_only_seven_days_and_only_the_end_of_a_long_ledger_are_read() -> None:
    days = [_entry(f"pkg:npm/d{age}", at=NOW - age * 86400 - 1) for age in (9, 6, 1, 0)]
    folder = _ledger(*days)
    found = lately(folder, NOW)
    assert [one.purl for one in found.entries] == ["pkg:npm/d6", "pkg:npm/d1", "pkg:npm/d0"] and not found.cut
    cut = lately(folder, NOW, most=150)
    assert cut.cut and [one.purl for one in cut.entries] == ["pkg:npm/d0"]


def _facts(kind: type, what: str) -> object:
    return asyncio.run(Aside(what, kind, os.environ).facts())[0]


@pytest.fixture
def policy(jhansi_home: str) -> Path:
    """The user's own policy."""
    file = Path(jhansi_home, "policy.yaml")
    file.write_text(HEAD + RULES)
    return file


def test_the_policy_in_force_is_told_line_by_line(policy: Path) -> None:
    _ledger(_entry("pkg:pypi/evil-a@1", "deny", rule="policy.yaml:7", code="JR-DENY-RULE"), _entry("pkg:pypi/acme-b@2"))
    found = _facts(PolicyFacts, POLICY)
    assert isinstance(found, PolicyFacts)
    (layer,) = (one for one in found.layers if one.source == str(policy))
    rules = {one.line: one for one in layer.clauses if one.key == "rule"}
    assert rules[5] == Clause(5, "rule", "allow", "pkg:pypi/acme-*", "<b>ours</b>", False, 0, 0, 0, 1, None)
    assert (rules[7].effect, rules[7].refused) == ("deny", 1) and rules[7].last == pytest.approx(NOW)
    assert [one.text for one in layer.clauses if one.key == "registry"] == ["pypi", "npm", "golang"]
    assert [(one.what, one.rule) for one in found.decided] == [("pkg:pypi/evil-a@1", "policy.yaml:7")]
    assert {one.type for one in found.hosts} == {"pypi", "npm", "golang"}
    assert "memory" in {key for key, _, _ in found.limits}


def test_a_policy_that_is_wrong_is_told_with_its_line(policy: Path) -> None:
    policy.write_text(HEAD + "rules:\n  - allow: nonsense\n")
    found = _facts(PolicyFacts, POLICY)
    assert isinstance(found, PolicyFacts)
    assert found.problems and f"{policy}:5" in found.problems[0] and not found.layers


def test_the_cache_is_told_by_registry(jhansi_home: str) -> None:
    cache = Cache(Path(jhansi_home))
    for name, stored in (("one", NOW - 50), ("two", NOW - 10)):
        cache.add(name, 1000, stored=stored)
    cache.store.close()
    _ledger(_entry("pkg:pypi/one@1.0"), _entry("pkg:pypi/one@1.0"))
    found = _facts(CacheFacts, CACHE)
    assert isinstance(found, CacheFacts)
    (shelf,) = found.shelves
    assert (shelf.type, shelf.packages, shelf.artifacts, shelf.size, shelf.hits) == ("pypi", 2, 2, 2000, 2)
    assert [one.filename for one in found.arrivals] == ["two-1.0.whl", "one-1.0.whl"]


def test_looking_at_no_cache_makes_none(jhansi_home: str) -> None:
    assert _facts(CacheFacts, CACHE) == CacheFacts(f"{jhansi_home}/cache", 0)
    assert not os.path.exists(f"{jhansi_home}/cache")


def test_what_cannot_be_looked_at_is_said(jhansi_home: str) -> None:
    Path(jhansi_home, "cache").mkdir()
    Path(jhansi_home, "cache", "index").write_text("in the way")
    with pytest.raises(SandboxError) as told:
        _facts(CacheFacts, CACHE)
    assert told.value.status == 503 and "the cache cannot be looked at: /" in str(told.value)


def test_however_many_look_one_process_does() -> None:
    async def many() -> set[float]:
        aside = Aside(CACHE, CacheFacts, os.environ)
        return {at for _, at in await asyncio.gather(*(aside.facts() for _ in range(5)))}

    assert len(asyncio.run(many())) == 1
