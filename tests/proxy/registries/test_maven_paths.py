"""The grammar of a Maven repository's paths is closed: what it does not name is None."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.registries.interface import Kind, Wanted
from jhansi_runner.proxy.registries.maven import Maven
from jhansi_runner.proxy.registries.maven_paths import coordinate, folder_of, is_version, pom_of, route
from jhansi_runner.proxy.registries.upstreams import Upstream

OWN = Upstream("maven", "https://mirror.test/repository/all/", "maven.test")
HERE = "/org/demo/tool/1.0/tool-1.0"
TOOL = Coordinate("maven", "org.demo", "tool", "1.0")

groups = st.lists(st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,8}", fullmatch=True), min_size=1, max_size=6)
artifacts = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,12}", fullmatch=True)
versions = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.+~-]{0,12}", fullmatch=True).filter(is_version)
tails = st.sampled_from([".pom", ".jar", "-sources.jar", "-linux-x86_64.exe", ".tar.gz", ".module", "-jdk1.5.aar"])
checksums = st.sampled_from(["", ".sha1", ".sha256", ".sha512", ".md5"])
signatures = st.sampled_from(["", ".asc", ".sigstore", ".sigstore.json"])


@given(groups, artifacts, versions, tails, signatures, checksums)
def test_every_file_of_a_version_makes_the_way_there_and_back(
    group: list[str], artifact: str, version: str, tail: str, signature: str, checksum: str
) -> None:
    package = Coordinate("maven", ".".join(group), artifact, version)
    path = f"{folder_of(package)}{artifact}-{version}{tail}{signature}{checksum}"
    detail = checksum[1:] or signature
    found = route(path)
    assert found == Wanted(Kind.DOCUMENT if detail else Kind.FILE, path, package, detail)
    assert route(quote(path, safe="/")) == found
    assert Maven().canonical("maven.test", "/maven2" + path, OWN) == found
    assert Maven().canonical("mirror.test", "/repository/all" + path, OWN) == found


@given(groups.filter(lambda parts: len(parts) > 1), checksums)
def test_metadata_lists_the_package_that_its_folder_names(folder: list[str], checksum: str) -> None:
    path = f"/{'/'.join(folder)}/maven-metadata.xml{checksum}"
    package = Coordinate("maven", ".".join(folder[:-1]), folder[-1])
    assert route(path) == Wanted(Kind.LISTING, path, package, checksum[1:])


@given(st.text(), st.sampled_from(["", "/", HERE, "/org/demo/tool/", "/%2e%2e/"]))
def test_nothing_else_is_anything(text: str, before: str) -> None:
    for path in (before + text, before + quote(text)):
        found = route(path)
        assert found is None or route(found.path) == found
        public = Maven().canonical("maven.test", "/maven2" + path, OWN)
        assert public is None or route(public.path) == public


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "no/leading/1/leading-1.jar",
        "//org/demo/tool/1.0/tool-1.0.jar",
        "/org//tool/1.0/tool-1.0.jar",
        "/org/demo/tool/1.0/",
        "/org/demo/tool/1.0/tool-1.0",
        "/org/demo/tool/1.0/tool-1.0.",
        "/org/demo/tool/1.0/tool-1.0-sources",
        "/org/demo/tool/1.0/tool-1.0-.jar",
        "/org/demo/tool/1.0/tool-1.0jar",
        "/org/demo/tool/1.0/tool-1.1.jar",
        "/org/demo/tool/1.0/other-1.0.jar",
        "/org/demo/tool/1.0/-1.0.jar",
        "/tool/1.0/tool-1.0.jar",  # no group
        "/org.demo/tool/1.0/tool-1.0.jar",  # one package, one path
        "/org/../demo/tool/1.0/tool-1.0.jar",
        "/org/%2e%2e/tool/1.0/tool-1.0.jar",
        "/org/demo%2ftool/1.0/tool-1.0.jar",
        "/org/demo/tool/1%252e0/tool-1%252e0.jar",
        "/org/demo/tool/1.0/tool-1.0.jar?x=1",
        "/org/demo/tool/1.0/tool-1.0.jar#x",
        "/org/demo/tool/1.0/tool-1.0.jar;x",
        "/org/demo/tool/1.0/tool-1.0.jar%00",
        "/org/demo/tool/1.0/tool-1.0.jar%0a",
        "/org/d%C3%A9mo/tool/1.0/tool-1.0.jar",
        "/org/demo/tool/\u0661.0/tool-\u0661.0.jar",
        "/org/demo/tool/1.0-SNAPSHOT/tool-1.0-SNAPSHOT.jar",
        "/org/demo/tool/1.0-snapshot/tool-1.0-20240102.030405-1.jar",
        f"{HERE}.jar.sha1.asc",
        f"{HERE}.jar.sha1.sha1",
        f"{HERE}.jar.asc.asc",
        f"{HERE}.sha1",
        f"{HERE}.asc",
        "/maven-metadata.xml",
        "/junit/maven-metadata.xml",
        "/org/demo/tool/maven-metadata.xml.asc",
        "/org/demo/tool/maven-metadata-local.xml",
        "/.meta/prefixes.txt.asc",
        "/.meta/repository-metadata.xml",
        "/archetype-catalog.xml",
        "/.index/nexus-maven-repository-index.gz",
        "/org/demo/tool/1.0/maven-metadata.xml.lastUpdated",
        "/" + "a/" * 40 + "1/a-1.jar",
        f"/org/demo/tool/1.0/tool-1.0-{'x' * 300}.jar",
        "/" + "/".join(["g" * 100] * 15) + "/a/1/a-1.jar",
        f"/org/{'d' * 101}/tool/1.0/tool-1.0.jar",
    ],
)
def test_odd_paths_name_nothing(path: str) -> None:
    assert route(path) is None


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (f"{HERE}.exe", Wanted(Kind.FILE, f"{HERE}.exe", TOOL)),
        ("/%6frg/demo/tool/1%2E0/tool-1.0.jar", Wanted(Kind.FILE, f"{HERE}.jar", TOOL)),
        (
            "/g/a.b_2.13/1.0%2Bbuild.1/a.b_2.13-1.0+build.1.jar",
            Wanted(
                Kind.FILE,
                "/g/a.b_2.13/1.0+build.1/a.b_2.13-1.0+build.1.jar",
                Coordinate("maven", "g", "a.b_2.13", "1.0+build.1"),
            ),
        ),
        (f"{HERE}.pom.asc.md5", Wanted(Kind.DOCUMENT, f"{HERE}.pom.asc.md5", TOOL, "md5")),
        (f"{HERE}.jar.sigstore.json", Wanted(Kind.DOCUMENT, f"{HERE}.jar.sigstore.json", TOOL, ".sigstore.json")),
        ("/%2Emeta/prefixes.txt", Wanted(Kind.DOCUMENT, "/.meta/prefixes.txt", None)),
        ("/.meta/prefixes.txt.sha1", Wanted(Kind.DOCUMENT, "/.meta/prefixes.txt.sha1", None, "sha1")),
        (
            "/org/apache/maven/plugins/maven-metadata.xml",
            Wanted(
                Kind.LISTING,
                "/org/apache/maven/plugins/maven-metadata.xml",
                Coordinate("maven", "org.apache.maven.plugins", "maven-metadata.xml"),
            ),
        ),
    ],
)
def test_each_kind_of_path(path: str, expected: Wanted) -> None:
    assert route(path) == expected


def test_hosts_and_prefixes_are_compared_whole() -> None:
    canonical = Maven().canonical
    assert canonical("maven.test", f"/maven2{HERE}.jar", OWN) == route(f"{HERE}.jar")
    for host, path in [
        ("maven.test.evil.test", f"/maven2{HERE}.jar"),
        ("other.test", f"/maven2{HERE}.jar"),
        ("maven.test", f"{HERE}.jar"),
        ("maven.test", f"/maven3{HERE}.jar"),
        ("maven.test", f"/maven2/{HERE}.jar"),
        ("mirror.test", f"/maven2{HERE}.jar"),
        ("mirror.test", f"/repository/all/x/../{HERE}.jar"),
    ]:
        assert canonical(host, path, OWN) is None, (host, path)


def test_an_operator_at_the_public_host_has_both_paths() -> None:
    own = Upstream("maven", "https://maven.test/own/", "maven.test")
    assert Maven().canonical("maven.test", f"/own{HERE}.jar", own) == route(f"{HERE}.jar")
    assert Maven().canonical("maven.test", f"/maven2{HERE}.jar", own) == route(f"{HERE}.jar")


@given(groups, artifacts, versions)
def test_texts_of_a_document_name_what_can_be_asked_for_or_nothing(group: list[str], name: str, version: str) -> None:
    found = coordinate(".".join(group), name, version)
    assert found is not None
    there = route(pom_of(found))
    assert there is not None and there.package == found


@given(st.text(), st.text(), st.text())
def test_hostile_texts_of_a_document_name_nothing_else(group: str, name: str, version: str) -> None:
    found = coordinate(group, name, version)
    assert found is None or ((there := route(pom_of(found))) is not None and there.package == found)
