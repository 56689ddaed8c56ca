"""An export is the same each time, carries what the policy allows, and is proven before it has a name."""

from __future__ import annotations

import errno
import json
import os
import resource
import shutil
import tarfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jhansi_runner.proxy.bundle import placing
from jhansi_runner.proxy.bundle.export import Unfit
from jhansi_runner.proxy.bundle.judging import Scope
from jhansi_runner.proxy.bundle.placing import Taken, place_for
from jhansi_runner.proxy.cache.store import Store
from support.bundles import ALLOW, Side, World


def lines_of(bundle: Path) -> list[dict[str, Any]]:
    """The lines of a bundle's manifest, as anybody can read them."""
    with tarfile.open(bundle) as archive:
        file = archive.extractfile("jhansi-bundle/manifest.jsonl")
        assert file is not None
        return [json.loads(line) for line in file]


def purls(bundle: Path) -> set[str]:
    """The releases whose artifacts are in a bundle."""
    return {line["purl"] for line in lines_of(bundle)[1:] if line["kind"] == "artifact"}


def keys(bundle: Path) -> set[str]:
    """The keys of its documents."""
    return {line["key"] for line in lines_of(bundle)[1:] if line["kind"] == "document"}


def test_twice_it_is_the_same(source: Side, bundle: Path, tmp_path: Path) -> None:
    with source.opened() as (store, files):
        for _, artifact in store.artifacts():
            files.touch(artifact.sha256, time.time())
    source.export(tmp_path / "again.tar")
    assert (tmp_path / "again.tar").read_bytes() == bundle.read_bytes()


def test_what_was_imported_is_exported_the_same(bundle: Path, other: Side, tmp_path: Path) -> None:
    other.import_(bundle)
    other.export(tmp_path / "again.tar")
    assert (tmp_path / "again.tar").read_bytes() == bundle.read_bytes()


def test_the_time_is_that_of_the_newest_content_or_as_told(source: Side, bundle: Path, tmp_path: Path) -> None:
    found = lines_of(bundle)
    assert found[0]["created"] == int(
        max(line["stored" if line["kind"] == "artifact" else "fetched"] for line in found[1:])
    )
    assert source.export(tmp_path / "b", created=12).header.created == 12


def test_its_lines_tell_what_the_issue_wants(source: Side, bundle: Path, world: World) -> None:
    head, *others = lines_of(bundle)
    assert head["by"] == "ann@desk"
    assert head["policy"] == source.judging().policy.digest
    assert {one.partition("@")[0] for one in head["origins"]} == {case.type for case in world.cases}
    for line in others:
        if line["kind"] == "artifact":
            assert {"purl", "sha256", "size", "published", "licence", "digests"} <= line.keys()
    dated = [line for line in others if line["kind"] == "artifact" and not line["purl"].startswith("pkg:golang/")]
    assert all(line["published"] or line["purl"] for line in dated)


@pytest.mark.parametrize(
    ("scope", "types"),
    [
        (Scope(types=("npm", "golang")), {"npm", "golang"}),
        (Scope(patterns=("pkg:maven/*",)), {"maven"}),
        (Scope(patterns=("demo-1.0.0-py3-none-any.whl",)), {"pypi"}),
        (Scope(patterns=("org.test/demo",)), {"maven"}),
    ],
)
def test_only_what_is_wished_for(source: Side, tmp_path: Path, scope: Scope, types: set[str]) -> None:
    source.export(tmp_path / "b", scope=scope)
    assert {purl[4:].partition("/")[0] for purl in purls(tmp_path / "b")} == types
    assert {key.partition(" ")[0] for key in keys(tmp_path / "b")} <= types


def test_nothing_is_no_bundle(source: Side, world: World, tmp_path: Path) -> None:
    with pytest.raises(Unfit, match="nothing"):
        source.export(tmp_path / "b", scope=Scope(patterns=("absent",)))
    with pytest.raises(Unfit, match="nothing"):
        world.side("empty").export(tmp_path / "b")
    assert not list(tmp_path.iterdir())


def test_what_the_policy_refuses_stays(source: Side, tmp_path: Path) -> None:
    rules = (
        "default: allow\nrules:\n  - deny: pkg:pypi/demo\n    reason: no\n"
        '  - deny: pkg:npm/demo\n    versions: "1.1.0"\n    reason: no\n'
    )
    done = source.with_rules(rules).export(tmp_path / "b")
    found = purls(tmp_path / "b")
    assert "pkg:npm/demo@1.0.0" in found
    assert not {one for one in found if one.startswith("pkg:pypi/")} | found & {"pkg:npm/demo@1.1.0"}
    assert not {key for key in keys(tmp_path / "b") if key.startswith("pypi")}
    assert {one.purl for one in done.stays.refused} == {
        "pkg:pypi/demo@1.0.0",
        "pkg:pypi/demo@1.1.0",
        "pkg:npm/demo@1.1.0",
    }
    assert all(one.rule.startswith("policy.yaml:") and one.code for one in done.stays.refused)


def test_what_goes_with_a_release_stays_with_it(source: Side, bundle: Path, tmp_path: Path) -> None:
    """Checksums of what the policy refuses for other reasons than its name."""
    jar = "maven /org/test/demo/1.0.0/demo-1.0.0.jar.sha1"
    assert jar.partition(" ")[2] in {key.partition(" ")[2] for key in keys(bundle)}
    done = source.with_rules("default: allow\nmax_size: 10 B\n").export(tmp_path / "b")
    assert not purls(tmp_path / "b")
    assert {one.code for one in done.stays.refused} == {"JR-DENY-SIZE"}
    assert {"pypi demo", "maven /org/test/demo/maven-metadata.xml"} <= keys(tmp_path / "b")
    assert jar not in keys(tmp_path / "b")


def test_what_came_from_elsewhere_stays(source: Side, world: World, tmp_path: Path) -> None:
    """The policy in force names another upstream now: what came from the one before is not served, nor carried."""
    case = world.cases[0]
    changed = replace(source, policy=source.policy.replace(f'"{case.server.url}"', '"http://127.0.0.1:1/simple/"'))
    done = changed.export(tmp_path / "b")
    assert not {one for one in purls(tmp_path / "b") if one.startswith("pkg:pypi/")}
    assert {one.what.partition("@")[0] for one in done.stays.others} == {"pkg:pypi/demo"}
    assert not {key for key in keys(tmp_path / "b") if key.startswith("pypi")}


def test_the_licence_is_looked_for_inside_where_the_policy_needs_it(source: Side, tmp_path: Path) -> None:
    rules = "default: allow\nlicences: {allow: [MIT]}\n"
    done = source.with_rules(rules).export(tmp_path / "b", scope=Scope(types=("npm",)))
    assert {line["licence"] for line in lines_of(tmp_path / "b")[1:] if line["kind"] == "artifact"} == {"MIT"}
    assert not done.stays.refused
    again = source.with_rules(rules).export(tmp_path / "c", scope=Scope(types=("npm",)))
    assert again.name == done.name


def test_what_no_line_can_tell_stays(world: World, tmp_path: Path) -> None:
    side = world.side("odd")
    world.fetch(side, 0)
    with side.opened() as (store, _):
        key, artifact = next(store.artifacts())
        store.keep_artifact(key, replace(artifact, digests={"sha1": "none"}))
        name, document = next((name, one) for name, one in store.documents() if name == "pypi demo")
        store.keep_document(name, replace(document, content_type="text/html\r\nx: y"))
    done = side.export(tmp_path / "b")
    assert {one.what for one in done.stays.others} == {f"{artifact.purl} ({artifact.filename})", "pypi demo"}


def test_a_damaged_artifact_stops_it(world: World, tmp_path: Path) -> None:
    side = world.side("damaged")
    world.fetch(side, 0)
    with side.opened() as (store, files):
        _, artifact = next(store.artifacts())
        path = Path(files.path(artifact.sha256))
        data = path.read_bytes()
        path.chmod(0o600)
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(Unfit, match="cache verify"):
        side.export(tmp_path / "b")
    assert not list(tmp_path.iterdir())
    path.unlink()
    done = side.export(tmp_path / "b")
    assert [one.what for one in done.stays.others] == [f"{artifact.purl} ({artifact.filename})"]


def test_it_is_tried_where_it_would_be_imported(source: Side, tmp_path: Path) -> None:
    homes = []

    def prove(home: str) -> None:
        homes.append(home)
        store = Store(f"{home}/cache")
        with source.opened() as (ours, _):
            assert dict(store.artifacts()) == dict(ours.artifacts())
        store.close()
        assert not (tmp_path / "b").exists()

    before = source.state()
    source.export(tmp_path / "b", prove=prove)
    assert homes
    assert not os.path.exists(homes[0])

    def fail(_: str) -> None:
        raise Unfit("it does not build")

    with pytest.raises(Unfit, match="does not build"):
        source.export(tmp_path / "c", prove=fail)
    assert [one.name for one in tmp_path.iterdir()] == ["b"]
    assert source.state() == before


def _killed_while_placing(folder: Path, most: int, unplaced: int) -> None:
    """Leave what an export to `b` leaves that is killed when all but so many volumes have their names."""
    left = folder / ".b.exporting"
    with place_for(str(folder / "b"), most) as writer:
        writer.write(b"x" * 35_000)
        parts = [Path(writer.path).with_name(name) for name in writer.parts]
        note = "".join(f"{one.stat().st_dev} {one.stat().st_ino} {one.name}\0" for one in parts)
        for part in parts[unplaced:]:
            part.rename(folder / part.name)
        shutil.copytree(left, folder / "copy")
    (folder / "copy").rename(left)
    (left / "placed").write_text(note)


def test_what_a_killed_one_left_goes_with_the_next(source: Side, tmp_path: Path) -> None:
    _killed_while_placing(tmp_path, 10_000, unplaced=1)
    (tmp_path / "b.009").write_bytes(b"somebody's own")
    assert (tmp_path / "b.002").read_bytes() == b"x" * 10_000
    done = source.export(tmp_path / "b", most=10_000)
    assert {one.name for one in tmp_path.iterdir()} == {*(os.path.basename(one) for one in done.parts), "b.009"}
    assert (tmp_path / "b.002").read_bytes() != b"x" * 10_000


@pytest.mark.parametrize("most", [0, 10_000])
def test_what_was_whole_already_is_not_overwritten(source: Side, tmp_path: Path, most: int) -> None:
    _killed_while_placing(tmp_path, most, unplaced=0)
    with pytest.raises(Taken, match="there already"):
        source.export(tmp_path / "b", most=most)
    assert not (tmp_path / ".b.exporting").exists()
    assert b"".join(one.read_bytes() for one in sorted(tmp_path.iterdir())) == b"x" * 35_000


def test_nobody_else_prepares_where_it_is_written(
    source: Side, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / ".b.exporting").symlink_to("elsewhere")
    with pytest.raises(Taken, match="not a folder of yours"):
        source.export(tmp_path / "b")
    (tmp_path / ".b.exporting").unlink()
    (tmp_path / ".b.exporting").mkdir()
    with monkeypatch.context() as patch, pytest.raises(Taken, match="not a folder of yours"):
        patch.setattr(os, "getuid", lambda: 12345)
        source.export(tmp_path / "b")
    assert not (tmp_path / "b").exists()


def test_what_comes_up_meanwhile_is_not_overwritten(source: Side, tmp_path: Path) -> None:
    def prove(_: str) -> None:
        monkey.setattr(placing, "_require_free", lambda _: None)
        (tmp_path / "b").write_bytes(b"somebody's own")

    with pytest.MonkeyPatch.context() as monkey, pytest.raises(Taken, match="since a moment ago"):
        source.export(tmp_path / "b", prove=prove)
    assert (tmp_path / "b").read_bytes() == b"somebody's own"


def test_a_file_system_without_links_will_do(
    source: Side, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = os.link

    def none_there(path: str, target: str) -> None:
        if target.startswith(str(tmp_path)):
            raise PermissionError(errno.EPERM, "no links here")
        link(path, target)

    monkeypatch.setattr(os, "link", none_there)
    source.export(tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == bundle.read_bytes()


def test_two_at_once_do_not_meet(source: Side, tmp_path: Path) -> None:
    def prove(_: str) -> None:
        with pytest.raises(Taken, match="another export"):
            source.export(tmp_path / "b")

    source.export(tmp_path / "b", prove=prove)
    assert [one.name for one in tmp_path.iterdir()] == ["b"]


def test_the_cache_and_its_pins_are_left_alone(world: World, tmp_path: Path) -> None:
    side = world.side("alone", ALLOW)
    world.fetch(side, 0)
    before = side.state()
    times = {path: path.stat().st_mtime_ns for path in (side.folder / "sha256").rglob("*")}
    side.export(tmp_path / "b")
    assert side.state() == before
    assert {path: path.stat().st_mtime_ns for path in (side.folder / "sha256").rglob("*")} == times


def test_a_medium_that_takes_no_large_files_is_told_from_a_fault(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    told = pytest.raises(Taken, match=f"{tmp_path} takes no file so large.*--volume-size")
    with told, place_for(str(tmp_path / "b"), 0) as writer:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))
        try:
            writer.write(bytes(2 << 20))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list(tmp_path.iterdir())


def test_a_full_medium_is_named_and_not_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    told = pytest.raises(Taken, match=f"{tmp_path} is full, so nothing was written")
    with told, place_for(str(tmp_path / "b"), 0) as writer:
        monkeypatch.setattr(os, "write", full)
        writer.write(b"x")


def test_names_that_are_no_text_hinder_no_export(source: Side, tmp_path: Path) -> None:
    file = tmp_path / os.fsdecode(b"a\nb\xff.tar")
    done = source.export(file, wants=(os.fsdecode(b"list\xff.txt"),))
    assert done.header.wants == ("list?.txt",)
    assert [os.path.basename(part) for part in done.parts] == [file.name]
