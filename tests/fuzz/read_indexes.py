"""Documents of upstreams: what is read of one is rendered, and what is rendered can be read again, and is no more."""

from __future__ import annotations

import json
import re
from collections.abc import Hashable
from typing import Any
from urllib.parse import urljoin

from fuzz.engine import Target
from fuzz.upstreams import BASE, OneDocument, items_are_sound, read, shown

from jhansi_runner.proxy.policy.release import Needs
from jhansi_runner.proxy.registries import golang_documents, golang_sums, maven_metadata, maven_pom, npm_packument
from jhansi_runner.proxy.registries.golang import Golang
from jhansi_runner.proxy.registries.golang_names import is_release
from jhansi_runner.proxy.registries.interface import Document, Item, Listing, Malformed, NothingThere
from jhansi_runner.proxy.registries.maven import Maven
from jhansi_runner.proxy.registries.maven_repository import digest_in
from jhansi_runner.proxy.registries.npm import Npm
from jhansi_runner.proxy.registries.pypi import Pypi
from jhansi_runner.proxy.registries.pypi_index import HTML_TYPE, JSON_TYPE, parse
from jhansi_runner.proxy.registries.pypi_licence import licence_in
from jhansi_runner.proxy.registries.upstreams import UpstreamFailure
from jhansi_runner.resolvers.resolver import Tools
from jhansi_runner.runner.evidence.python_needs import marker_environment, needs_in

_MARKERS = marker_environment(Tools({}, {"python": "3.11.2"}, "cpython-311-linux"))
_ALL = Needs(dates=True, licences=True)
_HALVES: tuple[Any, ...] = (slice(None), slice(None, None, 2), slice(1, None, 2), slice(0, 0))
_MODULE = "example.test/demo"


def _no_json(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


def _halves(listing: Listing) -> list[tuple[Item, ...]]:
    return [listing.items[half] for half in _HALVES]


def _pypi(body: bytes, kind: str) -> Hashable:
    registry, path = Pypi(), "/simple/demo/"
    try:
        listing = read(registry, path, OneDocument(body, kind))
    except Malformed as error:
        return str(error)[:30]
    items_are_sound(registry, listing)
    for items in _halves(listing):
        names = sorted(item.release.filename for item in items)
        for shape, form in (("json", JSON_TYPE), ("html", HTML_TYPE)):
            for base in ("", BASE):
                page = shown(registry, path, listing, items, shape, base).body
                again = parse(page, form, f"{BASE}/pypi{path}", "demo")
                assert sorted(file.filename for file in again.files) == [name.strip() for name in names]
                for file, item in zip(again.files, items, strict=True):
                    assert f"sha256:{file.sha256}" == item.release.identity
                    place = urljoin(f"{BASE}/pypi{path}", file.url)
                    assert not base or place == f"{BASE}/pypi{item.path}" or registry.route(item.path) is None
    return len(listing.items), any(item.release.published for item in listing.items)


def pypi_json(data: bytes) -> Hashable:
    """An index page in JSON."""
    return _pypi(data, JSON_TYPE)


def pypi_html(data: bytes) -> Hashable:
    """An index page in HTML."""
    return _pypi(data, "text/html; charset=utf-8")


def pypi_metadata(data: bytes) -> Hashable:
    """Core metadata, of which the licence is read."""
    found = licence_in(data)
    assert len(found) <= 200
    return found[:20]


def pypi_needs(data: bytes) -> Hashable:
    """Core metadata, of which the requirements are read."""
    purls = {name: f"pkg:pypi/{name}@1" for name in ("a", "b", "c")}
    found = list(needs_in(data, purls["a"], purls, _MARKERS))
    assert {each.needed for each in found} <= set(purls.values())
    assert all(each.extra.isprintable() and "," not in "".join(each.extras) for each in found)
    return len(found), tuple(each.extra[:4] for each in found[:3])


def npm_json(data: bytes) -> Hashable:
    """A packument."""
    registry, path = Npm(), "/demo"
    known = 0
    for shape in ("full", "short"):
        try:
            listing = read(registry, path, OneDocument(data), _ALL if shape == "full" else Needs(), shape)
        except (Malformed, UpstreamFailure) as error:
            return str(error)[:40]
        items_are_sound(registry, listing)
        known = len(listing.items)
        for items in _halves(listing):
            numbers = [item.release.coordinate.version for item in items]
            for base in ("", BASE):
                page = shown(registry, path, listing, items, shape, base).body
                document = json.loads(page, parse_constant=_no_json)
                assert list(document["versions"]) == numbers
                assert set(document["dist-tags"].values()) <= set(numbers)
                assert not numbers or "latest" in document["dist-tags"]
                assert set(document.get("time", {})) <= {*numbers, "created", "modified"}
                again = npm_packument.parse(page, "demo")
                assert list(again.versions) == numbers
                for item, version in zip(items, again.versions.values(), strict=True):
                    assert f"{version.algorithm}:{version.digest}" == item.release.identity
                    assert version.tarball == f"{base or 'https://public.test'}{'/npm' if base else ''}{item.path}"
        for one in ("/demo/latest", "/demo/1.0.0", "/-/package/demo/dist-tags"):
            try:
                some = read(registry, one, OneDocument(data), Needs(), shape)
                json.loads(shown(registry, one, some, some.items, shape, BASE).body, parse_constant=_no_json)
            except NothingThere:
                pass
    return known


def maven_xml(data: bytes) -> Hashable:
    """A maven-metadata.xml, of an artifact and of a group."""
    registry = Maven()
    known = 0
    for path in ("/org/test/demo/maven-metadata.xml", "/org/apache/maven/plugins/maven-metadata.xml"):
        try:
            listing = read(registry, path, OneDocument(data, ends="maven-metadata.xml"), Needs(dates=True))
        except (Malformed, UpstreamFailure) as error:
            return re.sub("[0-9]", "", str(error))[:50]
        known = len(listing.items)
        for items in _halves(listing):
            try:
                page = shown(registry, path, listing, items, "", BASE).body
            except NothingThere:
                assert not items
                continue
            again = maven_metadata.parse(page)
            versions = [item.release.coordinate.version for item in items if item.detail is None]
            assert list(again.versions) == versions
            assert {again.latest, again.release} <= {*versions, ""}
            assert list(again.plugins) == [item.detail for item in items if item.detail is not None]
    return known


def maven_project(data: bytes) -> Hashable:
    """A POM."""
    pom = maven_pom.parse(data)
    assert len(pom.licence) <= 200
    return pom.licence[:20], pom.parent is None


def maven_texts(data: bytes) -> Hashable:
    """A checksum file, and a date in a header."""
    maven_metadata.http_date(data[:200].decode("latin-1"))
    found = []
    for algorithm, size in (("sha1", 40), ("md5", 32), ("sha256", 64), ("sha512", 128)):
        try:
            digest = digest_in(data, algorithm)
            assert re.fullmatch(f"[0-9a-f]{{{size}}}", digest)
            found.append(algorithm)
        except Malformed:
            pass
    return tuple(found)


def golang_list(data: bytes) -> Hashable:
    """A list of versions."""
    registry, path = Golang(), f"/{_MODULE}/@v/list"
    try:
        listing = read(registry, path, OneDocument(data, ends="/list"))
    except (Malformed, NothingThere) as error:
        return str(error)[:40]
    items_are_sound(registry, listing)
    for items in _halves(listing):
        page = shown(registry, path, listing, items, "", "").body
        again = golang_documents.versions(_MODULE, Document("", 200, "", "", 0, page))
        assert list(again) == [item.release.coordinate.version for item in items]
        assert page.count(b"\n") == len(items)
    return len(listing.items)


def golang_info(data: bytes) -> Hashable:
    """The JSON of a version; the go command takes keys in any case, and of several the last."""
    registry, path = Golang(), f"/{_MODULE}/@latest"
    try:
        listing = read(registry, path, OneDocument(data, ends="/@latest"))
    except (Malformed, NothingThere) as error:
        return str(error)[:40]
    (item,) = listing.items
    version = item.release.coordinate.version
    assert version is not None and is_release(_MODULE, version)
    page = shown(registry, path, listing, listing.items, "", "").body
    pairs = json.loads(page.decode(), object_pairs_hook=list)
    assert [value for key, value in pairs if key.casefold() == "version"][-1] == version
    return version


def golang_lookup(data: bytes) -> Hashable:
    """An answer of the checksum database."""
    try:
        found = golang_sums.recorded(data, _MODULE, "v1.0.0")
    except ValueError as error:
        return type(error).__name__
    assert found.startswith("h1:") and "\n" not in found
    return found[:8]


_INDEX = (
    b"filename", b"url", b"hashes", b"sha256", b"size", b"upload-time", b"requires-python", b"yanked",
    b"core-metadata",
    b"dist-info-metadata", b"meta", b"api-version", b"files", b"https://files.test/", b"demo-1.0-py3-none-any.whl",
    b"demo-1.0.tar.gz", b"data-yanked", b"data-upload-time", b"data-core-metadata", b"href", b"#sha256=", b"<a ",
    b"</a>", b"<!--", b"<![CDATA[", b"<!DOCTYPE", b"<!", b"<?", b"<![x", b"&#x", b"&amp", b"<script>",
    b"//files.test/",
    b"https://[", b"https://files.test:99999/", b"2020-01-01T00:00:00Z", b"9999-12-31T23:59:59-23:59", b"0001-01-01",
)  # fmt: skip
_PACKUMENT = (
    b"name", b"versions", b"dist", b"tarball", b"integrity", b"shasum", b"dist-tags", b"latest", b"time", b"modified",
    b"created", b"scripts", b"install", b"hasInstallScript", b"license", b"deprecated", b"policyRestrictions",
    b"https://files.test/demo/-/demo-1.0.0.tgz", b"1.0.0", b"1.0.0-rc.1", b"sha512-", b"sha1-", b"demo",
)  # fmt: skip
_XML = (
    b"<metadata>", b"<versioning>", b"<versions>", b"<version>", b"<latest>", b"<release>", b"<lastUpdated>",
    b"<plugins>", b"<plugin>", b"<prefix>", b"<artifactId>", b"</", b"/>", b"<![CDATA[", b"]]>", b"<!DOCTYPE x [",
    b"<!ENTITY a 'b'>", b"&a;", b"&lt;", b"&#0;", b"&#x10ffff;", b"<?xml version='1.0' encoding='utf-16'?>",
    b"<project>", b"<licenses>", b"<license>", b"<name>", b"<parent>", b"<groupId>", b"1.0-SNAPSHOT", b"1.0",
    b"encoding='idna'", b"encoding='x'", b"xmlns='a'",
)  # fmt: skip
_GO = (
    b"v1.0.0", b"v2.0.0+incompatible", b"v0.0.0-20200101000000-abcdefabcdef", b"Version", b"Time", b"version",
    b"h1:", b"/go.mod ", b"example.test/demo v1.0.0 h1:", b"\n\n", "Ver\u017fion".encode(), b"2020-01-01T00:00:00Z",
)  # fmt: skip
_NEEDS = (
    b"Requires-Dist: ", b"Provides-Extra: ", b'; extra == "x"', b"python_version < ", b'"3"', b"[x]", b" and ", b"b",
    b"(", b" @ https://files.example/b.whl",
)  # fmt: skip
TARGETS = (
    Target("pypi-index-json", pypi_json, _INDEX, "json"),
    Target("pypi-index-html", pypi_html, _INDEX, "xml"),
    Target("pypi-needs", pypi_needs, _NEEDS),
    Target(
        "pypi-metadata", pypi_metadata, (b"License: ", b"License-Expression: ", b"Classifier: License :: ", b" :: ")
    ),
    Target("npm-packument", npm_json, _PACKUMENT, "json"),
    Target("maven-metadata", maven_xml, _XML, "xml"),
    Target("maven-pom", maven_project, _XML, "xml"),
    Target("maven-texts", maven_texts, (b"SHA1(", b")= ", b" *demo.jar", b"GMT", b"Wed, 01 Jan 2020 00:00:00 GMT")),
    Target("golang-list", golang_list, _GO),
    Target("golang-info", golang_info, _GO, "json"),
    Target("golang-lookup", golang_lookup, _GO),
)
