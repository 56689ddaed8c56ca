"""What was fetched on one side is served on the other, offline."""

from __future__ import annotations

import tarfile
from pathlib import Path

from support.bundles import Side, World


def test_all_four_registries_cross(world: World, source: Side, bundle: Path, other: Side) -> None:
    done = other.import_(bundle)
    assert not done.refused
    assert not done.foreign
    assert done.artifacts == done.header.artifacts >= 10
    assert done.documents == done.header.documents >= 6
    assert world.offline(other) == {case.type: list(case.versions[:2]) for case in world.cases}
    with source.opened() as (store, _), other.opened() as (theirs, _):
        assert dict(store.artifacts()) == dict(theirs.artifacts())
        carried = dict(theirs.documents())
        assert {key: one for key, one in store.documents() if key in carried} == carried
        seen = store.seen("pkg:golang/example.test/demo")
        assert theirs.seen("pkg:golang/example.test/demo") == {name: seen[name] for name in ("v1.0.0", "v1.1.0")}


def test_it_is_a_tar_that_anybody_can_read(bundle: Path) -> None:
    with tarfile.open(bundle, "r:") as archive:
        members = archive.getmembers()
        assert [one.name for one in members[:2]] == [
            "jhansi-bundle/manifest.jsonl",
            "jhansi-bundle/manifest.jsonl.minisig",
        ]
        assert all(one.isreg() and one.mode == 0o644 and not one.mtime and not one.uid for one in members)


def test_again_nothing_is_new(bundle: Path, other: Side) -> None:
    first = other.import_(bundle)
    before = other.state()
    again = other.import_(bundle)
    assert (again.artifacts, again.documents, again.there) == (0, 0, first.artifacts + first.documents)
    after = other.state()
    assert before == after


def test_a_dry_run_tells_the_same_and_changes_nothing(bundle: Path, other: Side) -> None:
    before = other.state()
    told = other.import_(bundle, dry_run=True)
    assert other.state() == before
    done = other.import_(bundle)
    assert (told.artifacts, told.documents, told.artifacts_size) == (
        done.artifacts,
        done.documents,
        done.artifacts_size,
    )
