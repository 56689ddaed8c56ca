"""The grammar of the npm registry's URLs is closed: what it does not name is None."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.registries.interface import Kind, Wanted
from jhansi_runner.proxy.registries.npm import Npm
from jhansi_runner.proxy.registries.npm_paths import TAGS
from jhansi_runner.proxy.registries.upstreams import Upstream

NPM = Npm()
OWN = Upstream("npm", "https://mirror.test/root/npm/", "registry.test", frozenset(["files.mirror.test"]))

names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,30}", fullmatch=True).filter(
    lambda name: name.lower() not in ("node_modules", "favicon.ico")
)
scopes = st.from_regex(r"@[A-Za-z0-9_][A-Za-z0-9._-]{0,20}", fullmatch=True)
packages = st.one_of(names, st.builds("{}/{}".format, scopes, names))
versions = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,20}", fullmatch=True)
ends = st.one_of(st.just(""), st.builds("/{}".format, versions), st.builds("/-/{}.tgz".format, versions))


def _package(name: str, version: str | None = None) -> Coordinate:
    scope, _, base = name.rpartition("/")
    return Coordinate("npm", scope, base, version)


@given(packages, ends)
def test_every_name_makes_the_way_there_and_back_in_every_spelling(name: str, end: str) -> None:
    found = NPM.route(f"/{name}{end}")
    assert found is not None and found.package is not None
    assert found.path == f"/{name}{end}" and found.package.at(None) == _package(name)
    assert NPM.route(found.path) == found
    for written in (name.replace("/", "%2f"), name.replace("/", "%2F"), name.replace("@", "%40"), quote(name, safe="")):
        for host, prefix in (("registry.test", "/"), ("mirror.test", "/root/npm/")):
            assert NPM.canonical(host, prefix + written + quote(end, safe="/"), OWN) == found


@given(st.text())
def test_nothing_else_is_anything(text: str) -> None:
    for path in (text, "/" + text, "/demo/" + text, "/@a/" + text, "/demo/-/" + text, "/-/package/" + text):
        found = NPM.route(path)
        assert found is None or NPM.route(found.path) == found
        assert NPM.canonical("registry.test", path, OWN) == found


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/demo", Wanted(Kind.LISTING, "/demo", _package("demo"))),
        ("/JSONThing", Wanted(Kind.LISTING, "/JSONThing", _package("JSONThing"))),
        ("/@a/demo", Wanted(Kind.LISTING, "/@a/demo", _package("@a/demo"))),
        ("/@a%2fdemo", Wanted(Kind.LISTING, "/@a/demo", _package("@a/demo"))),
        ("/demo/1.2.3", Wanted(Kind.LISTING, "/demo/1.2.3", _package("demo"), "1.2.3")),
        ("/demo/latest", Wanted(Kind.LISTING, "/demo/latest", _package("demo"), "latest")),
        ("/@a%2Fdemo/latest", Wanted(Kind.LISTING, "/@a/demo/latest", _package("@a/demo"), "latest")),
        ("/demo/dist-tags", Wanted(Kind.LISTING, "/demo/dist-tags", _package("demo"), "dist-tags")),
        ("/-/package/demo/dist-tags", Wanted(Kind.LISTING, "/-/package/demo/dist-tags", _package("demo"), TAGS)),
        (
            "/-/package/@a%2fdemo/dist-tags",
            Wanted(Kind.LISTING, "/-/package/@a/demo/dist-tags", _package("@a/demo"), TAGS),
        ),
    ],
)
def test_what_a_listing_is_of(path: str, wanted: Wanted) -> None:
    assert NPM.route(path) == wanted


@pytest.mark.parametrize(
    ("path", "package", "filename"),
    [
        ("/demo/-/demo-1.2.3.tgz", _package("demo", "1.2.3"), "demo-1.2.3.tgz"),
        ("/@a/demo/-/demo-1.2.3.tgz", _package("@a/demo", "1.2.3"), "demo-1.2.3.tgz"),
        ("/@a%2fdemo/-/demo-1.2.3-rc.1.tgz", _package("@a/demo", "1.2.3-rc.1"), "demo-1.2.3-rc.1.tgz"),
        ("/demo/-/demo-1.2.3%2bb1.tgz", _package("demo", "1.2.3+b1"), "demo-1.2.3+b1.tgz"),
        ("/demo-1/-/demo-1-2.0.0.tgz", _package("demo-1", "2.0.0"), "demo-1-2.0.0.tgz"),
        ("/demo/-/other-1.2.3.tgz", _package("demo"), "other-1.2.3.tgz"),
        ("/demo/-/demo-extra-1.2.3.tgz", _package("demo"), "demo-extra-1.2.3.tgz"),
        ("/demo/-/demo-1.2.tgz", _package("demo"), "demo-1.2.tgz"),
        ("/demo/-/1.2.3.tgz", _package("demo"), "1.2.3.tgz"),
    ],
)
def test_a_tarball_tells_its_version_where_its_name_does(path: str, package: Coordinate, filename: str) -> None:
    found = NPM.route(path)
    assert found is not None
    assert (found.kind, found.package, found.detail) == (Kind.FILE, package, filename)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "//",
        "demo",
        "/demo/",
        "//demo",
        "/.",
        "/..",
        "/../demo",
        "/demo/..",
        "/demo/.",
        "/demo/%2e%2e",
        "/%2e%2e/demo",
        "/.hidden",
        "/_private",
        "/-dash",
        "/-",
        "/demo/-",
        "/demo/-/",
        "/demo/1.0.0/",
        "/demo/1.0.0/-/demo-1.0.0.tgz",
        "/demo/-/demo-1.0.0.tar.gz",
        "/demo/-/../demo-1.0.0.tgz",
        "/demo/-/a%2fdemo-1.0.0.tgz",
        "/demo/-/a%5cdemo-1.0.0.tgz",
        "/demo/-/@a/demo-1.0.0.tgz",
        "/demo/-/.tgz",
        "/demo/-/-x.tgz",
        "/demo/-/demo-1.0.0.tgz/x",
        "/demo/-/demo-1.0.0.tgz%00",
        "/demo/^1.0.0",
        "/demo/1.0.0%2f2",
        "/demo?write=true",
        "/demo#x",
        "/demo;x",
        "/demo%00",
        "/demo%0d%0aX",
        "/demo%2fother",
        "/demo%252e",
        "/de mo",
        "/d\u00e9mo",
        "/d%C3%A9mo",
        "/demo%ff",
        "/\uff11demo",
        "/node_modules",
        "/Favicon.ico",
        "/@",
        "/@a",
        "/@a/",
        "/@/demo",
        "/@a/.demo",
        "/@.a/demo",
        "/@a/-demo",
        "/@a%2f",
        "/@a%2f%2fdemo",
        "/@a%2fb%2fdemo",
        "/@a/b%2fdemo",
        "/@a%2fb/demo/1.0.0",
        "/@@a/demo",
        "/%2540a/demo",
        "/what!",
        "/wh*t",
        "/" + "a" * 215,
        "/@" + "a" * 107 + "/" + "b" * 107,
        "/demo/" + "1" * 257,
        "/demo/-/" + "a" * 252 + ".tgz",
        "/" + "%61" * 400,
        "/-/ping",
        "/-/whoami",
        "/-/all",
        "/-/v1/search",
        "/-/v1/login",
        "/-/npm/v1/keys",
        "/-/npm/v1/attestations/demo@1.0.0",
        "/-/npm/v1/security/advisories/bulk",
        "/-/npm/v1/security/audits/quick",
        "/-/package/demo",
        "/-/package/demo/dist-tags/latest",
        "/-/package/demo/access",
        "/-/package/dist-tags",
        "/-/user/org.couchdb.user:me",
        "/-rev/1",
        "/demo/-rev/1",
    ],
)
def test_a_path_outside_the_grammar_names_nothing(path: str) -> None:
    assert NPM.route(path) is None
    assert NPM.canonical("registry.test", path, OWN) is None
    assert NPM.canonical("mirror.test", "/root/npm" + path, OWN) is None


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("other.test", "/demo"),
        ("registry.test.", "/demo"),
        ("registry.test.evil.test", "/demo"),
        ("REGISTRY.test", "/demo"),
        ("registry.test:8443", "/demo"),
        ("files.mirror.test", "/demo"),
        ("mirror.test", "/demo"),
        ("mirror.test", "/root/demo"),
        ("mirror.test", "/root/npmx/demo"),
    ],
)
def test_other_hosts_and_folders_are_not_the_registry(host: str, path: str) -> None:
    assert NPM.canonical(host, path, OWN) is None
