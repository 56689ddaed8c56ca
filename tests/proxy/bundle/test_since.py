"""A bundle that adds to an earlier one carries what that did not, and needs what that brought."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from jhansi_runner.proxy.bundle.reading import BadBundle
from support.bundles import KEY, Side, World, new_key


@pytest.fixture
def chain(tmp_path: Path) -> tuple[World, Side, list[Path]]:
    """A side that fetched more twice, and what it exported each time; the registries are gone afterwards."""
    with ExitStack() as stack:
        world = World(stack, tmp_path)
        side = world.side("source")
        files = [tmp_path / f"{number}.tar" for number in range(3)]
        since = ""
        for number, file in enumerate(files):
            world.fetch(side, number)
            side.export(file, since=since)
            since = str(file)
        return world, side, files


def test_a_chain_brings_all(chain: tuple[World, Side, list[Path]], tmp_path: Path) -> None:
    world, source, files = chain
    other = replace(source, folder=tmp_path / "other")
    first = other.import_(files[0])
    second = other.import_(files[1])
    third = other.import_(files[2])
    assert not first.header.base
    assert (second.header.base, third.header.base) == (first.name, second.name)
    assert second.header.members < second.header.artifacts
    assert second.artifacts == first.artifacts
    with source.opened() as (ours, _), other.opened() as (theirs, _):
        assert dict(ours.artifacts()) == dict(theirs.artifacts())
    source.export(tmp_path / "a.tar")
    other.export(tmp_path / "b.tar")
    assert (tmp_path / "a.tar").read_bytes() == (tmp_path / "b.tar").read_bytes()
    assert len(world.cases) == 4


def test_without_the_one_before_it_is_refused(chain: tuple[World, Side, list[Path]], tmp_path: Path) -> None:
    _, source, files = chain
    other = replace(source, folder=tmp_path / "other")
    first = other.import_(files[0])
    before = other.state()
    with pytest.raises(BadBundle, match="not here: import that first"):
        other.import_(files[2])
    assert other.state() == before
    assert first.artifacts


def test_what_this_side_refuses_need_not_be_here(chain: tuple[World, Side, list[Path]], tmp_path: Path) -> None:
    _, source, files = chain
    rules = "default: allow\nrules:\n  - deny: pkg:npm/demo\n    reason: no\n"
    other = replace(source, folder=tmp_path / "other").with_rules(rules)
    for file in files:
        done = other.import_(file)
        assert {one.purl.partition("@")[0] for one in done.refused} == {"pkg:npm/demo"}
    with other.opened() as (store, _):
        assert {one.purl.partition("/")[0] for _, one in store.artifacts()} == {"pkg:pypi", "pkg:maven", "pkg:golang"}


def test_a_base_that_lost_something_is_told(chain: tuple[World, Side, list[Path]], tmp_path: Path) -> None:
    _, source, files = chain
    other = replace(source, folder=tmp_path / "other")
    other.import_(files[0])
    with other.opened() as (store, kept):
        _, artifact = next(store.artifacts())
        Path(kept.path(artifact.sha256)).unlink()
    with pytest.raises(BadBundle, match=artifact.purl):
        other.import_(files[1])
    other.import_(files[0])
    assert other.import_(files[1]).artifacts


def test_an_older_one_after_a_newer_one_takes_nothing_back(
    chain: tuple[World, Side, list[Path]], tmp_path: Path
) -> None:
    _, source, files = chain
    other = replace(source, folder=tmp_path / "other")
    for file in files:
        other.import_(file)
    before = other.state()
    for file in files:
        assert (other.import_(file).artifacts, other.import_(file).documents) == (0, 0)
    assert other.state() == before


def test_the_earlier_one_has_to_be_signed_by_somebody_known(
    chain: tuple[World, Side, list[Path]], tmp_path: Path
) -> None:
    _, source, files = chain
    mine = new_key()
    with pytest.raises(BadBundle, match="none of those that count"):
        source.export(tmp_path / "b", key=mine, since=str(files[2]))
    done = source.export(tmp_path / "b", key=mine, since=str(files[2]), trusted=(KEY.public,))
    assert done.header.members == 0
    other = replace(source, folder=tmp_path / "other")
    for file in files:
        other.import_(file)
    assert other.import_(tmp_path / "b", (mine.public,)).there == done.header.artifacts + done.header.documents


def test_volumes_are_an_earlier_one_too(chain: tuple[World, Side, list[Path]], tmp_path: Path) -> None:
    _, source, files = chain
    source.export(tmp_path / "v", most=20_000)
    one = source.export(tmp_path / "a", since=str(tmp_path / "v.002"))
    assert one.header.members == 0
    assert one.header.base
    assert files
