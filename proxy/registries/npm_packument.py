"""Packuments: what npm's registry says of a package, read from the full or the abbreviated form.

Each version is kept as JSON that is ready to be sent, in three pieces, with the tarball's URL missing at the end.

Source: "Package metadata" in the registry's documentation; Subresource Integrity (W3C) for `dist.integrity`.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from jhansi_runner.proxy.registries.interface import Malformed
from jhansi_runner.proxy.registries.npm_inside import runs_scripts
from jhansi_runner.proxy.registries.npm_json import Cursor
from jhansi_runner.proxy.registries.npm_licence import declared

SHORT_TYPE = "application/vnd.npm.install-v1+json"
FULL_TYPE = "application/json"
VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,255}")
"""A version, or a tag that can be asked for."""
FILENAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]{0,250}\.tgz")

_TARBALL = re.compile(r"https?://[!$-~]{1,2000}")  # printable ASCII without " and #
_SIZES = {"sha512": 64, "sha384": 48, "sha256": 32, "sha1": 20}  # the strongest first
_SHORT_KEYS = frozenset({
    "name", "version", "deprecated", "dependencies", "optionalDependencies", "devDependencies", "peerDependencies",
    "peerDependenciesMeta", "bundleDependencies", "bundledDependencies", "acceptDependencies", "dependenciesMeta",
    "bin", "directories", "engines", "os", "cpu", "libc", "funding", "_hasShrinkwrap", "hasInstallScript",
})  # fmt: skip
_WRITTEN_ANEW = frozenset({"name", "dist-tags", "time", "modified", "versions"})
_LEFT_OUT = frozenset({"_attachments", "stagedVersions", "policyRestrictions"})  # npm installs from the latter two
_ENCODE = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False).encode


@dataclass(frozen=True, slots=True)
class Version:
    """One version. `digest` is the strongest that is promised, in hex, by `algorithm`, a name of hashlib.

    `tarball` is the upstream's URL and `filename` what we call it, which no other version of the package shares.
    `short` begins the object with what the abbreviated form says, `rest` is all else, `dist` ends before the
    tarball's URL. `licence` is None where nothing is said of one. `selective` tells that it is for some systems only.
    """

    number: str
    tarball: str
    filename: str
    algorithm: str
    digest: str
    licence: str | None
    runs_scripts: bool
    deprecated: bool
    selective: bool
    short: bytes
    rest: bytes
    dist: bytes


@dataclass(frozen=True, slots=True)
class Packument:
    """All versions of a package, in the upstream's order; `files` names them by their tarballs.

    `times` is empty in the abbreviated form; `modified` is when the package last changed, "" if that is not said.
    `members` are the further members of the document, as JSON.
    """

    name: str
    modified: str
    tags: Mapping[str, str]
    times: Mapping[str, str]
    members: tuple[bytes, ...]
    versions: Mapping[str, Version]
    files: Mapping[str, Version]


def parse(body: bytes, name: str) -> Packument:
    """Read the packument of a package. Raises Malformed; a version that makes no sense by itself is left out."""
    try:
        cursor = Cursor(body.decode("utf-8"))
        top: dict[str, object] = {}
        found: dict[str, Version | None] = {}
        for key in cursor.members():
            if key == "versions":
                found = {number: _version(number, cursor.value(), name) for number in cursor.members()}
            else:
                top[key] = cursor.value()
        cursor.end()
        if top.get("name") != name:
            raise ValueError("it is about another package, or none")
        members = tuple(
            f"{_ENCODE(key)}:{_ENCODE(value)}".encode()
            for key, value in top.items()
            if key not in _WRITTEN_ANEW and key not in _LEFT_OUT
        )
    except (ValueError, RecursionError) as error:
        raise Malformed(f"packument of {name} cannot be read: {str(error)[:200]}") from error
    times = _strings(top.get("time"))
    modified = top.get("modified", times.get("modified"))
    versions = _named([version for version in found.values() if version is not None], name)
    return Packument(
        name,
        modified if isinstance(modified, str) else "",
        _strings(top.get("dist-tags")),
        times,
        members,
        {version.number: version for version in versions},
        {version.filename: version for version in versions},
    )


def timestamp(text: str) -> float | None:
    """Seconds since the epoch of a date such as `2015-03-24T00:12:24.039Z`; None where it is none, or has no zone."""
    try:
        found = datetime.fromisoformat(text)
        return None if found.tzinfo is None else found.timestamp()
    except (ValueError, OverflowError):
        return None


def _version(number: str, value: object, name: str) -> Version | None:
    if not isinstance(value, dict) or not VERSION.fullmatch(number):
        return None
    dist = value.get("dist")
    if not isinstance(dist, dict) or value.get("version", number) != number or value.get("name", name) != name:
        return None
    tarball, digest = dist.pop("tarball", None), _strongest(dist)
    if not isinstance(tarball, str) or not _TARBALL.fullmatch(tarball) or digest is None:
        return None
    runs = runs_scripts(value)
    short = {"name": name, "version": number, **{key: value[key] for key in value if key in _SHORT_KEYS}}
    if runs:
        short["hasInstallScript"] = True
    rest = {key: value[key] for key in value if key not in _SHORT_KEYS and key != "dist"}
    return Version(
        number,
        tarball,
        tarball.partition("?")[0].rpartition("/")[2],
        *digest,
        declared(value),
        runs,
        bool(value.get("deprecated")),
        any(value.get(key) for key in ("os", "cpu", "libc")),
        _ENCODE(short)[:-1].encode(),
        f",{_ENCODE(rest)[1:-1]}".encode() if rest else b"",
        f',"dist":{_ENCODE(dist)[:-1]},"tarball":'.encode(),
    )


def _strongest(dist: Mapping[str, object]) -> tuple[str, str] | None:
    """The strongest digest that is promised. Of several by one algorithm the first counts: the file must match it."""
    integrity, shasum = dist.get("integrity"), dist.get("shasum")
    found: dict[str, str] = {}
    for part in integrity.split() if isinstance(integrity, str) else ():
        algorithm, _, text = part.partition("?")[0].partition("-")
        try:
            digest = base64.b64decode(text, validate=True)
        except ValueError:
            continue
        if len(digest) == _SIZES.get(algorithm):
            found.setdefault(algorithm, digest.hex())
    if isinstance(shasum, str) and re.fullmatch(r"[0-9a-fA-F]{40}", shasum):
        found.setdefault("sha1", shasum.lower())
    return next(((algorithm, found[algorithm]) for algorithm in _SIZES if algorithm in found), None)


def _named(versions: list[Version], name: str) -> list[Version]:
    """The versions whose tarballs can be told apart by name: the upstream's name or, where that is taken, npm's own.

    A name that says its version is that version's, whatever another one claims.
    """
    base = name.rpartition("/")[2]
    ordinary = {version.number: f"{base}-{version.number}.tgz" for version in versions}
    taken = set(ordinary.values())
    named = []
    for version in versions:
        filename = version.filename
        if filename in taken or not FILENAME.fullmatch(filename):
            filename = ordinary[version.number]
        taken.add(filename)
        if FILENAME.fullmatch(filename):
            named.append(version if version.filename == filename else replace(version, filename=filename))
    return named


def _strings(value: object) -> dict[str, str]:
    pairs = value.items() if isinstance(value, dict) else ()
    return {key: text for key, text in pairs if isinstance(text, str)}
