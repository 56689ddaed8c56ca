"""A view holds what the policy lets in, item by item, however many items are decided at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jhansi_runner.proxy.coordinate import Coordinate, maven, npm, pypi
from jhansi_runner.proxy.mirror.answer import Asker
from jhansi_runner.proxy.mirror.view import view
from jhansi_runner.proxy.policy.codes import DENY_SDIST
from jhansi_runner.proxy.policy.load import load
from jhansi_runner.proxy.policy.release import SDIST, Release
from jhansi_runner.proxy.policy.sources import Source
from jhansi_runner.proxy.registries.interface import Item, Listing
from support.policies import instant, main_and_floor

NOW = instant("2026-11-21T10:00Z")
DAY = 86_400
FILES = st.lists(
    st.sampled_from(
        [
            "minimum_age: {pypi: 3 days}",
            "max_size: 1 kB",
            "sdists: deny",
            "mode: observe",
            "rules: [{deny: pkg:pypi/foo, versions: '<2'}, {allow: pkg:pypi/foo, versions: '>=3', exempt: [age]}]",
            "rules: [{deny: pkg:pypi/foo, versions: '>=0'}]",
        ]
    ),
    unique_by=lambda line: line.partition(":")[0],
).map("\n".join)
ITEMS = st.lists(
    st.builds(
        Item,
        st.builds(
            Release,
            st.sampled_from(["1.0", "2.0", "3.0", "odd"]).map(lambda version: pypi("foo", version)),
            published=st.sampled_from([None, NOW, NOW - DAY, NOW - 2 * DAY, NOW - 8 * DAY]),
            size=st.sampled_from([10, 1_001]),
            runs=st.sampled_from(["", SDIST]),
        ),
        st.sampled_from(["", "/files/a", "/files/b"]),
    ),
    max_size=12,
).map(tuple)


@given(FILES, st.none() | FILES, ITEMS, st.booleans())
def test_what_is_shown_and_told_is_what_each_item_would_get(
    main: str, floor: str | None, items: tuple[Item, ...], offline: bool
) -> None:
    policies = main_and_floor(main, floor)
    answers = [policies.judge(item.release, NOW, frozenset(["licence"])) for item in items]
    refused = [no for no in answers if not no.allowed]
    asked: list[Item] = []

    def is_kept(item: Item) -> bool:
        asked.append(item)
        return item.path != "/files/b"

    got = view(Listing(pypi("foo"), items), Asker(policies, offline=offline), NOW, is_kept)
    let_in = [item for item, answer in zip(items, answers, strict=True) if answer.allowed]
    assert [no.code for no in got.observed] == list(dict.fromkeys(no.code for one in answers for no in one.observed))
    assert got.until == min((no.until for no in refused if no.until is not None), default=None)
    assert bool(got.withheld) is bool(refused)
    if not let_in and any(no.code != DENY_SDIST for no in refused):
        assert (got.denied is not None, got.items) == (True, items)
        return
    assert got.denied is None
    assert list(got.items) == [item for item in let_in if not offline or item.path != "/files/b"]
    assert asked == (let_in if offline else [])


@pytest.mark.parametrize(
    ("package", "numbers", "words"),
    [
        (npm("@types/node"), ["1.0.0"], "1 version of @types/node is withheld, the last: pkg:npm/%40types/node@1.0.0"),
        (npm("node"), ["1.0.0", "2.0.0"], "2 versions of node are withheld, the last: "),
        (maven("org.test", "demo"), ["1.0.0"], "1 version of org.test:demo is withheld, the last: "),
    ],
)
def test_what_is_withheld_is_named_in_full(package: Coordinate, numbers: list[str], words: str) -> None:
    rules = f"rules: [{{deny: '{package.purl}', versions: '<3'}}]"
    items = tuple(Item(Release(package.at(number), size=10), f"/{number}") for number in [*numbers, "3.0.0"])
    head = "version: 1\nregistries: {npm: {enabled: true}, maven: {enabled: true}}\ndefault: allow\n"
    asker = Asker(load([Source("policy.yaml", (head + rules).encode())]))
    got = view(Listing(package, items), asker, NOW, lambda _: True)
    assert (got.withheld.startswith(words), got.denied, got.rule) == (True, None, "policy.yaml:4")
