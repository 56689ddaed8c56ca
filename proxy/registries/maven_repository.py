"""What the documents of a Maven repository say of a package and its versions, asked for through `fetch`."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.registries import maven_metadata, maven_pom
from jhansi_runner.proxy.registries import maven_paths as paths
from jhansi_runner.proxy.registries.interface import Document, Fetch, Malformed, NothingThere, Source
from jhansi_runner.proxy.registries.maven_metadata import Metadata
from jhansi_runner.proxy.registries.parsed import Parsed
from jhansi_runner.proxy.registries.upstreams import Upstream, UpstreamFailure

QUIET_SECONDS = 60 * 86_400
"""An artifact to which nothing was added for so long is dated by that alone, if no policy asks for a longer age."""
ASKED_POMS = 24
"""Of one listing: so many of the newest versions are dated by their POMs."""
_AT_ONCE = 8
_PARENTS = 8
_MAX_XML, _MAX_CHECKSUM = 4 << 20, 64 << 10
_LAST_WORD = re.compile(r".+= *([0-9A-Fa-f]+)")
_HEX = re.compile(r"[0-9a-f]+")


@dataclass(frozen=True, slots=True)
class Repository:
    """An upstream as one request sees it. `parsed` remembers metadata that was read before."""

    upstream: Upstream
    fetch: Fetch
    parsed: Parsed[Metadata]

    def url(self, path: str) -> str:
        """Where a path of ours is at the upstream."""
        return self.upstream.index + path.removeprefix("/")

    async def metadata(self, folder: str) -> tuple[Metadata, Document]:
        """The `maven-metadata.xml` of a folder, and how it came. Raises UpstreamFailure, Malformed."""
        path = f"{folder}{paths.METADATA}"
        key = f"maven {path}"
        source = Source(key, self.url(path), check=lambda found: self.parsed(key, found), size=_MAX_XML)
        document = await self.fetch(source)
        return self.parsed(key, document), document

    async def digests(self, path: str) -> Mapping[str, str]:
        """The checksum beside an artifact; of the first algorithm that there is one of. Raises NothingThere.

        Source: the resolver asks for SHA-1 first, and Maven Central has that one of every file.
        """
        for algorithm in paths.CHECKSUMS:
            try:
                document = await self.fetch(self.checksum(f"{path}.{algorithm}", algorithm))
            except UpstreamFailure as failure:
                if not failure.absent:
                    raise
                continue
            return {algorithm: digest_in(document.body, algorithm)}
        beside = ", ".join(f".{name}" for name in paths.CHECKSUMS)
        raise NothingThere(f"the upstream has no {path[1:]}, or none of {beside} beside it by which to verify it")

    def checksum(self, path: str, algorithm: str) -> Source:
        """A checksum of a release's, which changes as little as the release."""
        check = partial(_check_digest, algorithm)
        return Source(f"maven {path}", self.url(path), immutable=True, check=check, size=_MAX_CHECKSUM)

    async def published(self, release: Coordinate) -> float | None:
        """When a version was published, in seconds since the epoch; None when nothing vouches for a date."""
        modified = await self._modified(release)
        if modified is not None:
            return modified
        try:
            metadata, _ = await self.metadata(paths.folder_of(release.at(None)))
        except UpstreamFailure as failure:
            if failure.status == 404:
                return None
            raise
        return metadata.updated_at if release.version in metadata.versions else None

    async def dates(
        self, package: Coordinate, versions: Sequence[str], latest: float | None, now: float, age: float
    ) -> Mapping[str, float | None]:
        """The same for many versions, without a request for each of hundreds; `latest` is when one was added last.

        `age` is the longest that a policy asks for, in seconds.
        Of a package to which something was added lately, the newest are dated by their POMs, the others by that latest
        addition: so a version may be left out of a listing for as long as the addition is young, but none is let in.
        """
        dates = dict.fromkeys(versions, latest)
        if latest is not None and now - latest > max(QUIET_SECONDS, age):
            return dates
        newest = maven_metadata.newest(versions, ASKED_POMS)
        limit = asyncio.Semaphore(_AT_ONCE)

        async def ask(version: str) -> float | None:
            async with limit:
                try:
                    return await self._modified(package.at(version))
                except UpstreamFailure:
                    return None

        if newest and (first := await ask(newest[0])) is not None:  # else the upstream dates nothing
            found = [first, *await asyncio.gather(*(ask(version) for version in newest[1:]))]
            dates.update({version: date for version, date in zip(newest, found, strict=True) if date is not None})
        return dates

    async def licence(self, release: Coordinate) -> str:
        """What a version declares, in its own POM or in that of a parent; "" for nothing. Raises UpstreamFailure."""
        asked: Coordinate | None = release
        for _ in range(_PARENTS + 1):
            document = await self._pom(asked) if asked else None
            if document is None:
                return ""
            pom = maven_pom.parse(document.body)
            if pom.licence or pom.parent is None:
                return pom.licence
            asked = paths.coordinate(pom.parent.group, pom.parent.artifact, pom.parent.version)
        return ""

    async def _modified(self, release: Coordinate) -> float | None:
        document = await self._pom(release)
        return maven_metadata.http_date(document.modified) if document else None

    async def _pom(self, release: Coordinate) -> Document | None:
        path = paths.pom_of(release)
        try:
            source = Source(f"maven {path}", self.url(path), immutable=True, check=_check_pom, size=_MAX_XML)
            return await self.fetch(source)
        except UpstreamFailure as failure:
            if failure.status == 404:
                return None
            raise


def digest_in(body: bytes, algorithm: str) -> str:
    """The digest in a checksum file, in lower case: alone, before a file name, or after `=`. Raises Malformed.

    Source: ChecksumUtils.read of the Maven resolver; some are the output of sha1sum, some of openssl.
    """
    line = next((text for text in body[:4096].decode("ascii", "replace").splitlines() if text.strip()), "").strip()
    last = _LAST_WORD.fullmatch(line)
    digest = (last.group(1) if last else line.split()[0] if line else "").lower()
    if len(digest) != 2 * hashlib.new(algorithm, usedforsecurity=False).digest_size or not _HEX.fullmatch(digest):
        raise Malformed(f"checksum is no {algorithm}: {line[:40]!r}")
    return digest


def _check_digest(algorithm: str, document: Document) -> None:
    digest_in(document.body, algorithm)


def _check_pom(document: Document) -> None:
    # More is not asked: some true POMs are no sound XML. Without the NULs it is found in UTF-16 too.
    if b"<project" not in document.body.replace(b"\0", b""):
        raise Malformed(f"answer for {document.url} is no POM")
