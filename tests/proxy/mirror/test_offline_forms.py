"""Offline, what one client or one lock brought serves all others: other forms, lists that were never asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jhansi_runner.proxy.registries.golang_sums import public_database
from jhansi_runner.proxy.registries.upstreams import public_host
from support.mirror import Got, Mirror
from support.registry.golang import GoUpstream
from support.registry.maven import MavenUpstream
from support.registry.npm import FULL, SHORT, NpmUpstream

Up = NpmUpstream | GoUpstream | MavenUpstream


def mirror_of(type_: str, up: Up, folder: Path) -> Mirror:
    enabled = f'registries: {{{type_}: {{enabled: true, upstream: "{up.url}"}}}}'
    return Mirror(folder, None, policy=f"version: 1\n{enabled}\ndefault: allow\n")


def offline(mirror: Mirror, path: str, **headers: str) -> Got:
    return mirror.get(path, run="offline", **headers)


@pytest.mark.parametrize(("filled", "asked"), [(SHORT, FULL), (FULL, SHORT)])
def test_one_form_of_a_packument_serves_for_the_other(tmp_path: Path, filled: str, asked: str) -> None:
    with NpmUpstream() as up, mirror_of("npm", up, tmp_path) as mirror:
        up.add("demo", "1.0.0", dependencies={"needed": "^1.0.0"})
        up.add("demo", "1.1.0")
        assert mirror.get("/npm/demo", Accept=filled).status == 200
        assert mirror.get("/npm/demo/-/demo-1.0.0.tgz").status == 200
        before = len(up.requests)
        got = offline(mirror, "/npm/demo", Accept=asked)
        assert got.status == 200
        assert got.headers["content-type"].startswith(asked)
        assert list(json.loads(got.body)["versions"]) == ["1.0.0"]
        assert json.loads(got.body)["versions"]["1.0.0"]["dependencies"] == {"needed": "^1.0.0"}
        assert len(up.requests) == before


def test_a_package_for_other_systems_can_be_resolved_and_is_not_there(tmp_path: Path) -> None:
    with NpmUpstream() as up, mirror_of("npm", up, tmp_path) as mirror:
        up.add("native", "1.0.0", os=["win32"])
        up.add("plain", "1.0.0")
        for name in ("native", "plain"):
            assert mirror.get(f"/npm/{name}").status == 200
        assert list(json.loads(offline(mirror, "/npm/native").body)["versions"]) == ["1.0.0"]
        assert list(json.loads(offline(mirror, "/npm/plain").body)["versions"]) == []
        assert offline(mirror, "/npm/native/-/native-1.0.0.tgz").status == 404
        assert mirror.ledger()[-1]["purl"] == "pkg:npm/native@1.0.0"
        up.add("native", "1.1.0", os=["win32"])
        mirror.ahead = 10_000
        assert mirror.get("/npm/native/-/native-1.0.0.tgz").status == 200
        assert mirror.get("/npm/native").status == 200
        assert list(json.loads(offline(mirror, "/npm/native").body)["versions"]) == ["1.0.0"]


def test_a_go_module_that_came_by_a_lock_can_be_chosen(tmp_path: Path) -> None:
    with GoUpstream() as up, mirror_of("golang", up, tmp_path) as mirror:
        for version in ("v1.0.0", "v1.2.0", "v1.3.0"):
            up.add("up.test/My/lib", version)
        place = "/golang/up.test/!my/lib/@v"
        for version in ("v1.0.0", "v1.2.0"):
            assert mirror.get(f"{place}/{version}.zip").status == 200
        before = len(up.requests)
        assert offline(mirror, f"{place}/list").body.decode().split() == ["v1.2.0", "v1.0.0"]
        assert json.loads(offline(mirror, "/golang/up.test/!my/lib/@latest").body) == {"Version": "v1.2.0"}
        assert json.loads(offline(mirror, f"{place}/v1.0.0.info").body) == {"Version": "v1.0.0"}
        assert offline(mirror, f"{place}/v1.3.0.info").status == 404
        assert offline(mirror, "/golang/up.test/!my/@v/list").status == 404
        assert len(up.requests) == before


def test_the_go_command_is_not_sent_past_an_offline_mirror_for_checksums(tmp_path: Path) -> None:
    database = public_database(public_host("golang"))
    with GoUpstream() as up, mirror_of("golang", up, tmp_path) as mirror:
        assert offline(mirror, f"/golang/sumdb/{database}/supported").status == 200
        lookup = offline(mirror, f"/golang/sumdb/{database}/lookup/up.test/lib@v1.0.0")
        assert (lookup.status, mirror.ledger()[-1]["code"]) == (404, "JR-NOT-CACHED")


def test_an_artifact_that_came_by_its_version_can_be_chosen(tmp_path: Path) -> None:
    with MavenUpstream() as up, mirror_of("maven", up, tmp_path) as mirror:
        for version in ("1.0", "1.9", "1.10", "2.0"):
            up.add(f"org.test:demo:{version}")
        for version in ("1.9", "1.10"):
            for end in ("pom", "jar"):
                assert mirror.get(f"/maven/org/test/demo/{version}/demo-{version}.{end}").status == 200
        before = len(up.requests)
        listed = offline(mirror, "/maven/org/test/demo/maven-metadata.xml").body.decode()
        assert "<version>1.9</version>" in listed and "<version>1.10</version>" in listed
        assert "<release>1.10</release>" in listed and "2.0" not in listed
        assert offline(mirror, "/maven/org/test/demo/maven-metadata.xml.sha1").status == 200
        for name in ("sha1", "sha256"):
            beside = offline(mirror, f"/maven/org/test/demo/1.10/demo-1.10.jar.{name}")
            assert beside.status == 200
        assert offline(mirror, "/maven/org/test/other/maven-metadata.xml").status == 404
        assert len(up.requests) == before
