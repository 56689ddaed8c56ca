"""Hosts are known by digest: neither a library nor an index page can widen what is let out."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from packageurl.contrib import purl2url

from jhansi_runner.proxy.registries import upstreams
from jhansi_runner.proxy.registries.rows import ROWS
from jhansi_runner.proxy.registries.upstreams import Upstream, UpstreamError, public_host, upstream

FILES = "files.registry.test"
PUBLIC = Upstream("pypi", "https://registry.test/simple/", "registry.test")
OWN = Upstream("pypi", "https://mirror.test/simple/", "registry.test", frozenset(["cdn.test", "cdn.test:8443"]))


@pytest.fixture
def shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    files = frozenset([hashlib.sha256(FILES.encode()).hexdigest()])
    row = replace(ROWS["pypi"], host=hashlib.sha256(b"registry.test").hexdigest(), files=files)
    monkeypatch.setattr(upstreams, "ROWS", {"pypi": row})


@pytest.mark.parametrize("type_", list(ROWS))
def test_the_shipped_digest_is_that_of_the_registry_which_the_library_names(type_: str) -> None:
    named = getattr(purl2url, ROWS[type_].lookup)(ROWS[type_].purl)
    assert public_host(type_) == urlsplit(named or "").netloc
    assert upstream(type_).index == f"https://{public_host(type_)}{ROWS[type_].path}"


@pytest.mark.parametrize(
    "said",
    [None, "", "https://registry.test.evil.test/p/x", "https://evil-registry.test/p/x", "https://REGISTRY.test/x", "x"],
)
@pytest.mark.usefixtures("shipped")
def test_a_library_that_names_another_host_is_refused(said: str | None) -> None:
    with pytest.raises(UpstreamError, match=r"set registries\.pypi\.upstream"):
        public_host("pypi", lambda _: said)


@pytest.mark.usefixtures("shipped")
def test_a_library_that_names_the_host_is_believed() -> None:
    assert public_host("pypi", lambda purl: f"https://registry.test/{purl}") == "registry.test"


def test_an_unknown_type_has_no_host() -> None:
    with pytest.raises(UpstreamError):
        upstream("cargo")


@pytest.mark.usefixtures("shipped")
def test_the_public_registrys_files_come_from_the_host_of_the_digest() -> None:
    assert PUBLIC.serves_files("https", FILES)
    assert PUBLIC.serves_files("https", "registry.test")
    assert not PUBLIC.serves_files("http", FILES)


@pytest.mark.parametrize(
    "host",
    [
        "evil-" + FILES,
        FILES + ".evil.test",
        FILES + ".",
        FILES.upper(),
        FILES + ":443",
        "x@" + FILES,
        "",
        "f\u00efles..test",
    ],
)
@pytest.mark.usefixtures("shipped")
def test_look_alikes_serve_nothing(host: str) -> None:
    assert not PUBLIC.serves_files("https", host)
    assert not OWN.serves_files("https", host)


@pytest.mark.usefixtures("shipped")
def test_an_operators_mirror_is_alone_with_the_hosts_that_the_operator_lists() -> None:
    assert all(OWN.serves_files("https", host) for host in ("mirror.test", "cdn.test", "cdn.test:8443"))
    assert not any(OWN.serves_files("https", host) for host in (FILES, "registry.test", "cdn.test:80", "mirror.test:1"))


@pytest.mark.parametrize(("scheme", "host"), [("http", "mirror.test"), ("ftp", "mirror.test"), ("", "mirror.test")])
def test_only_https_leaves_this_host(scheme: str, host: str) -> None:
    assert not OWN.serves_files(scheme, host)


def test_plain_http_stays_on_this_host() -> None:
    local = Upstream("pypi", "http://127.0.0.1:3141/simple/", "registry.test")
    assert local.serves_files("http", "127.0.0.1:3141")
    assert not local.serves_files("http", "127.0.0.1:3142")


def test_an_upstream_of_the_operators_ends_in_a_slash() -> None:
    assert upstream("pypi", "https://mirror.test/simple").index == "https://mirror.test/simple/"
    assert upstream("pypi", None).is_public
