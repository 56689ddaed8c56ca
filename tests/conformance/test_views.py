"""One cache serves several policies: what one may not see is not shown to it, whatever tags are sent about."""

from __future__ import annotations

import pytest

from jhansi_runner.proxy.mirror import listings
from jhansi_runner.proxy.policy.load import load
from jhansi_runner.proxy.policy.sources import Source
from jhansi_runner.proxy.registries.all import registries
from support.mirror import Got
from support.pair import Pair, Start
from support.registry import Fault

DENIED = 2
"""The version that one of the two policies denies."""


@pytest.fixture
def two(start: Start) -> Pair:
    """A pair with two runs: `run` may have everything, `strict` all but one version."""
    pair = start()
    rules = f"default: allow\nrules:\n  - deny: {pair.case.package}@{pair.case.versions[DENIED]}\n"
    strict = load((Source("policy.yaml", pair.case.policy(rules).encode(), "main"),))
    pair.mirror.run("strict", policy=strict)
    return pair


def _listed(pair: Pair, got: Got) -> list[str]:
    assert got.status == 200
    return pair.case.listed(got.body)


@pytest.mark.parametrize("first", ["run", "strict"])
def test_a_tag_of_one_policys_view_is_none_of_anothers(two: Pair, first: str) -> None:
    second = "strict" if first == "run" else "run"
    shown = {"run": list(two.case.versions), "strict": list(two.case.versions[:DENIED])}
    tags: dict[str, str] = {}
    for ahead in (0, 3600, 7200):  # at first, revalidated, and again
        two.mirror.ahead = ahead
        for run, other in ((first, second), (second, first)):
            got = two.listing(run=run, **({"If_None_Match": tags[other]} if other in tags else {}))
            assert _listed(two, got) == shown[run]
            tags[run] = got.headers["etag"]
        assert tags["run"] != tags["strict"]
        for run in (first, second):
            assert two.listing(run=run, If_None_Match=tags[run]).status == 304


def test_the_upstreams_tag_says_nothing_of_our_view(two: Pair) -> None:
    two.listing()
    kept = [document.etag for _, document in two.mirror.store.documents() if document.etag]
    for tag in (*kept, "*", "W/*"):
        assert _listed(two, two.listing(run="strict", If_None_Match=tag)) == list(two.case.versions[:DENIED])


def test_an_upstream_that_says_unchanged_without_being_asked_is_not_believed(start: Start) -> None:
    pair = start()
    pair.case.server.fault(pair.case.upstream_listing, Fault.status(304))
    got = pair.listing()
    assert (got.status, pair.case.reason(got.body) != "") == (502, True)
    pair.case.server.heal()
    assert _listed(pair, pair.listing()) == list(pair.case.versions)


@pytest.mark.parametrize("what", ["view", "judge_all", "render"])
def test_a_listing_that_cannot_be_filtered_is_not_shown(two: Pair, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a fault of our own")

    if what == "render":
        monkeypatch.setattr(type(registries()[two.case.type]), "render", fail)
    elif what == "view":
        monkeypatch.setattr(listings, "view", fail)
    else:
        monkeypatch.setattr("jhansi_runner.proxy.policy.decide.PolicySet.judge_all", fail)
    for _ in range(2):
        got = two.listing(run="strict")
        assert got.status == 500
        assert not any(version.encode() in got.body for version in two.case.versions)
    monkeypatch.undo()
    assert _listed(two, two.listing(run="strict")) == list(two.case.versions[:DENIED])
