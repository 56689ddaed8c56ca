"""Paths and hosts that clients write: each names one thing in one spelling, or nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable

from fuzz.engine import Target
from fuzz.upstreams import HOST, PUBLIC, upstream

from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.registries.all import registries
from jhansi_runner.proxy.registries.interface import Kind, Registry, Wanted

_PLAIN = re.compile(r"(?:/[A-Za-z0-9._~!+=@:%-]+)+/?")


def _is_sound(registry: Registry, wanted: Wanted) -> None:
    assert registry.route(wanted.path) == wanted
    assert _PLAIN.fullmatch(wanted.path), wanted.path
    assert not {"", ".", ".."} & set(wanted.path.strip("/").split("/"))
    package = wanted.package
    if package is not None:
        assert package.type == registry.type
        assert Coordinate.parse(package.purl) == package
        listing = registry.route(registry.listing_path(package))
        assert listing is None or (listing.kind is Kind.LISTING and listing.package == package.at(None))
        for one in registry.within(package):
            assert package.path.startswith(f"{one.path}/")


def _reader(type_: str) -> Callable[[bytes], Hashable]:
    def run(data: bytes) -> Hashable:
        registry, known = registries()[type_], upstream(type_)
        text = data.decode("utf-8", "surrogateescape")
        found = registry.route(text)
        if found is not None:
            _is_sound(registry, found)
        for host in (HOST, PUBLIC):
            canonical = registry.canonical(host, text, known)
            if canonical is not None:
                _is_sound(registry, canonical)
        host, _, path = text.partition("/")
        if host not in (HOST, PUBLIC, "files.test"):
            assert registry.canonical(host, f"/{path}", known) is None
        return found and (found.kind, found.detail[:20], found.package is None)

    return run


_ANY = (
    b"%2f",
    b"%2e%2e",
    b"%25",
    b"%40",
    b"%21",
    b"/",
    b"//",
    b"..",
    b"@",
    b"!",
    b"files.test",
    b"index.test",
    b"public.test",
)
TARGETS = (
    Target(
        "pypi-url",
        _reader("pypi"),
        (*_ANY, b"/simple/", b"/files/", b".metadata", b".whl", b".tar.gz", b"-1.0", b"%3a"),
    ),
    Target(
        "npm-url",
        _reader("npm"),
        (*_ANY, b"/-/", b".tgz", b"/-/package/", b"/dist-tags", b"@scope/", b"latest", b"1.0.0"),
    ),
    Target(
        "maven-url",
        _reader("maven"),
        (
            *_ANY,
            b"maven-metadata.xml",
            b".sha1",
            b".asc",
            b".pom",
            b".jar",
            b"/.meta/prefixes.txt",
            b"-SNAPSHOT",
            b"/maven2/",
        ),
    ),
    Target(
        "golang-url",
        _reader("golang"),
        (
            *_ANY,
            b"/@v/",
            b"/@latest",
            b".info",
            b".mod",
            b".zip",
            b"list",
            b"/sumdb/",
            b"tile/8/0/",
            b".p/",
            b"lookup/",
            b"/v2",
        ),
    ),
)
