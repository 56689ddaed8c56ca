"""What a sandbox brings can narrow what the operator allows, and nothing else."""

from __future__ import annotations

import itertools

import pytest

from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.policy.decide import PolicySet
from jhansi_runner.proxy.policy.load import load
from jhansi_runner.proxy.policy.narrower import read_narrower
from jhansi_runner.proxy.policy.problems import PolicyError
from jhansi_runner.proxy.policy.release import SCRIPT, SDIST, Release
from jhansi_runner.proxy.policy.sources import FLOOR, MAIN, SANDBOX, Source

NOW = 1_800_000_000.0
OPERATORS = (
    "version: 1\nregistries: {pypi: {enabled: true, upstream: 'https://index.test/simple/', files: [files.test]}, "
    "golang: {enabled: true, upstream: 'https://go.test/', fetch: any}}\ndefault: allow\n"
    "rules:\n- {deny: 'pkg:pypi/bad', reason: 'no'}\nsdists: deny\nlimits: {memory: 1 GiB}\n"
)
WIDE = (
    "version: 1\nregistries: {pypi: {enabled: true}, npm: {enabled: true}, golang: {enabled: true, fetch: any}}\n"
    "default: allow\nrules:\n- {allow: 'pkg:pypi/*', reason: 'all', "
    "exempt: [age, licence, size, advisories, scripts]}\n"
    "egress: {install: registries, run: registries}\nlimits: {memory: 9 GiB}\n"
)
NARROW = (
    "version: 1\nregistries: {pypi: {enabled: true}}\ndefault: deny\n"
    "rules:\n- {allow: 'pkg:pypi/good', reason: 'yes'}\n"
    "egress: {install: registries, run: none}\nlimits: {memory: 100 MiB, processes: 10}\nmax_size: 1 MiB\n"
)


def policies(*texts: str, first: str = MAIN) -> PolicySet:
    roles = [first, *([SANDBOX] * (len(texts) - 1))]
    return load([Source(role, text.encode(), role) for text, role in zip(texts, roles, strict=True)])


@pytest.mark.parametrize("first", [FLOOR, MAIN])
@pytest.mark.parametrize("own", [WIDE, NARROW])
def test_it_neither_names_a_host_nor_takes_one_away(own: str, first: str) -> None:
    alone, both = policies(OPERATORS, first=first), policies(OPERATORS, own, first=first)
    hosts = {one.type: (one.upstream, one.files, one.fetch) for one in alone.registries}
    narrowed = {one.type: (one.upstream, one.files, one.fetch) for one in both.registries}
    assert narrowed.items() <= hosts.items()
    assert "pypi" in narrowed


def test_where_a_file_of_the_operators_names_other_hosts_these_hold() -> None:
    floor = "version: 1\nregistries: {pypi: {enabled: true}}\ndefault: allow\n"
    sources = [
        Source("a", floor.encode(), FLOOR),
        Source("b", OPERATORS.encode(), MAIN),
        Source("c", WIDE.encode(), SANDBOX),
    ]
    assert load(sources).registries == load(sources[:2]).registries


def test_no_host_comes_from_it_even_when_nobody_refused_it() -> None:
    elsewhere = "pypi: {enabled: true, upstream: 'https://evil.test/', files: [evil.test]}"
    hostile = WIDE.replace("pypi: {enabled: true}", elsewhere)
    assert "evil" not in repr(policies(OPERATORS, hostile).registries)


@pytest.mark.parametrize("own", [WIDE, NARROW])
def test_whatever_it_says_what_is_allowed_was_allowed_without_it(own: str) -> None:
    alone, both = policies(OPERATORS), policies(OPERATORS, own)
    for name, runs, size in itertools.product(("good", "bad", "other"), ("", SDIST, SCRIPT), (None, 1, 2 << 20)):
        release = Release(Coordinate.parse(f"pkg:pypi/{name}@1"), runs=runs, size=size)
        assert not both.judge(release, NOW).allowed or alone.judge(release, NOW).allowed, release
        assert not both.decide(release.coordinate, NOW).allowed or alone.decide(release.coordinate, NOW).allowed
    assert both.bounds["memory"].value <= alone.bounds["memory"].value
    assert both.sdists == "deny"
    assert (both.max_size or 1 << 60) <= (alone.max_size or 1 << 60)


def test_it_narrows() -> None:
    both = policies(OPERATORS, NARROW)
    assert [one.type for one in both.registries] == ["pypi"]
    assert [both.decide(Coordinate.parse(f"pkg:pypi/{name}")).allowed for name in ("good", "other")] == [True, False]
    assert (both.egress.install, both.egress.run) == ("registries", "none")
    assert (both.bounds["memory"].value, both.bounds["processes"].value) == (100 << 20, 10)
    assert both.max_size == 1 << 20


def test_an_operator_who_only_observes_lets_nothing_pass_that_it_denies() -> None:
    both = policies(OPERATORS + "mode: observe\n", NARROW)
    assert not both.decide(Coordinate.parse("pkg:pypi/other")).allowed
    assert both.decide(Coordinate.parse("pkg:pypi/good")).allowed


def test_all_mistakes_are_told_in_the_order_of_the_lines() -> None:
    text = (
        "version: 1\nregistries:\n  pypi:\n    enabled: true\n    upstream: https://x.test/\n    files: [y.test]\n"
        "default: maybe\nmode: observe\nadvisories: {folder: /srv/osv}\ncolour: red\n"
    )
    with pytest.raises(PolicyError) as told:
        read_narrower(Source("own", text.encode(), SANDBOX))
    assert [(one.line, one.column) for one in told.value.problems] == [(5, 5), (6, 5), (7, 10), (8, 7), (9, 1), (10, 1)]


@pytest.mark.parametrize("text", [WIDE, NARROW, WIDE + "mode: enforce\n"])
def test_what_only_narrows_is_read(text: str) -> None:
    assert read_narrower(Source("own", text.encode(), SANDBOX)).role == SANDBOX


@pytest.mark.parametrize("text", ["", "[]", "a: &x 1\nb: *x", "\0", "version: 2"])
def test_what_is_no_policy_is_refused(text: str) -> None:
    with pytest.raises(PolicyError):
        read_narrower(Source("own", text.encode(), SANDBOX))
