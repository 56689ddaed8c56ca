"""What a bundle would bring, as this side's cache, policy and advisories see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from jhansi_runner.proxy.bundle.judging import Judging
from jhansi_runner.proxy.bundle.keys import PublicKey
from jhansi_runner.proxy.bundle.manifest import ArtifactLine
from jhansi_runner.proxy.bundle.reading import BadBundle
from jhansi_runner.proxy.bundle.review import (
    Brought,
    Known,
    News,
    Review,
    Reviewing,
    advisories_about,
    brought,
    is_advised,
    news_of,
)
from jhansi_runner.proxy.cache.store import Artifact
from jhansi_runner.proxy.coordinate import Coordinate, pypi
from jhansi_runner.proxy.policy.advice import AdvisoriesUnreadable, Advisory
from jhansi_runner.proxy.policy.decide import PolicySet
from jhansi_runner.proxy.registries.all import registries
from support.bundles import KEY, Side, World, new_key
from support.policies import instant, main_and_floor

NOW = instant("2026-11-28T10:00Z")
DAY = 86_400
FILE = "demo-1.0-py3-none-any.whl"
ARTIFACT = Artifact("pkg:pypi/demo@1.0", FILE, "a" * 64, 10, NOW - DAY, NOW - 9 * DAY, "sha256:x", "MIT")
LINE = ArtifactLine(f"pypi /files/f.test/{FILE}", ARTIFACT, carried=True)
NOTHING = Known(frozenset(), frozenset(), {})


class Advisories:
    """Two policies may name the same advisory; one collection may be unreadable."""

    def __init__(self, *found: str, fails: bool = False) -> None:
        self.found, self.fails = found, fails

    def about(self, coordinate: Coordinate) -> Sequence[Advisory]:
        if self.fails:
            raise AdvisoriesUnreadable("no such folder")
        return [Advisory(name, "", malware=False) for name in self.found if coordinate.name == "demo"]


def seen_by(policy: str, line: ArtifactLine = LINE) -> Brought:
    """One line by a policy."""
    return brought(line, News.PACKAGE, Judging(main_and_floor(policy), registries(), {}, NOW), "")


def reviewed(side: Side, file: Path, key: PublicKey = KEY.public) -> Review:
    """A bundle as a side sees it."""
    with side.opened() as (store, files):
        return Reviewing(store, files, side.judging()).run(str(file), (key,))


def test_everything_is_new_to_an_empty_cache(source: Side, bundle: Path, other: Side) -> None:
    before = other.state()
    review = reviewed(other, bundle)
    assert other.state() == before
    with source.opened() as (store, _):
        assert {(one.coordinate.purl, one.filename) for one in review.brought} == {
            (one.purl, one.filename) for _, one in store.artifacts()
        }
    assert {one.news for one in review.brought} == {News.PACKAGE}
    assert (review.signer, review.documents) == (KEY.public.id, review.header.documents)
    told = {one.coordinate.type for one in review.brought if one.licence is not None}
    assert told == {"pypi", "npm", "maven"}, "what nobody looked into is looked into now; Go's modules declare nothing"


def test_what_came_before_is_known(world: World, bundle: Path, other: Side, tmp_path: Path) -> None:
    other.import_(bundle)
    assert {one.news for one in reviewed(other, bundle).brought} == {News.KNOWN}
    later = world.side("later")
    later.import_(bundle)
    world.fetch(later, 2)
    file = tmp_path / "more.tar"
    later.export(file, since=str(bundle), trusted=(KEY.public,))
    found = {(one.news, one.here) for one in reviewed(other, file).brought}
    assert found == {(News.KNOWN, False), (News.VERSION, True)}


def test_a_review_refuses_what_an_import_refuses(bundle: Path, other: Side, tmp_path: Path) -> None:
    with pytest.raises(BadBundle, match="key"):
        reviewed(other, bundle, new_key().public)
    data = bytearray(bundle.read_bytes())
    data[-2048] ^= 1
    (tmp_path / "changed.tar").write_bytes(data)
    with pytest.raises(BadBundle):
        reviewed(other, tmp_path / "changed.tar")


def test_a_refusal_of_this_side_is_told_with_its_rule(bundle: Path, other: Side) -> None:
    review = reviewed(other.with_rules("default: allow\nrules: [{deny: pkg:npm/demo, reason: no}]\n"), bundle)
    assert {one.coordinate.type for one in review.refused} == {"npm"}
    assert all(one.refused and one.refused.code == "JR-DENY-RULE" for one in review.refused)


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
    assert news_of(LINE, known) is news


def test_its_age_is_the_registrys_else_the_other_sides() -> None:
    assert seen_by("").age == 9 * DAY
    undated = replace(LINE, artifact=replace(ARTIFACT, published=None))
    assert seen_by("", undated).age is None
    assert seen_by("", replace(undated, seen=(NOW - 2 * DAY, "sha256:x"))).age == 2 * DAY
    assert seen_by("", replace(undated, seen=(NOW - 2 * DAY, "sha256:y"))).age is None, "that was another content"


def test_the_verdict_is_this_sides() -> None:
    refused = seen_by("minimum_age: {pypi: 10 days}").refused
    assert refused is not None
    assert (refused.code, refused.rule) == ("JR-DENY-AGE", "policy.yaml:4")
    assert seen_by("minimum_age: {pypi: 9 days}").refused is None


def test_each_advisory_is_told_once() -> None:
    policy = main_and_floor("", floor="")
    advised = PolicySet(policy.layers, policy.digest, (Advisories("CVE-1", "CVE-2"), Advisories("CVE-2")))
    assert [one.id for one in advisories_about(advised, pypi("demo", "1.0"))] == ["CVE-1", "CVE-2"]
    assert is_advised(advised)
    assert not is_advised(policy)


def test_unreadable_advisories_hide_none_of_the_others() -> None:
    policy = main_and_floor("", floor="")
    advised = PolicySet(policy.layers, policy.digest, (Advisories(fails=True), Advisories("CVE-2")))
    assert [one.id for one in advisories_about(advised, pypi("demo", "1.0"))] == ["CVE-2"]
