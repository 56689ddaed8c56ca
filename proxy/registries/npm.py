"""The npm registry: what it has, and in which words. `npm_paths` has its grammar, `npm_packument` its documents."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.policy.release import SCRIPT, Needs, Release
from jhansi_runner.proxy.registries import npm_paths as paths
from jhansi_runner.proxy.registries import npm_render as render
from jhansi_runner.proxy.registries.interface import (
    Ask,
    Document,
    Fetch,
    Inside,
    Item,
    Listing,
    NothingThere,
    Promise,
    Refused,
    Rendered,
    Shelf,
    Source,
    Wanted,
)
from jhansi_runner.proxy.registries.npm_inside import inside
from jhansi_runner.proxy.registries.npm_packument import FULL_TYPE, SHORT_TYPE, Packument, Version, parse, timestamp
from jhansi_runner.proxy.registries.npm_paths import TAGS, TYPE, place
from jhansi_runner.proxy.registries.parsed import Parsed
from jhansi_runner.proxy.registries.upstreams import NotCached, Upstream, UpstreamFailure

_ACCEPT = f"{SHORT_TYPE}; q=1.0, {FULL_TYPE}; q=0.8, */*"
FULL, SHORT = "full", "short"
_SETTLED = 180 * 86400.0
"""Seconds after which a package is dated as a whole if no policy asks for a longer age, else each of its versions."""
_MAX_SHORT, _MAX_FULL = 128 << 20, 256 << 20


@dataclass(frozen=True, slots=True)
class _Read:
    """A packument, when it was fetched, and whether it is what the upstream calls the full one."""

    packument: Packument
    fetched: float
    full: bool


class Npm:
    """The npm registry."""

    type = TYPE
    refused_in_listing = True
    dated = True
    shapes = (FULL, SHORT)

    def __init__(self) -> None:
        self._packuments: Parsed[Packument] = Parsed(_parse)

    def route(self, path: str) -> Wanted | None:
        """Read a path of the mirror, below `/npm`; None when it names nothing."""
        return paths.read(path)

    def canonical(self, host: str, path: str, upstream: Upstream) -> Wanted | None:
        """Read a URL as clients write it: the public registry by any name of it, or the operator's."""
        return next(filter(None, map(self.route, upstream.paths(host, path))), None)

    def listing_path(self, package: Coordinate) -> str:
        """A package's packument."""
        return place(package)

    def within(self, package: Coordinate) -> Sequence[Coordinate]:
        """Nothing is within another package here."""
        del package
        return ()

    def shape(self, accept: str) -> str:
        """The full packument or the abbreviated one."""
        return FULL if render.wants_full(accept) else SHORT

    async def listing(self, wanted: Wanted, upstream: Upstream, fetch: Fetch, needs: Needs, shape: str) -> Listing:
        """The versions of a package, or the one that is asked for; any of them may become what `latest` names.

        A version without a digest, or with its tarball at a host that is not permitted, is left out. The full form is
        read for whoever asks for it: npm 11 and Yarn 4 always do, and Yarn installs nothing that comes without a date.
        """
        package = _package_of(wanted)
        full = needs.licences or shape == FULL
        read = await self._read(package, upstream, fetch, needs, full=full)
        versions: Sequence[Version] = tuple(read.packument.versions.values())
        if wanted.detail not in ("", TAGS, "latest"):
            versions = _called(wanted.detail, versions, read.packument.tags)
            if not versions:
                raise NothingThere(f"{read.packument.name} has no version or tag {wanted.detail}")
        folder = f"{place(package)}/-"
        items = tuple(
            Item(_release(package, read, one, needs), f"{folder}/{one.filename}", one, one.selective)
            for one in versions
            if _url(one.tarball, upstream)
        )
        return Listing(package, items, (read.packument, upstream.public))

    async def _read(
        self, package: Coordinate, upstream: Upstream, fetch: Fetch, needs: Needs, *, full: bool, fresh: bool = False
    ) -> _Read:
        """The packument, abbreviated where that tells enough and `full` is not asked for: full ones can be huge.

        The abbreviated form tells no dates. Where the package last changed long ago no version can be young, and
        otherwise the full one is read. Where there is none, the versions have no dates.
        """
        read = await self._either(package, upstream, fetch, full=full, fresh=fresh)
        if full or not needs.dates or read.packument.times or _settled(read, needs) is not None:
            return read
        try:
            return await self._fetched(package, upstream, fetch, full=True, fresh=fresh)
        except UpstreamFailure as failure:
            if failure.status != 404:
                raise
            return read

    async def _either(self, package: Coordinate, upstream: Upstream, fetch: Fetch, *, full: bool, fresh: bool) -> _Read:
        """One form of the packument. Where nobody can be asked for it, the other serves if that is what is kept."""
        try:
            return await self._fetched(package, upstream, fetch, full=full, fresh=fresh)
        except NotCached:
            return await self._fetched(package, upstream, fetch, full=not full, kept_only=True)

    async def _fetched(
        self,
        package: Coordinate,
        upstream: Upstream,
        fetch: Fetch,
        *,
        full: bool,
        fresh: bool = False,
        kept_only: bool = False,
    ) -> _Read:
        name = place(package)[1:]
        key = f"npm {name} {'full' if full else 'abbreviated'}"
        source = Source(
            key,
            f"{upstream.index}{name.replace('/', '%2f')}",
            FULL_TYPE if full else _ACCEPT,
            fresh=fresh,
            kept_only=kept_only,
            check=lambda found: self._packuments(key, found),
            size=_MAX_FULL if full else _MAX_SHORT,
        )
        document = await fetch(source)
        if document.url != source.url:  # what is kept may be another upstream's
            raise UpstreamFailure(f"{source.url} was never fetched", 404)
        return _Read(self._packuments(key, document), document.fetched, full)

    def render(self, wanted: Wanted, listing: Listing, shown: Sequence[Item], ask: Ask) -> Rendered:
        """The packument, one version or the tags, in the form that the client asks for. Raises NothingThere."""
        packument, public = _document(listing)
        versions = [item.detail for item in shown if isinstance(item.detail, Version)]
        base = f"{ask.base or f'https://{public}'}{place(listing.package)}/-"
        full = ask.shape == FULL
        vary = (("vary", "accept"),)
        if wanted.detail == TAGS:
            return Rendered(FULL_TYPE, render.tags_json(packument, versions), vary)
        if wanted.detail:
            found = _called(wanted.detail, versions, render.tags(packument, versions))
            if not found:
                raise NothingThere(f"nothing that may be had of {packument.name} is called {wanted.detail}")
            return Rendered(FULL_TYPE, render.version_json(packument, found[0], base, full=full), vary)
        body = render.packument_json(packument, versions, base, full=full)
        return Rendered(FULL_TYPE if full else SHORT_TYPE, body, vary)

    async def promise(self, wanted: Wanted, upstream: Upstream, fetch: Fetch, needs: Needs) -> Promise:
        """What the packument says of a tarball. Raises Refused for one that nothing vouches for."""
        package = _package_of(wanted)
        read = await self._vouching(package, wanted.detail, upstream, fetch, needs)
        version = read.packument.files.get(wanted.detail)
        if version is None:
            raise NothingThere(f"{wanted.detail} is no tarball of {read.packument.name} that its packument vouches for")
        url = _url(version.tarball, upstream)
        if not url:
            host = urlsplit(version.tarball).netloc
            raise Refused(f"{wanted.detail} is at {host}, which does not serve files of this registry")
        return Promise(
            _release(package, read, version, needs), version.filename, url, {version.algorithm: version.digest}
        )

    async def _vouching(
        self, package: Coordinate, filename: str, upstream: Upstream, fetch: Fetch, needs: Needs
    ) -> _Read:
        """A packument that knows a tarball: the full one if it is kept anyway; what it says of a version stays true."""
        try:
            read = await self._fetched(package, upstream, fetch, full=True, kept_only=True)
            if filename in read.packument.files:
                return read
        except UpstreamFailure:
            pass
        read = await self._read(package, upstream, fetch, needs, full=needs.licences)
        if filename in read.packument.files:
            return read
        return await self._read(package, upstream, fetch, needs, full=needs.licences, fresh=True)

    async def document(self, wanted: Wanted, upstream: Upstream, fetch: Fetch) -> tuple[Source, Release | None]:
        """There is none that npm needs."""
        del upstream, fetch
        raise NothingThere(f"{wanted.path} is nothing that the npm registry has")

    def is_sure(self, release: Release, needs: Needs) -> bool:
        """Whoever publishes writes what the packument says; npm obeys what the tarball holds."""
        del release
        return not (needs.licences or needs.scripts)

    def inside(self, path: str, filename: str) -> Inside:
        """What the package.json of a tarball declares and runs."""
        del filename
        return inside(path)

    def file_headers(self, filename: str, digests: Mapping[str, str]) -> Sequence[tuple[str, str]]:
        """The content type."""
        del filename, digests
        return (("content-type", "application/octet-stream"),)

    def listed(self, wanted: Wanted, shelf: Shelf) -> Listing | None:
        """Nothing: no tarball is fetched without its packument."""
        del wanted, shelf
        return None

    def told(self, wanted: Wanted, shelf: Shelf) -> tuple[bytes, Release | None] | None:
        """There is no document."""
        del wanted, shelf
        return None

    def lacking(self, missed: Sequence[Wanted], found: Sequence[Wanted]) -> Sequence[Coordinate]:
        """The package of a packument or tag, the release of a version or tarball."""
        del found
        return [paths.of_version(one) for one in missed]

    def refusal(self, status: int, code: str, reason: str) -> Rendered:
        """An object whose `error` npm and Yarn print. pnpm prints the status line's reason alone."""
        del status
        return Rendered(FULL_TYPE, json.dumps({"error": reason, "code": code}).encode() + b"\n")


def _package_of(wanted: Wanted) -> Coordinate:
    if wanted.package is None:
        raise NothingThere(f"{wanted.path} names no package")
    return wanted.package.at(None)


def _parse(document: Document) -> Packument:
    return parse(document.body, unquote(document.url.rpartition("/")[2]))


def _document(listing: Listing) -> tuple[Packument, str]:
    assert isinstance(listing.document, tuple)
    packument, public = listing.document
    return packument, public


def _called(name: str, versions: Sequence[Version], tags: Mapping[str, str]) -> Sequence[Version]:
    """The one of the versions that has this number or, if none has, this tag."""
    exact = [version for version in versions if version.number == name]
    return exact or [version for version in versions if version.number == tags.get(name)]


def _settled(read: _Read, needs: Needs) -> float | None:
    """When a package changed for the last time, if none of its versions was young when its packument was fetched."""
    changed = timestamp(read.packument.modified)
    return changed if changed is not None and changed < read.fetched - max(_SETTLED, needs.age) else None


def _release(package: Coordinate, read: _Read, version: Version, needs: Needs) -> Release:
    times = read.packument.times
    return Release(
        package.at(version.number),
        timestamp(times.get(version.number, "")) if times else _settled(read, needs),
        f"{version.algorithm}:{version.digest}",
        licence=version.licence or "" if read.full else version.licence,
        runs=SCRIPT if version.runs_scripts else "",
        filename=version.filename,
    )


def _url(tarball: str, upstream: Upstream) -> str:
    """Where a tarball is fetched; "" when its host is none that the policy lets out.

    The registry has old packages whose tarballs are at `http:`. A mirror may pass on packuments that name the public
    registry: their tarballs are at the mirror, as npm itself assumes (`replace-registry-host`).
    """
    scheme, _, rest = tarball.partition("://")
    host, _, path = rest.partition("/")
    if upstream.serves_files(scheme, host):
        return tarball
    if upstream.serves_files("https", host):
        return f"https://{rest}"
    return upstream.index + path if upstream.is_public_name(host) else ""
