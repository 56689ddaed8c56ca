"""PyPI.

    GET /simple/<project>/          the files of a project, as JSON or HTML    (PEP 503, 691, 700)
    GET /files/<host>/<path>        a distribution                             (wheel, sdist)
    GET /files/<host>/<path>.metadata                                          (PEP 658, 714)

Everything else names nothing and is refused. A file's date and sha256 are its project's index's word.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import quote, unquote

from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import Version

from jhansi_runner.proxy.coordinate import Coordinate, pypi
from jhansi_runner.proxy.memory import Memory
from jhansi_runner.proxy.policy.release import SDIST, Needs, Release
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
    Refused,
    Rendered,
    Shelf,
    Source,
    Wanted,
)
from jhansi_runner.proxy.registries.parsed import Parsed
from jhansi_runner.proxy.registries.pypi_index import (
    HTML_TYPE,
    JSON_TYPE,
    SDIST_SUFFIXES,
    IndexFile,
    ProjectIndex,
    accepts_json,
    parse,
    render_html,
    render_json,
)
from jhansi_runner.proxy.registries.pypi_licence import licence_in, licence_inside
from jhansi_runner.proxy.registries.upstreams import Upstream, UpstreamFailure

METADATA = ".metadata"
_ACCEPT = f"{JSON_TYPE}, {HTML_TYPE};q=0.2, text/html;q=0.1"
_MAX_METADATA = 16 << 20
_ITEMS = 300_000

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?(?::[0-9]{1,5})?")
_SEGMENT = re.compile(r"[A-Za-z0-9._+!=@~-]{1,255}")
_SUFFIXES = (".whl", *SDIST_SUFFIXES)
_MAX_SEGMENTS = 12


class Pypi:
    """The Python package index."""

    type = "pypi"
    refused_in_listing = False  # pip and uv print nothing of a refused index. Source: ADR 0004
    dated = True
    shapes = ("json", "html")

    def __init__(self) -> None:
        self._indexes: Parsed[ProjectIndex] = Parsed(_read)
        self._listings: Memory[tuple[Coordinate, Upstream], Listing] = Memory(_ITEMS, lambda one: len(one.items) + 1)

    def route(self, path: str) -> Wanted | None:
        """Read a path of the mirror, below `/pypi`; None when it names nothing."""
        head, _, rest = path.removeprefix("/").partition("/")
        if head == "simple":
            name = rest.removesuffix("/")
            return _project(canonicalize_name(name)) if _NAME.fullmatch(name) else None
        if head == "files":
            host, _, file_path = rest.partition("/")
            return _file(re.sub("%3a", ":", host, flags=re.IGNORECASE), file_path)  # pip writes a port's colon so
        return None

    def canonical(self, host: str, path: str, upstream: Upstream) -> Wanted | None:
        """Read a URL as clients write it: the public index by name whatever the upstream is, or the operator's."""
        for below in upstream.paths(host, path):
            found = self.route("/simple" + below)
            if found is not None:
                return found
        if upstream.is_public_name(host):
            return self.route(path)  # our own index names files by relative URLs where their own would not do
        return _file(host, path.removeprefix("/")) if upstream.serves_files("https", host) else None

    def listing_path(self, package: Coordinate) -> str:
        """A project's folder."""
        return _project(package.name).path

    def within(self, package: Coordinate) -> Sequence[Coordinate]:
        """Nothing is within another package here."""
        del package
        return ()

    def shape(self, accept: str) -> str:
        """JSON or, for clients that ask for nothing better, HTML."""
        return "json" if accepts_json(accept) else "html"

    async def listing(self, wanted: Wanted, upstream: Upstream, fetch: Fetch, needs: Needs, shape: str) -> Listing:
        """The files of a project; one without a sha256, a version or a permitted host is left out."""
        del needs, shape  # the index tells all that it knows in one page
        package = _package(wanted)
        index = await self._index(package.name, upstream, fetch)
        known = self._listings.get((package, upstream))
        if known is None or known.document is not index:
            items = tuple(_item(file, package) for file in index.files if _is_servable(file, upstream))
            known = Listing(package, items, index)
            self._listings.keep((package, upstream), known)
        return known

    async def _index(self, project: str, upstream: Upstream, fetch: Fetch, *, fresh: bool = False) -> ProjectIndex:
        key = f"pypi {project}"
        source = Source(
            key, f"{upstream.index}{project}/", _ACCEPT, fresh=fresh, check=lambda found: self._indexes(key, found)
        )
        return self._indexes(key, await fetch(source))

    def render(self, wanted: Wanted, listing: Listing, shown: Sequence[Item], ask: Ask) -> Rendered:
        """The index in the form that was asked for."""
        del wanted
        files = tuple(_promised(item, ask) for item in shown if isinstance(item.detail, IndexFile))
        index = ProjectIndex(listing.package.name, files)
        as_json = ask.shape == "json"
        way = "mirror" if ask.base else "canonical"
        body = (render_json if as_json else render_html)(index, _placer(canonical=not ask.base), way)
        return Rendered(JSON_TYPE if as_json else "text/html; charset=utf-8", body, (("vary", "Accept"),))

    async def promise(self, wanted: Wanted, upstream: Upstream, fetch: Fetch, needs: Needs) -> Promise:
        """What the index says of a file. Raises Refused for one that is in no index: nothing vouches for it."""
        host, path = _place(wanted)
        if not upstream.serves_files("https", host):
            raise Refused(f"{host} does not serve files of this registry")
        name = path.rsplit("/", 1)[-1]
        for project in projects_of(name):
            file = await self._find(project, host, path, upstream, fetch)
            if file is None:
                continue
            if not _is_servable(file, upstream):
                raise Refused(f"the index gives no sha256, version or allowed host for {file.filename}")
            release = _release(file, pypi(project))
            if wanted.path.endswith(METADATA):
                return _metadata(file, release)
            if needs.licences and file.metadata_sha256:
                release = replace(release, licence=await _declared(file, release, fetch))
            return Promise(release, file.filename, file.url, {"sha256": file.sha256})
        raise Refused(f"{name} at {host} is in no index page of PyPI's")

    async def _find(self, project: str, host: str, path: str, upstream: Upstream, fetch: Fetch) -> IndexFile | None:
        try:
            index = await self._index(project, upstream, fetch)
            found = index.find(host, path)
            return found or (await self._index(project, upstream, fetch, fresh=True)).find(host, path)
        except UpstreamFailure as failure:
            if failure.absent:
                return None
            raise

    async def document(self, wanted: Wanted, upstream: Upstream, fetch: Fetch) -> tuple[Source, Release | None]:
        """PyPI has none."""
        del upstream, fetch
        raise NothingThere(f"{wanted.path} is nothing that PyPI has")

    def is_sure(self, release: Release, needs: Needs) -> bool:
        """A licence is told by the file's separate metadata or inside it."""
        return not needs.licences or release.licence is not None

    def inside(self, path: str, filename: str) -> Inside:
        """What the metadata inside a wheel or an sdist declares."""
        return Inside(licence_inside(path, filename))

    def file_headers(self, filename: str, digests: Mapping[str, str]) -> Sequence[tuple[str, str]]:
        """The content type."""
        del digests
        kind = "text/plain; charset=utf-8" if filename.endswith(METADATA) else "application/octet-stream"
        return (("content-type", kind),)

    def listed(self, wanted: Wanted, shelf: Shelf) -> Listing | None:
        """Nothing: no file is fetched without its index."""
        del wanted, shelf
        return None

    def told(self, wanted: Wanted, shelf: Shelf) -> tuple[bytes, Release | None] | None:
        """There is no document."""
        del wanted, shelf
        return None

    def lacking(self, missed: Sequence[Wanted], found: Sequence[Wanted]) -> Sequence[Coordinate]:
        """The project of an index, the release of a file. Of metadata without its file nobody is told."""
        del found
        known = (one.package if one.kind is Kind.LISTING else release_of(one.detail) for one in missed)
        return [one for one in known if one is not None]

    def refusal(self, status: int, code: str, reason: str) -> Rendered:
        """A problem document, of which uv prints the detail. Source: RFC 9457."""
        title = "refused by policy" if status == 403 else "not available"
        body = json.dumps({"type": "about:blank", "title": title, "status": status, "detail": reason, "code": code})
        return Rendered("application/problem+json", body.encode() + b"\n")


def projects_of(filename: str) -> tuple[str, ...]:
    """The projects that a file of this name can belong to, most likely first.

    A wheel names its project; an old sdist's name is ambiguous (`a-b-1.tar.gz` is `a-b` or `a`), so the caller
    looks for the file in each project's index.
    """
    if filename.endswith(".whl"):
        name = filename.split("-", 1)[0]
        return (canonicalize_name(name),) if _NAME.fullmatch(name) else ()
    stem = filename
    for suffix in _SUFFIXES:
        stem = stem.removesuffix(suffix)
    parts = stem.split("-")
    names = ["-".join(parts[:end]) for end in range(len(parts) - 1, 0, -1)]
    return tuple(dict.fromkeys(canonicalize_name(n) for n in names if _NAME.fullmatch(n)))[:6]


def release_of(filename: str) -> Coordinate | None:
    """The release that a file's name tells; of an old sdist, whose name is ambiguous, the most likely one."""
    try:
        if filename.endswith(".whl"):
            name, version, *_ = parse_wheel_filename(filename)
            return pypi(name, str(version))
        project = projects_of(filename)[0]
        stem = next(filename.removesuffix(end) for end in SDIST_SUFFIXES if filename.endswith(end))
        return pypi(project, str(Version(stem.rpartition("-")[2])))
    except (ValueError, IndexError, StopIteration):
        return None


def _project(project: str) -> Wanted:
    return Wanted(Kind.LISTING, f"/simple/{project}/", pypi(project))


def _file(host: str, raw: str) -> Wanted | None:
    if not _HOST.fullmatch(host):
        return None
    # Each segment is decoded by itself, so that %2f makes no new one.
    segments = [unquote(part, errors="replace") for part in raw.split("/")]
    if len(segments) > _MAX_SEGMENTS:
        return None
    if any(not _SEGMENT.fullmatch(part) or part in (".", "..") for part in segments):
        return None
    path = "/".join(segments)
    name = segments[-1].removesuffix(METADATA)
    projects = projects_of(name) if name.endswith(_SUFFIXES) else ()
    if not projects:
        return None
    # An sdist's name is ambiguous: only its index tells whose it is.
    return Wanted(Kind.FILE, _file_path(host, path), pypi(projects[0]) if len(projects) == 1 else None, name)


def _file_path(host: str, path: str) -> str:
    return f"/files/{host}/{quote(path, safe='/+!=@~')}"


def _place(wanted: Wanted) -> tuple[str, str]:
    """Host and path of the distribution, also where its metadata is wanted."""
    host, _, path = wanted.path.removeprefix("/files/").partition("/")
    return host, unquote(path).removesuffix(METADATA)


def _read(document: Document) -> ProjectIndex:
    # The project is the last folder of the URL: an index's place is fixed. Source: PEP 503.
    return parse(document.body, document.content_type, document.url, document.url.rstrip("/").rsplit("/", 1)[-1])


def _package(wanted: Wanted) -> Coordinate:
    if wanted.package is None:
        raise NothingThere(f"{wanted.path} names no project")
    return wanted.package


def _release(file: IndexFile, project: Coordinate) -> Release:
    return Release(
        project.at(file.version),
        published=_timestamp(file.upload_time),
        identity=f"sha256:{file.sha256}",
        size=file.size,
        runs=SDIST if file.is_sdist else "",
        filename=file.filename,
    )


def _item(file: IndexFile, project: Coordinate) -> Item:
    return Item(_release(file, project), _file_path(file.host, file.path), file)


def _is_servable(file: IndexFile, upstream: Upstream) -> bool:
    # What is judged is the name that the index gives, what is asked for the one in the URL.
    known = bool(file.sha256) and file.version is not None and file.path.rpartition("/")[2] == file.filename
    return known and upstream.serves_files(file.url.partition("://")[0], file.host)


def _timestamp(text: str | None) -> float | None:
    """Seconds since the epoch; a date without a zone is in UTC. Source: PEP 700."""
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _metadata(file: IndexFile, release: Release) -> Promise:
    if not file.metadata_sha256:
        raise NothingThere(f"the index promises no metadata for {file.filename}")
    name, sha256 = file.filename + METADATA, file.metadata_sha256
    about = replace(release, size=None)  # the file's own clock is its metadata's
    return Promise(about, name, file.url + METADATA, {"sha256": sha256}, at_most=_MAX_METADATA)


async def _declared(file: IndexFile, release: Release, fetch: Fetch) -> str | None:
    """The licence by the file's separate metadata."""

    def check(document: Document) -> None:
        if hashlib.sha256(document.body).hexdigest() != file.metadata_sha256:
            raise Malformed(f"metadata of {file.filename} is not what its index promises")

    source = Source(
        f"pypi {release.identity}{METADATA}", file.url + METADATA, immutable=True, check=check, size=_MAX_METADATA
    )
    return licence_in((await fetch(source)).body)


def _promised(item: Item, ask: Ask) -> IndexFile:
    """A file as it can be had: clients ask for separate metadata when they are told of it, and else do without."""
    file = item.detail
    assert isinstance(file, IndexFile)
    if file.metadata_sha256 is None or ask.has is None or ask.has(item.path + METADATA):
        return file
    return replace(file, metadata_sha256=None)


def _placer(*, canonical: bool) -> Callable[[IndexFile], str]:
    """Where a client is to fetch a file: the true URL when it comes through the gate, else below the mirror."""

    def place(file: IndexFile) -> str:
        if canonical and file.url.startswith("https://") and ":" not in file.host:
            return file.url
        return f"../..{_file_path(file.host, file.path)}"

    return place
