"""Maven repositories, as Maven Central is one.

`maven_paths.py` says which URLs there are. A file is verified by the checksum beside it, and a version is dated by the
Last-Modified of its POM. Where the upstream sends none, the lastUpdated of the package's metadata dates every version
that it lists: none of them can be younger, so that this errs to the safe side. Licences are the POM's or its parents'.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.policy.release import Needs, Release
from jhansi_runner.proxy.registries import maven_metadata
from jhansi_runner.proxy.registries import maven_paths as paths
from jhansi_runner.proxy.registries.interface import (
    Ask,
    Document,
    Fetch,
    Inside,
    Item,
    Kind,
    Listing,
    Malformed,
    NothingThere,
    Promise,
    Rendered,
    Shelf,
    Source,
    Wanted,
)
from jhansi_runner.proxy.registries.maven_metadata import Metadata, Plugin
from jhansi_runner.proxy.registries.maven_repository import Repository
from jhansi_runner.proxy.registries.parsed import Parsed
from jhansi_runner.proxy.registries.upstreams import Upstream

_AGELESS = 1.0
"""The prefix of a plugin is no release, and no age is to be waited for."""
_MAX_SIGNATURE, _MAX_PREFIXES = 1 << 20, 16 << 20
_OCTETS, _TEXT, _ARCHIVE = "application/octet-stream", "text/plain", "application/java-archive"
_KINDS = {
    **dict.fromkeys(("pom", "xml", "xsd"), "text/xml"),
    **dict.fromkeys(("jar", "war", "ear"), _ARCHIVE),
    **dict.fromkeys(("module", "json"), "application/json"),
    **dict.fromkeys(("txt", "properties"), _TEXT),
    "zip": "application/zip",
    "gz": "application/gzip",
}


class Maven:
    """A Maven repository."""

    type = paths.TYPE
    refused_in_listing = True  # Maven prints the status of metadata that it did not get, and so does Gradle
    dated = True
    shapes = ("",)

    def __init__(self) -> None:
        self._metadata: Parsed[Metadata] = Parsed(lambda document: maven_metadata.parse(document.body))

    def route(self, path: str) -> Wanted | None:
        """Read a path of the mirror, below `/maven`; None when it names nothing."""
        return paths.route(path)

    def canonical(self, host: str, path: str, upstream: Upstream) -> Wanted | None:
        """Read a URL as clients write it: the public repository by name whatever the upstream is, or the operator's."""
        return next(filter(None, map(self.route, upstream.paths(host, path))), None)

    def listing_path(self, package: Coordinate) -> str:
        """An artifact's metadata."""
        return f"{paths.folder_of(package.at(None))}{paths.METADATA}"

    def within(self, package: Coordinate) -> Sequence[Coordinate]:
        """Nothing is within another package here."""
        del package
        return ()

    def shape(self, accept: str) -> str:
        """There is one form."""
        del accept
        return ""

    async def listing(self, wanted: Wanted, upstream: Upstream, fetch: Fetch, needs: Needs, shape: str) -> Listing:
        """The versions of an artifact, or the plugins of a group. Licences are left to the files."""
        del shape
        package = _package(wanted)
        of_group = package.name == paths.METADATA
        folder = paths.folder_of(package).removesuffix(f"{paths.METADATA}/") if of_group else paths.folder_of(package)
        group = package.namespace if of_group else f"{package.namespace}.{package.name}"
        repository = self._repository(upstream, fetch)
        metadata, document = await repository.metadata(folder)
        versions = [] if of_group else [version for version in metadata.versions if paths.is_version(version)]
        dates: Mapping[str, float | None] = {}
        if needs.dates and versions:
            dates = await repository.dates(package, versions, metadata.updated_at, document.fetched, needs.age)
        releases = [Release(package.at(version), published=dates.get(version)) for version in versions]
        items = [Item(release, paths.pom_of(release.coordinate)) for release in releases]
        return Listing(package, (*items, *_prefixes(group, metadata)), metadata)

    def render(self, wanted: Wanted, listing: Listing, shown: Sequence[Item], ask: Ask) -> Rendered:
        """The metadata with what is shown, or a checksum of these very bytes."""
        del ask
        metadata = listing.document
        assert isinstance(metadata, Metadata)
        versions = tuple(item.release.coordinate.version or "" for item in shown if item.detail is None)
        plugins = tuple(item.detail for item in shown if isinstance(item.detail, Plugin))
        if not versions and not plugins:
            raise NothingThere(f"nothing of {listing.package.purl} is left")
        body = maven_metadata.render(
            listing.package.namespace,
            listing.package.name,
            replace(metadata.only(versions), plugins=plugins),
        )
        if wanted.detail:
            return Rendered(_TEXT, _digest(body, wanted.detail).encode())
        sums = tuple((f"x-checksum-{name}", _digest(body, name)) for name in ("sha1", "md5"))
        return Rendered("text/xml", body, sums)

    async def promise(self, wanted: Wanted, upstream: Upstream, fetch: Fetch, needs: Needs) -> Promise:
        """What is known of a file. One without a checksum beside it is not there, for us."""
        package, repository = _package(wanted), self._repository(upstream, fetch)
        digests, published, licence = await asyncio.gather(
            repository.digests(wanted.path),
            repository.published(package) if needs.dates else _unasked(),
            repository.licence(package) if needs.licences else _unasked(),
        )
        algorithm, digest = next(iter(digests.items()))
        # All files of a version go by the version's clock, where the repository has no date of its POM.
        identity = "" if published is None else f"{algorithm}:{digest}"
        release = Release(package, published, identity, licence=licence)
        return Promise(release, _filename(wanted), repository.url(wanted.path), digests)

    async def document(self, wanted: Wanted, upstream: Upstream, fetch: Fetch) -> tuple[Source, Release | None]:
        """Checksums and signatures, which are judged with their release, and the prefixes of the repository."""
        repository = self._repository(upstream, fetch)
        key, url = f"maven {wanted.path}", repository.url(wanted.path)
        if wanted.package is None:
            return Source(key, url, check=_check_no_page, size=_MAX_PREFIXES), None
        release = Release(wanted.package, await repository.published(wanted.package))
        if wanted.detail in paths.CHECKSUMS:
            return repository.checksum(wanted.path, wanted.detail), release
        return Source(key, url, immutable=True, check=_check_no_page, size=_MAX_SIGNATURE), release

    def is_sure(self, release: Release, needs: Needs) -> bool:
        """A licence is in the POM, which `promise` reads, and nothing of it runs."""
        del release, needs
        return True

    def inside(self, path: str, filename: str) -> Inside:
        """Nothing that is looked for."""
        del path, filename
        return Inside()

    def file_headers(self, filename: str, digests: Mapping[str, str]) -> Sequence[tuple[str, str]]:
        """The content type, and the checksums that save resolvers the request for a sidecar.

        Source: XChecksumExtractor of the Maven resolver 1.8 and later, which reads sha1 and md5; Gradle reads sha1.
        """
        sums = [(f"x-checksum-{name}", digests[name]) for name in paths.CHECKSUMS if name in digests]
        return (("content-type", _KINDS.get(filename.rpartition(".")[2], _OCTETS)), *sums)

    def listed(self, wanted: Wanted, shelf: Shelf) -> Listing | None:
        """The versions whose POMs are here: who names versions exactly asks for no metadata."""
        package = _package(wanted)
        if package.name == paths.METADATA:
            return None
        poms = [release for path, release in shelf.below(paths.folder_of(package)) if path.endswith(".pom")]
        found = {one.coordinate.version or "": one for one in poms if one.coordinate.at(None) == package}
        versions = tuple(reversed(maven_metadata.newest(tuple(found), len(found))))
        items = tuple(Item(found[one], paths.pom_of(found[one].coordinate)) for one in versions)
        return Listing(package, items, Metadata(versions))

    def told(self, wanted: Wanted, shelf: Shelf) -> tuple[bytes, Release | None] | None:
        """A checksum of a file that is here."""
        there = shelf.file(wanted.path.removesuffix(f".{wanted.detail}"))
        digest = there[1].get(wanted.detail) if there is not None else None
        return (digest.encode(), there[0]) if there is not None and digest is not None else None

    def lacking(self, missed: Sequence[Wanted], found: Sequence[Wanted]) -> Sequence[Coordinate]:
        """The artifact of its metadata, the release of a file. Without a group's plugins and signatures clients go on.

        So they do without what few releases have besides their POM.
        """
        poms = {one.package for one in found if one.path.endswith(".pom")}
        return [
            one.package
            for one in missed
            if one.package is not None
            and one.kind is not Kind.DOCUMENT
            and one.package.name != paths.METADATA
            and not (one.package in poms and one.path.endswith(paths.BESIDE))
        ]

    def refusal(self, status: int, code: str, reason: str) -> Rendered:
        """A problem document, of which Maven 3.9.11 and later print the detail. Source: RFC 9457.

        The type has no parameter, since the first of these resolvers take none.
        """
        title = "refused by policy" if status == 403 else "not available"
        body = json.dumps({"type": "about:blank", "title": title, "status": status, "detail": reason, "code": code})
        return Rendered("application/problem+json", body.encode() + b"\n")

    def _repository(self, upstream: Upstream, fetch: Fetch) -> Repository:
        return Repository(upstream, fetch, self._metadata)


def _package(wanted: Wanted) -> Coordinate:
    if wanted.package is None:
        raise NothingThere(f"{wanted.path} belongs to no package")
    return wanted.package


def _prefixes(group: str, metadata: Metadata) -> Sequence[Item]:
    named = [(paths.plugin(group, plugin.artifact), plugin) for plugin in metadata.plugins]
    return [Item(Release(found, published=_AGELESS), "", plugin) for found, plugin in named if found is not None]


def _filename(wanted: Wanted) -> str:
    return wanted.path.rpartition("/")[2]


def _digest(body: bytes, algorithm: str) -> str:
    return hashlib.new(algorithm, body, usedforsecurity=False).hexdigest()


async def _unasked() -> None:
    """What no policy asks for."""


def _check_no_page(document: Document) -> None:
    if document.body.lstrip().startswith(b"<"):
        raise Malformed(f"answer for {document.url} is a page")
