"""The Go module proxy: which URLs there are, and what each names.

    GET /<module>/@v/list                the versions of a module
    GET /<module>/@latest                its newest version, as JSON
    GET /<module>/@v/<revision>.info     the version that a branch or a commit stands for, as JSON
    GET /<module>/@v/<version>.info      a canonical version and its time, as JSON
    GET /<module>/@v/<version>.mod       its go.mod
    GET /<module>/@v/<version>.zip       its source
    GET /sumdb/<name>/supported          the checksum database, see golang_sums
    GET /sumdb/<name>/latest
    GET /sumdb/<name>/lookup/<module>@<version>
    GET /sumdb/<name>/tile/<height>/<level>/<number>[.p/<width>]

Everything else names nothing and is refused. In modules and versions `!x` is written for `X`.

A module's path names the host that it is fetched from, so a made-up path can carry data out to a stranger's host when
the upstream goes there. So it is asked for what it has already, with `Disable-Module-Fetch`, unless the policy says
otherwise; and neither a zip nor a checksum is asked for before the upstream has shown a go.mod of that version.

A go.mod and a checksum belong to their module here, and not to a version: the go command reads them of versions that
another module asks for and nobody uses. What is denied by version or age is refused as `.info` and `.zip`.

A version's date is its commit's, which whoever commits can choose: `published` is None always. A zip is identified by
the h1 of the checksum database where it has one; if that is another one day, the version counts as first seen then.

Source: the Go modules reference, "GOPROXY protocol"; cmd/go/internal/modfetch.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from urllib.parse import unquote

from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.policy.release import Needs, Release
from jhansi_runner.proxy.registries import golang_documents as documents
from jhansi_runner.proxy.registries import golang_lacking as lacking
from jhansi_runner.proxy.registries import golang_names as names
from jhansi_runner.proxy.registries import golang_sums as sums
from jhansi_runner.proxy.registries.interface import (
    Ask,
    Fetch,
    Inside,
    Item,
    Kind,
    Listing,
    NothingThere,
    Promise,
    Refused,
    Rendered,
    Shelf,
    Source,
    Wanted,
)
from jhansi_runner.proxy.registries.upstreams import Upstream, UpstreamFailure

LIST, LATEST, QUERY, INFO, MOD, ZIP, SUMDB = "list", "latest", "query", "info", "mod", "zip", "sumdb"

_SEGMENT = re.compile(r"[A-Za-z0-9._~!+@-]{1,255}")
_MAX_SEGMENTS = 64
_TEXT = "text/plain; charset=utf-8"
_SHOWN = 600
_COLUMNS = 150


class Golang:
    """The registry of Go modules."""

    type = names.TYPE
    refused_in_listing = True
    dated = False
    shapes = ("",)

    def route(self, path: str) -> Wanted | None:
        """Read a path of the mirror, below `/golang`; None when it names nothing."""
        # Each segment is decoded by itself, so that %2f makes no new one. The go command writes `!` as %21.
        segments = [unquote(part, errors="replace") for part in path.removeprefix("/").split("/")]
        if len(segments) > _MAX_SEGMENTS or not all(map(_SEGMENT.fullmatch, segments)):
            return None
        if segments[0] == SUMDB:
            return _of_database("/".join(segments[1:]))
        if segments[-1] == "@latest":
            return _of_module(Kind.LISTING, "/".join(segments[:-1]), "@latest", LATEST)
        if len(segments) > 2 and segments[-2] == "@v":
            return _of_versions("/".join(segments[:-2]), segments[-1])
        return None

    def canonical(self, host: str, path: str, upstream: Upstream) -> Wanted | None:
        """Read a URL as clients write it, `https://host/path`; None when it names nothing of this registry."""
        return next(filter(None, map(self.route, upstream.paths(host, path))), None)

    def listing_path(self, package: Coordinate) -> str:
        """A module's list of versions."""
        return f"/{names.escape(package.path)}/@v/list"

    def within(self, package: Coordinate) -> Sequence[Coordinate]:
        """The modules whose path is a beginning of this one's: any of them may hold a package of this path.

        Source: the Go modules reference, "Resolving a package to a module".
        """
        parts = package.path.split("/")
        return tuple(names.coordinate("/".join(parts[:end])) for end in range(len(parts) - 1, 0, -1))

    def shape(self, accept: str) -> str:
        """There is one form."""
        del accept
        return ""

    async def listing(self, wanted: Wanted, upstream: Upstream, fetch: Fetch, needs: Needs, shape: str) -> Listing:
        """The versions of a module, or the one that a revision or `@latest` stands for.

        After the newest version come those of the list, best first, for when it is refused or the upstream names none.
        """
        del needs, shape
        package, module = _package(wanted)
        if wanted.detail == LIST:
            lines = await _versions(module, upstream, fetch)
            return Listing(package, tuple(_item(module, version, line) for version, line in lines.items()))
        if wanted.detail == QUERY:
            return Listing(package, (await _one(wanted, module, upstream, fetch),))
        try:
            newest = await _one(wanted, module, upstream, fetch)
        except NothingThere:
            others = _by_preference(module, await _versions(module, upstream, fetch))
            if not others:
                raise
            return Listing(package, others)
        try:
            others = _by_preference(module, await _versions(module, upstream, fetch))
        except (NothingThere, UpstreamFailure):
            others = ()
        return Listing(package, (newest, *(other for other in others if other.path != newest.path)))

    def render(self, wanted: Wanted, listing: Listing, shown: Sequence[Item], ask: Ask) -> Rendered:  # noqa: ARG002
        """The lines of the versions, or the JSON of the first one. Raises NothingThere."""
        if wanted.detail == LIST:
            return Rendered(_TEXT, "".join(f"{item.detail}\n" for item in shown).encode())
        if not shown:
            raise NothingThere(f"{_spoken(wanted)} is not to be had")
        body = shown[0].detail
        if not isinstance(body, bytes):  # a line of the list; the time is optional
            body = documents.named(shown[0].release.coordinate.version or "")
        return Rendered("application/json", body)

    async def promise(self, wanted: Wanted, upstream: Upstream, fetch: Fetch, needs: Needs) -> Promise:  # noqa: ARG002
        """What is known of a zip: nothing by the protocol itself, its h1 by the checksum database.

        Raises Refused for a Go distribution that has none, as the go command does.
        """
        package, module = _package(wanted)
        version = package.version or ""
        await _known(module, version, upstream, fetch)
        # An operator's own upstream may serve modules whose names are nobody's business: what the database said of
        # them is compared when a client has asked, and not asked for.
        toolchain = names.is_toolchain(module, version)
        h1 = await _recorded(module, version, upstream, fetch, ask=upstream.is_public or toolchain)
        if toolchain and not h1:
            raise Refused(
                f"{module}@{version} is a Go distribution, and the checksum database cannot be asked about it: set "
                "GOTOOLCHAIN=local to use the one that is installed"
            )
        filename = f"{version}.zip"
        check = partial(sums.check_zip, module=module, version=version, h1=h1)
        release = Release(package, identity=h1)  # without a file name: its clock is the version's, not the zip's own
        url, headers = documents.url(wanted.path, upstream), documents.headers(upstream)
        return Promise(release, filename, url, headers=headers, at_most=sums.MAX_ZIP, check=check)

    async def document(self, wanted: Wanted, upstream: Upstream, fetch: Fetch) -> tuple[Source, Release | None]:
        """Where a `.info`, a `.mod` or a document of a checksum database is.

        Another database than the public one is the business of an operator's own upstream.
        """
        if wanted.detail == SUMDB:
            asked = sums.asked(wanted.path.removeprefix(f"/{SUMDB}/"))
            if asked is None or (upstream.is_public and not sums.is_public(asked.database)):
                raise NothingThere("this checksum database is not served here")
            if asked.module:
                await _known(asked.module, asked.version, upstream, fetch)
            return documents.checksums_at(wanted.path, asked, upstream), None
        package, module = _package(wanted)
        if wanted.detail == MOD:
            source = documents.go_mod_of(module, _last(wanted), upstream)
            await documents.document(source, _spoken(wanted), upstream, fetch)
            return source, None
        source = documents.info_at(wanted.path, module, upstream, package.version)
        await documents.document(source, _spoken(wanted), upstream, fetch)
        return source, Release(package)

    def is_sure(self, release: Release, needs: Needs) -> bool:
        """A module declares no licence but in the words of one, and nothing of it runs."""
        del release, needs
        return True

    def inside(self, path: str, filename: str) -> Inside:
        """Nothing that is looked for."""
        del path, filename
        return Inside()

    def file_headers(self, filename: str, digests: Mapping[str, str]) -> Sequence[tuple[str, str]]:  # noqa: ARG002
        """The content type of a module zip."""
        return (("content-type", "application/zip"),)

    def listed(self, wanted: Wanted, shelf: Shelf) -> Listing | None:
        """The versions whose zips are here, the best first: with a go.sum that has them, nobody asks for a list."""
        package, module = _package(wanted)
        if wanted.detail == QUERY:
            return None
        zips = [release for path, release in shelf.below(documents.path_of(module, "@v/")) if path.endswith(".zip")]
        versions = {release.coordinate.version or "": release for release in zips}
        best_first = sorted(versions, key=names.preference, reverse=True)
        return Listing(package, tuple(replace(_item(module, one, one), release=versions[one]) for one in best_first))

    def told(self, wanted: Wanted, shelf: Shelf) -> tuple[bytes, Release | None] | None:
        """A `.info` of a version whose zip is here, and that checksums are: else the go command asks the database."""
        if wanted.detail == SUMDB:
            asked = sums.asked(wanted.path.removeprefix(f"/{SUMDB}/"))
            return (b"", None) if asked is not None and asked.what == "supported" else None
        if wanted.detail != INFO:
            return None
        package, _ = _package(wanted)
        there = shelf.file(f"{wanted.path.removesuffix(INFO)}{ZIP}")
        return (documents.named(package.version or ""), there[0]) if there is not None else None

    def lacking(self, missed: Sequence[Wanted], found: Sequence[Wanted]) -> Sequence[Coordinate]:
        """The release of a zip, a go.mod or a lookup; of the modules whose lists were asked for, the longest."""
        return lacking.lacking(missed, found)

    def refusal(self, status: int, code: str, reason: str) -> Rendered:  # noqa: ARG002
        """Plain text in a few short lines: the go command prints eight, 648 bytes, and nothing if it cannot be printed.

        Source: cmd/go/internal/web (formatErrorDetail).
        """
        text = reason if code in reason else f"{reason} [{code}]"
        text = "".join(letter if letter.isprintable() else " " for letter in text)
        lines = textwrap.wrap(textwrap.shorten(text, _SHOWN, placeholder=" ..."), _COLUMNS, break_on_hyphens=False)
        return Rendered(_TEXT, "".join(f"{line}\n" for line in lines).encode("utf-8", "replace"))


def _of_versions(escaped: str, last: str) -> Wanted | None:
    if last == "list":
        return _of_module(Kind.LISTING, escaped, "@v/list", LIST)
    stem, _, suffix = last.rpartition(".")
    module, version = names.unescape(escaped), names.unescape(stem)
    if module is None or version is None or suffix not in (INFO, MOD, ZIP):
        return None
    if names.is_release(module, version):
        kind = Kind.FILE if suffix == ZIP else Kind.DOCUMENT
        return _of_module(kind, escaped, f"@v/{last}", suffix, None if suffix == MOD else version)
    if suffix == INFO and names.is_revision(version):
        return _of_module(Kind.LISTING, escaped, f"@v/{last}", QUERY)
    return None


def _of_module(kind: Kind, escaped: str, last: str, detail: str, version: str | None = None) -> Wanted | None:
    module = names.unescape(escaped)
    if module is None or not names.is_module(module):
        return None
    return Wanted(kind, f"/{escaped}/{last}", names.coordinate(module, version), detail)


def _of_database(path: str) -> Wanted | None:
    asked = sums.asked(path)
    if asked is None:
        return None
    package = names.coordinate(asked.module) if asked.module else None
    return Wanted(Kind.DOCUMENT, f"/{SUMDB}/{path}", package, SUMDB)


def _package(wanted: Wanted) -> tuple[Coordinate, str]:
    if wanted.package is None:
        raise NothingThere(f"{wanted.path} belongs to no module")
    return wanted.package, names.module_of(wanted.package)


def _spoken(wanted: Wanted) -> str:
    _, module = _package(wanted)
    if wanted.detail == LATEST:
        return f"newest version of {module}"
    return f"{'go.mod of ' if wanted.detail == MOD else ''}{module}@{_last(wanted)}"


def _last(wanted: Wanted) -> str:
    """The version or revision at the end of a path."""
    return names.unescape(wanted.path.rpartition("/")[2].rpartition(".")[0]) or ""


def _item(module: str, version: str, detail: object) -> Item:
    return Item(Release(names.coordinate(module, version)), documents.version_path(module, version, ZIP), detail)


def _by_preference(module: str, lines: Mapping[str, str]) -> tuple[Item, ...]:
    best_first = sorted(lines, key=names.preference, reverse=True)
    return tuple(_item(module, version, lines[version]) for version in best_first)


async def _one(wanted: Wanted, module: str, upstream: Upstream, fetch: Fetch) -> Item:
    source = documents.info_at(wanted.path, module, upstream)
    told = await documents.document(source, _spoken(wanted), upstream, fetch)
    return _item(module, documents.info(module, told), told.body)


async def _versions(module: str, upstream: Upstream, fetch: Fetch) -> dict[str, str]:
    source = documents.list_of(module, upstream)
    told = await documents.document(source, f"list of the versions of {module}", upstream, fetch)
    return documents.versions(module, told)


async def _known(module: str, version: str, upstream: Upstream, fetch: Fetch) -> None:
    """Raise NothingThere unless the upstream has that version. Clients have asked for its go.mod by then."""
    await documents.document(documents.go_mod_of(module, version, upstream), f"{module}@{version}", upstream, fetch)


async def _recorded(module: str, version: str, upstream: Upstream, fetch: Fetch, *, ask: bool) -> str:
    """The h1 of a zip by the public checksum database; "" when it cannot be had.

    That is no reason to refuse: clients compare for themselves, most often with what their go.sum says.
    """
    database = sums.public_database(upstream.public)
    asked = sums.Asked(database, "lookup", module, version)
    path = f"/{SUMDB}/{database}/lookup/{names.escape(module)}@{names.escape(version)}"
    try:
        told = await fetch(documents.checksums_at(path, asked, upstream, kept_only=not ask)) if database else None
        return sums.recorded(told.body, module, version) if told else ""
    except (UpstreamFailure, ValueError):
        return ""
