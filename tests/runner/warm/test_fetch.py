"""Exact releases come into the cache whole, through the policy, and what does not come is told."""

from __future__ import annotations

import datetime
import json
import sqlite3
from pathlib import Path

import pytest

from jhansi_runner.proxy.cache.store import Artifact, Store
from jhansi_runner.runner.warm.targets import Target
from support.registry import Upstream
from support.registry.faults import Fault
from support.registry.golang import GoUpstream
from support.registry.maven import MavenUpstream
from support.registry.npm import NpmUpstream
from support.warmer import exact, folders_of, policy_text, warmed
from support.wheels import make_sdist, make_wheel

_BOTH = (Target("3.11", "x86_64"), Target("3.12", "aarch64"))


def _ledger(home: Path) -> list[dict[str, object]]:
    folder = Path(folders_of(home).ledger)
    return [json.loads(line) for file in sorted(folder.iterdir()) for line in file.open()]


def _artifacts(home: Path) -> dict[str, float | None]:
    store = Store(folders_of(home).cache)
    try:
        return {found.filename: found.published for _, found in store.artifacts()}
    finally:
        store.close()


def test_each_target_gets_its_wheel_and_nothing_else_comes(tmp_path: Path) -> None:
    with Upstream() as up:
        for tag in (
            "cp311-cp311-manylinux_2_17_x86_64",
            "cp311-cp311-manylinux_2_34_x86_64",
            "cp311-cp311-win_amd64",
            "cp312-cp312-manylinux_2_17_aarch64",
            "cp312-cp312-manylinux_2_17_x86_64",
            "cp313-cp313-manylinux_2_17_x86_64",
        ):
            up.add(make_wheel("demo", "1.0", tag=tag))
        up.add(make_sdist("demo", "1.0"))
        up.add(make_wheel("demo", "2.0"))
        report = warmed(tmp_path, policy_text(up), ["pkg:pypi/demo@1.0"], _BOTH)
    assert report.whole and not report.notes
    names = {name for name in _artifacts(tmp_path) if name.endswith(".whl")}
    assert names == {
        "demo-1.0-cp311-cp311-manylinux_2_17_x86_64.whl",
        "demo-1.0-cp311-cp311-manylinux_2_34_x86_64.whl",
        "demo-1.0-cp312-cp312-manylinux_2_17_aarch64.whl",
    }
    assert report.came == 6  # with the metadata of each


def test_an_sdist_comes_only_where_there_is_no_wheel_and_people_hear_that_it_has_to_be_built(tmp_path: Path) -> None:
    with Upstream() as up:
        up.add(make_wheel("demo", "1.0", tag="cp311-cp311-manylinux_2_17_x86_64"))
        up.add(make_sdist("demo", "1.0"))
        report = warmed(tmp_path, policy_text(up), ["pkg:pypi/demo@1.0"], _BOTH)
        assert report.whole
        assert "no wheel for Python 3.12 on linux-aarch64" in report.notes[0] and "list.txt:1" in report.notes[0]
        assert "demo-1.0.tar.gz" in _artifacts(tmp_path)
        denied = warmed(
            tmp_path / "other", policy_text(up, rules="default: allow\nsdists: deny\n"), ["pkg:pypi/demo@1.0"], _BOTH
        )
    assert [(one.code, one.what) for one in denied.refused] == [("JR-DENY-SDIST", "demo-1.0.tar.gz")]


def test_what_came_is_found_offline_and_a_second_time_nothing_is_fetched(tmp_path: Path) -> None:
    wants = [
        "pkg:pypi/demo@1.0",
        "pkg:npm/demo@1.0.0",
        "pkg:maven/org.test/demo@1.0",
        "pkg:golang/example.test/m@v1.0.0",
    ]
    with Upstream() as up, NpmUpstream() as npm, MavenUpstream() as maven, GoUpstream() as go:
        up.add(make_wheel("demo", "1.0"))
        npm.add("demo", "1.0.0")
        maven.add("org.test:parent:1", packaging="pom")
        maven.add("org.test:demo:1.0", parent="org.test:parent:1")
        go.add("example.test/m", "v1.0.0")
        policy = policy_text(up, npm, maven, go)
        before = warmed(tmp_path, policy, wants, offline=True)
        assert {one.purl for one in before.missing} == set(wants) and not before.failed
        first = warmed(tmp_path, policy, wants)
        assert first.whole and not first.there, first
        files = [len(one.requests) for one in (up, npm, maven, go)]
        second = warmed(tmp_path, policy, wants)
        assert second.whole and not second.came and second.there == first.came
        assert second.there_bytes == first.came_bytes > 0
        assert [len(one.requests) for one in (up, npm, maven, go)] == files
    offline = warmed(tmp_path, policy, wants, offline=True)
    assert offline.whole and offline.there == first.came
    assert set(_artifacts(tmp_path)) >= {
        "demo-1.0-py3-none-any.whl",
        "demo-1.0-py3-none-any.whl.metadata",
        "demo-1.0.0.tgz",
        "demo-1.0.jar",
        "demo-1.0.pom",
        "parent-1.pom",
        "v1.0.0.zip",
    }


def test_a_refusal_is_told_with_its_code_its_rule_and_where_it_is_asked_for(tmp_path: Path) -> None:
    rules = "default: allow\nrules:\n  - {deny: 'pkg:npm/bad'}\n  - {deny: 'pkg:pypi/bad'}\n"
    with Upstream() as up, NpmUpstream() as npm:
        for name in ("bad", "good"):
            up.add(make_wheel(name, "1.0"))
            npm.add(name, "1.0.0")
        wants = ["pkg:npm/bad@1.0.0", "pkg:pypi/bad@1.0", "pkg:npm/good@1.0.0", "pkg:pypi/good@1.0"]
        report = warmed(tmp_path, policy_text(up, npm, rules=rules), wants)
        assert not up.count(lambda request: "bad-1.0" in request.path)
    assert {(one.purl, one.code, one.where) for one in report.refused} == {
        ("pkg:npm/bad@1.0.0", "JR-DENY-RULE", "list.txt:1"),
        ("pkg:pypi/bad@1.0", "JR-DENY-RULE", "list.txt:2"),
    }
    assert {one.rule for one in report.refused} == {"policy.yaml:8", "policy.yaml:9"}
    assert report.came == 3 and not report.missing


def test_the_policy_may_want_ages_and_then_the_young_files_are_not_chosen(tmp_path: Path) -> None:
    now = datetime.datetime.now(datetime.UTC)
    with Upstream() as up:
        up.add(make_wheel("demo", "1.0", tag="cp312-cp312-manylinux_2_34_x86_64"), upload_time=now)
        up.add(make_wheel("demo", "1.0", tag="cp312-cp312-manylinux_2_17_x86_64"))
        up.add(make_wheel("young", "1.0"), upload_time=now)
        policy = policy_text(up, rules="default: allow\nminimum_age: {pypi: 7 days, npm: 7 days, maven: 7 days}\n")
        report = warmed(tmp_path, policy, ["pkg:pypi/demo@1.0", "pkg:pypi/young@1.0"])
    assert [(one.purl, one.code) for one in report.refused] == [("pkg:pypi/young@1.0", "JR-DENY-AGE")]
    assert [name for name in _artifacts(tmp_path) if name.endswith(".whl")] == [
        "demo-1.0-cp312-cp312-manylinux_2_17_x86_64.whl"
    ]


def test_dates_are_noted_for_a_policy_of_the_other_side(tmp_path: Path) -> None:
    wants = ["pkg:npm/demo@1.0.0", "pkg:maven/org.test/demo@1.0"]
    with NpmUpstream() as npm, MavenUpstream() as maven:
        npm.add("demo", "1.0.0")
        maven.add("org.test:demo:1.0")
        assert warmed(tmp_path, policy_text(npm, maven), wants).whole
        rules = "default: allow\nminimum_age: {npm: 7 days, maven: 7 days}\n"
        strict = policy_text(npm, maven, rules=f"{rules}licences: {{allow: [MIT], unknown: allow}}\n")
    assert warmed(tmp_path, strict, wants, offline=True).whole
    assert None not in _artifacts(tmp_path).values()


def test_a_file_with_another_hash_than_the_lock_names_counts_as_failed(tmp_path: Path) -> None:
    with Upstream() as up, NpmUpstream() as npm, GoUpstream() as go:
        wheel = up.add(make_wheel("demo", "1.0"))
        npm.add("demo", "1.0.0")
        go.add("example.test/m", "v1.0.0")
        policy = policy_text(up, npm, go)
        wrong = [
            exact("pkg:pypi/demo@1.0", hashes=("sha256:" + "0" * 64,)),
            exact("pkg:npm/demo@1.0.0", hashes=("sha512:" + "0" * 128,)),
            exact("pkg:golang/example.test/m@v1.0.0", hashes=("h1:" + "A" * 43 + "=",)),
        ]
        report = warmed(tmp_path, policy, wrong)
        assert {one.purl for one in report.failed} == {one.coordinate.purl for one in wrong} and not report.came
        right = exact("pkg:pypi/demo@1.0", hashes=("sha256:" + "0" * 64, f"sha256:{wheel.hashes['sha256']}"))
        assert warmed(tmp_path, policy, [right]).whole


def test_what_is_not_there_is_missing_and_a_registry_that_fails_hinders_nothing_else(tmp_path: Path) -> None:
    with Upstream() as up, NpmUpstream() as npm:
        up.add(make_wheel("demo", "1.0"))
        npm.add("demo", "1.0.0")
        npm.fault("/demo", Fault.status(500))
        wants = ["pkg:pypi/none@1.0", "pkg:pypi/demo@3.0", "pkg:npm/demo@1.0.0", "pkg:pypi/demo@1.0", "pkg:maven/a/b@1"]
        report = warmed(tmp_path, policy_text(up, npm), wants)
    assert {one.purl for one in report.missing} == {"pkg:pypi/none@1.0", "pkg:pypi/demo@3.0"}
    assert [one.purl for one in report.failed] == ["pkg:npm/demo@1.0.0"]
    assert [(one.purl, one.code) for one in report.refused] == [("pkg:maven/a/b@1", "JR-DENY-REGISTRY")]
    assert report.came == 2


def test_an_upstream_that_asks_to_slow_down_is_asked_again_when_it_said(tmp_path: Path) -> None:
    with NpmUpstream() as npm:
        published = npm.add("demo", "1.0.0")
        npm.fault("/demo", Fault.status(429, 0), times=1)
        npm.fault(published.path, Fault.status(429, 0), times=1)
        assert warmed(tmp_path, policy_text(npm), ["pkg:npm/demo@1.0.0"]).whole
        assert npm.count(published.path) == 2


def test_looking_only_tells_count_and_bytes_and_fetches_no_file(tmp_path: Path) -> None:
    wants = ["pkg:pypi/demo@1.0", "pkg:npm/demo@1.0.0", "pkg:pypi/none@1"]
    with Upstream() as up, NpmUpstream() as npm:
        wheel = up.add(make_wheel("demo", "1.0"))
        published = npm.add("demo", "1.0.0")
        policy = policy_text(up, npm)
        report = warmed(tmp_path, policy, wants, dry=True)
        assert not up.count(wheel.path)
    assert report.came == 2 and report.came_bytes == wheel.file.size + len(published.tarball.data)
    assert [one.purl for one in report.missing] == ["pkg:pypi/none@1"]
    assert not _artifacts(tmp_path)


def test_every_request_is_in_the_ledger_as_a_warming(tmp_path: Path) -> None:
    with NpmUpstream() as npm:
        npm.add("demo", "1.0.0")
        warmed(tmp_path, policy_text(npm), ["pkg:npm/demo@1.0.0"])
    entries = _ledger(tmp_path)
    assert {entry["phase"] for entry in entries} == {"warm"}
    assert [entry["url"] for entry in entries] == ["/npm/demo", "/npm/demo", "/npm/demo/-/demo-1.0.0.tgz"]


@pytest.mark.parametrize("gone", ["org.test:parent:1", "org.test:bom:2"])
def test_a_pom_that_another_one_needs_is_told_with_whose_sake_it_is_for(tmp_path: Path, gone: str) -> None:
    bom = (
        b"<project><properties><bom.version>2</bom.version></properties><dependencyManagement><dependencies><dependency>"
        b"<groupId>org.test</groupId><artifactId>bom</artifactId><version>${bom.version}</version><type>pom</type>"
        b"<scope>import</scope></dependency></dependencies></dependencyManagement></project>"
    )
    with MavenUpstream() as maven:
        for gav in {"org.test:parent:1", "org.test:bom:2"} - {gone}:
            files = {".pom": bom} if "parent" in gav else None
            maven.add(gav, packaging="pom", files=files)
        if gone == "org.test:parent:1":
            maven.add("org.test:demo:1.0", parent=gone)
        else:
            maven.add("org.test:demo:1.0", parent="org.test:parent:1")
        report = warmed(tmp_path, policy_text(maven), ["pkg:maven/org.test/demo@1.0"])
    group, name, version = gone.split(":")
    assert [one.purl for one in report.missing] == [f"pkg:maven/{group}/{name}@{version}"]
    assert "pkg:maven/org.test/demo@1.0" in report.missing[0].where
    assert "demo-1.0.jar" in _artifacts(tmp_path)


def test_looking_asks_nobody_about_what_is_denied_by_name(tmp_path: Path) -> None:
    rules = "default: allow\nrules:\n  - {deny: 'pkg:maven/org.test/*'}\n"
    with MavenUpstream() as maven:
        maven.add("org.test:demo:1.0")
        report = warmed(tmp_path, policy_text(maven, rules=rules), ["pkg:maven/org.test/demo@1.0"], dry=True)
        assert [one.code for one in report.refused] == ["JR-DENY-RULE"] and not maven.requests


def test_a_full_disk_fails_one_and_hinders_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Store.artifact

    def broken(store: Store, key: str) -> Artifact | None:
        if "bad" in key:
            raise sqlite3.OperationalError("database or disk is full")
        return kept(store, key)

    monkeypatch.setattr(Store, "artifact", broken)
    with Upstream() as up:
        for name in ("bad", "good"):
            up.add(make_wheel(name, "1.0"))
        report = warmed(tmp_path, policy_text(up), ["pkg:pypi/bad@1.0", "pkg:pypi/good@1.0"])
    assert [one.purl for one in report.failed] == ["pkg:pypi/bad@1.0"] and report.came == 2
