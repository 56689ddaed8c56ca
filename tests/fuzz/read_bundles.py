"""Bundles: lines of a manifest, its header, its signature and the keys, all of which come on somebody's medium."""

from __future__ import annotations

import io
from collections.abc import Hashable

from fuzz.engine import Target

from jhansi_runner.proxy.bundle import keys, naming
from jhansi_runner.proxy.bundle.manifest import (
    ArtifactLine,
    parse_header,
    parse_line,
    render_header,
    render_line,
)
from jhansi_runner.proxy.bundle.strict import BadManifest
from jhansi_runner.proxy.registries.all import registries

_REGISTRIES = registries()
_PUBLIC = keys.read_public(
    b"untrusted comment: of a test\nRWQUB929JtgCP3HEvpj2AZrdCgeJ4zpSr4LJxQ0bA/C3QhxEggZT9kot\n", "test"
)


def line(data: bytes) -> Hashable:
    """A line, and what its names have to do with each other."""
    try:
        found = parse_line(data)
    except BadManifest as error:
        return str(error)[:30]
    assert render_line(found) == data
    try:
        if isinstance(found, ArtifactLine):
            assert naming.coordinate_of(found, _REGISTRIES).purl == found.artifact.purl
        else:
            naming.package_of(found, _REGISTRIES)
    except BadManifest as error:
        return str(error)[-30:]
    return type(found).__name__, found.carried


def header(data: bytes) -> Hashable:
    """A header."""
    try:
        found = parse_header(data)
    except BadManifest as error:
        return str(error)[:30]
    assert render_header(found) == data
    return len(found.origins), len(found.wants) > 1


def signature(data: bytes) -> Hashable:
    """A signature, a public key and a secret one: none of these is by the key that counts."""
    said = []
    try:
        keys.verify([_PUBLIC], io.BytesIO(b"never signed"), data, "a comment")
        raise AssertionError("nobody signed this")
    except keys.BadSignature as error:
        said.append(str(error)[:30])
    try:
        assert keys.read_public(data, "x").text.split(b"\n")[1] in data
    except keys.BadKey as error:
        said.append(str(error)[:30])
    try:
        keys.read_secret(data, "x", _refused)
    except (keys.BadKey, _Asked) as error:
        said.append(str(error)[:30])
    return tuple(said)


class _Asked(Exception):
    """A password was asked for; to derive a key from it takes seconds by design."""


def _refused() -> str:
    raise _Asked


TARGETS = (
    Target("bundle-line", line, (b'"size":', b"null", b"true", b"0.0", b"[]", b"{}", b"\\ud800"), "json"),
    Target("bundle-header", header, (b'"wants":[', b'"origins":{', b"0", b"{}", b'"pypi":'), "json"),
    Target("bundle-signature", signature, (b"untrusted comment: ", b"trusted comment: ", b"\n", b"RUQ", b"RWQ", b"==")),
)
