"""What a Maven repository of the tests answers: a pure function of what was added to it, before any fault."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from email.utils import format_datetime
from xml.sax.saxutils import escape

from support.registry.artifact import Content
from support.registry.reply import Reply, Request, file_reply, text_reply

PREFIX = "/maven2"
_SIGNATURE = b"-----BEGIN PGP SIGNATURE-----\n\nno real one\n-----END PGP SIGNATURE-----\n"


@dataclass(frozen=True, slots=True)
class MavenDialect:
    """What a repository says beyond the files. `sidecars` are names of hashlib; `headers` are x-checksum headers."""

    sidecars: tuple[str, ...] = ("sha1", "md5")
    headers: bool = False
    modified: bool = True
    signatures: bool = False
    updated: bool = True
    prefixes: bool = True


@dataclass(frozen=True, slots=True)
class MavenVersion:
    """One version that was added: its files by name, and when each was put there."""

    group: str
    artifact: str
    version: str
    files: Mapping[str, bytes]
    modified: datetime.datetime
    prefix: str = ""
    listed: bool = True

    @property
    def folder(self) -> str:
        """The folder of the version, without a slash at the end."""
        return f"{PREFIX}/{self.group.replace('.', '/')}/{self.artifact}/{self.version}"

    def path(self, tail: str) -> str:
        """The path of a file by what follows artifact and version in its name, such as `.pom`."""
        return f"{self.folder}/{self.artifact}-{self.version}{tail}"


def route(request: Request, versions: list[MavenVersion], dialect: MavenDialect) -> Reply:
    """The honest answer."""
    if request.method not in {"GET", "HEAD"}:
        return text_reply(405, "only GET and HEAD", {"Allow": "GET, HEAD"})
    path = request.path.partition("?")[0]
    for name in dialect.sidecars:
        subject = _find(path.removesuffix(f".{name}"), versions, dialect) if path.endswith(f".{name}") else None
        if subject:
            return _reply(request, hashlib.new(name, subject[0]).hexdigest().encode(), subject[1], dialect)
    found = _find(path, versions, dialect)
    return _reply(request, *found, dialect) if found else text_reply(404, "not found")


def _find(
    path: str, versions: list[MavenVersion], dialect: MavenDialect
) -> tuple[bytes, datetime.datetime | None] | None:
    if path.endswith(".asc") and dialect.signatures:
        subject = _find(path.removesuffix(".asc"), versions, dialect)
        return (_SIGNATURE, None) if subject else None
    for one in versions:
        if path.startswith(one.folder + "/") and path.rpartition("/")[2] in one.files:
            return one.files[path.rpartition("/")[2]], one.modified
    if path.endswith("/maven-metadata.xml"):
        body = _metadata(path.removeprefix(PREFIX + "/").rpartition("/")[0], versions, dialect)
        return (body, None) if body else None
    if path == f"{PREFIX}/.meta/prefixes.txt" and dialect.prefixes:
        groups = sorted({f"/{one.group.replace('.', '/')}" for one in versions})
        return "\n".join(["## repository-prefixes/2.0", *groups, ""]).encode(), None
    return None


def _metadata(folder: str, versions: list[MavenVersion], dialect: MavenDialect) -> bytes | None:
    here = [one for one in versions if f"{one.group.replace('.', '/')}/{one.artifact}" == folder and one.listed]
    plugins = {one.artifact: one.prefix for one in versions if one.group.replace(".", "/") == folder and one.prefix}
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', "<metadata>"]
    if here:
        lines += [_tag("groupId", here[0].group), _tag("artifactId", here[0].artifact), "<versioning>"]
        lines += [_tag("latest", here[-1].version), _tag("release", here[-1].version), "<versions>"]
        lines += [*(_tag("version", one.version) for one in here), "</versions>"]
        updated = max(one.modified for one in here).astimezone(datetime.UTC)
        lines += [_tag("lastUpdated", f"{updated:%Y%m%d%H%M%S}")] if dialect.updated else []
        lines.append("</versioning>")
    if plugins:
        named = [_tag("prefix", prefix) + _tag("artifactId", artifact) for artifact, prefix in plugins.items()]
        lines += ["<plugins>", *(f"<plugin>{one}</plugin>" for one in named), "</plugins>"]
    return "\n".join([*lines, "</metadata>", ""]).encode() if here or plugins else None


def _reply(request: Request, body: bytes, modified: datetime.datetime | None, dialect: MavenDialect) -> Reply:
    reply = file_reply(request, Content((body,)), hashlib.sha256(body).hexdigest()[:32], "application/octet-stream")
    more: dict[str, str] = {}
    if modified and dialect.modified:
        more["Last-Modified"] = format_datetime(modified.astimezone(datetime.UTC), usegmt=True)
    if dialect.headers:
        more |= {f"x-checksum-{name}": hashlib.new(name, body).hexdigest() for name in ("sha1", "md5")}
    return replace(reply, headers={**reply.headers, **more})


def _tag(name: str, text: str) -> str:
    return f"<{name}>{escape(text)}</{name}>"
