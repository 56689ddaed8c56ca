"""What a registry's URLs name: one spelling each, the same through the gate and on the mirror."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.registries.all import registries
from jhansi_runner.proxy.registries.interface import Kind
from jhansi_runner.proxy.registries.rows import ROWS
from jhansi_runner.proxy.registries.upstreams import Upstream, upstream
from support.cases import CASES, Case

OURS = registries()
each = pytest.mark.parametrize("case", [make() for make in CASES], ids=lambda case: case.type)


def test_every_registry_has_its_row_and_every_row_its_registry() -> None:
    assert OURS.keys() == ROWS.keys() == {case.type for case in CASES}


@each
def test_a_listing_is_where_the_registry_says_it_is(case: Case) -> None:
    registry, package = OURS[case.type], Coordinate.parse(case.package)
    path = registry.listing_path(package.at(case.versions[0]))
    assert f"/{case.type}{path}" == case.listing
    wanted = registry.route(path)
    assert wanted is not None
    assert (wanted.kind, wanted.package, wanted.path) == (Kind.LISTING, package, path)


@each
def test_clients_reach_it_by_the_public_name_whatever_the_upstream_is(case: Case) -> None:
    registry, row = OURS[case.type], ROWS[case.type]
    path = registry.listing_path(Coordinate.parse(case.package))
    below = path.removeprefix("/simple") if case.type == "pypi" else path
    public = upstream(case.type)
    own = Upstream(case.type, "https://mirror.test/team/repo/", public.public)
    for at in (public, own):
        wanted = registry.canonical(public.public, row.path.rstrip("/") + below, at)
        assert wanted is not None
        assert wanted.path == path
    there = registry.canonical("mirror.test", "/team/repo" + below, own)
    assert there is not None
    assert there.path == path
    assert registry.canonical("mirror.test", below, own) is None
    assert registry.canonical("elsewhere.test", row.path.rstrip("/") + below, own) is None


@each
@given(path=st.text(max_size=60) | st.from_regex(r"(/[@A-Za-z0-9%.!_~+-]{0,12}){0,7}", fullmatch=True))
def test_whatever_is_asked_has_one_spelling_or_none(case: Case, path: str) -> None:
    registry, at = OURS[case.type], Upstream(case.type, "https://mirror.test/", "public.test")
    for found in (registry.route(path), registry.canonical("public.test", path, at)):
        if found is not None:
            again = registry.route(found.path)
            assert again is not None
            assert (again.path, again.kind, again.package) == (found.path, found.kind, found.package)
            assert found.path.startswith("/")
            assert found.path.isascii()
            assert "//" not in found.path
            assert ".." not in found.path.split("/")
            assert found.kind is Kind.DOCUMENT or found.package is not None or case.type == "pypi"


@each
def test_a_refusal_is_in_the_words_of_its_protocol(case: Case) -> None:
    words = OURS[case.type].refusal(403, "JR-TEST", 'because of "quotes", <tags> & \u00fc')
    assert "because of" in case.reason(words.body)
    assert words.content_type.split(";")[0] in {"application/json", "application/problem+json", "text/plain"}
