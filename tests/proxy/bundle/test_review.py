"""What a bundle would bring, as this side's cache, policy and advisories see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from jhansi_runner.proxy.bundle.manifest import ArtifactLine
from jhansi_runner.proxy.bundle.review import Known, News, brought, is_advised
from jhansi_runner.proxy.cache.store import Artifact
from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.policy.advice import AdvisoriesUnreadable, Advisory
from jhansi_runner.proxy.policy.decide import PolicySet
from support.policies import instant, main_and_floor

NOW = instant("2026-11-28T10:00Z")
DAY = 86_400
ARTIFACT = Artifact("pkg:pypi/demo@1.0", "demo-1.0.whl", "a" * 64, 10, NOW - DAY, NOW - 9 * DAY, "sha256:x", "MIT")
LINE = ArtifactLine("pypi /files/f.test/demo-1.0.whl", ARTIFACT, carried=True)
NOTHING = Known(frozenset(), frozenset(), {})


class Advisories:
    """Two policies may name the same advisory; one collection may be unreadable."""

    def __init__(self, *found: str, fails: bool = False) -> None:
        self.found, self.fails = found, fails

    def about(self, coordinate: Coordinate) -> Sequence[Advisory]:
        if self.fails:
            raise AdvisoriesUnreadable("no such folder")
        return [Advisory(name, "", malware=False) for name in self.found if coordinate.name == "demo"]


@pytest.mark.parametrize(
    ("known", "news"),
    [
        (NOTHING, News.PACKAGE),
        (Known(frozenset(["pkg:pypi/other"]), frozenset(["pkg:pypi/other@1.0"]), {}), News.PACKAGE),
        (Known(frozenset(["pkg:pypi/demo"]), frozenset(["pkg:pypi/demo@0.9"]), {}), News.VERSION),
        (Known(frozenset(["pkg:pypi/demo"]), frozenset(["pkg:pypi/demo@1.0"]), {}), News.FILE),
        (Known(frozenset(), frozenset(), {LINE.key: "a" * 64}), News.KNOWN),
        (Known(frozenset(), frozenset(), {LINE.key: "b" * 64}), News.CONFLICT),
    ],
)
def test_how_new_it_is_depends_on_what_the_cache_has(known: Known, news: News) -> None:
    assert brought(LINE, known, main_and_floor(""), NOW).news is news


def test_its_age_is_the_registrys_else_the_other_sides() -> None:
    policy = main_and_floor("")
    assert brought(LINE, NOTHING, policy, NOW).age == 9 * DAY
    undated = replace(LINE, artifact=replace(ARTIFACT, published=None))
    assert brought(undated, NOTHING, policy, NOW).age is None
    seen = replace(undated, seen=(NOW - 2 * DAY, "sha256:x"))
    assert brought(seen, NOTHING, policy, NOW).age == 2 * DAY
    of_another_content = replace(undated, seen=(NOW - 2 * DAY, "sha256:y"))
    assert brought(of_another_content, NOTHING, policy, NOW).age is None


def test_the_verdict_is_this_sides() -> None:
    found = brought(LINE, NOTHING, main_and_floor("minimum_age: {pypi: 10 days}"), NOW)
    assert (found.decision.allowed, found.decision.code) == (False, "JR-DENY-AGE")
    assert brought(LINE, NOTHING, main_and_floor("minimum_age: {pypi: 9 days}"), NOW).decision.allowed


def test_each_advisory_is_told_once() -> None:
    policy = main_and_floor("", floor="")
    advised = PolicySet(policy.layers, policy.digest, (Advisories("CVE-1", "CVE-2"), Advisories("CVE-2")))
    assert [one.id for one in brought(LINE, NOTHING, advised, NOW).advisories] == ["CVE-1", "CVE-2"]
    assert is_advised(advised)
    assert not is_advised(policy)


def test_unreadable_advisories_hide_none_of_the_others() -> None:
    policy = main_and_floor("", floor="")
    advised = PolicySet(policy.layers, policy.digest, (Advisories(fails=True), Advisories("CVE-2")))
    assert [one.id for one in brought(LINE, NOTHING, advised, NOW).advisories] == ["CVE-2"]
