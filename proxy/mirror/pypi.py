"""PyPI on the mirror: index pages filtered by the policy, files that are judged again when they are asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar
from urllib.parse import quote

from jhansi_runner.proxy.cache.store import Artifact, Document
from jhansi_runner.proxy.coordinate import Coordinate, pypi
from jhansi_runner.proxy.ledger import WITHHELD
from jhansi_runner.proxy.mirror.answer import Answer, Asker, Request, problem
from jhansi_runner.proxy.mirror.artifacts import Artifacts
from jhansi_runner.proxy.mirror.documents import Documents, NotCached
from jhansi_runner.proxy.mirror.download import Promise
from jhansi_runner.proxy.mirror.pypi_view import View, is_servable, refusal, view
from jhansi_runner.proxy.mirror.ranges import Unsatisfiable, parse_range
from jhansi_runner.proxy.mirror.upstream_client import UpstreamFailure
from jhansi_runner.proxy.policy.codes import DENY_RULE
from jhansi_runner.proxy.registries import pypi as grammar
from jhansi_runner.proxy.registries.pypi_index import (
    HTML_TYPE,
    JSON_TYPE,
    IndexFile,
    MalformedIndex,
    ProjectIndex,
    accepts_json,
    parse,
    render_html,
    render_json,
)
from jhansi_runner.proxy.registries.upstreams import Upstream

_ACCEPT = f"{JSON_TYPE}, {HTML_TYPE};q=0.2, text/html;q=0.1"
_PAGES = 64
_K = TypeVar("_K")
_V = TypeVar("_V")
NO_PACKAGE = "JR-NO-PACKAGE"
NOT_CACHED = "JR-NOT-CACHED"
UPSTREAM = "JR-UPSTREAM"


@dataclass(frozen=True, slots=True)
class _Page:
    index: ProjectIndex
    how: str
    version: str
    """Changes whenever the raw document does."""


class PypiMirror:
    """Answers what is below `/pypi`."""

    def __init__(self, documents: Documents, artifacts: Artifacts) -> None:
        self._documents, self._artifacts = documents, artifacts
        self._parsed: dict[tuple[str, str], ProjectIndex] = {}
        self._views: dict[tuple[str, ...], tuple[View, bytes, str]] = {}

    async def answer(self, request: Request, asker: Asker, upstream: Upstream) -> Answer:
        """Answer a GET or HEAD for a path below `/pypi`."""
        route = None if request.query else grammar.route(request.path)
        if route is None:
            return problem(
                403,
                NO_PACKAGE,
                f"{request.path[:200]} names no package of PyPI; only index pages and files are served",
            )
        try:
            if route.kind is grammar.Kind.INDEX:
                return await self._index(route.project, request, asker, upstream)
            return await self._file(route, request, asker, upstream)
        except NotCached as failure:
            return problem(404, NOT_CACHED, str(failure))
        except UpstreamFailure as failure:
            return problem(failure.status, UPSTREAM, str(failure), retry_after=failure.retry_after)
        except MalformedIndex as failure:
            return problem(502, UPSTREAM, f"upstream's {failure}")

    async def _index(self, project: str, request: Request, asker: Asker, upstream: Upstream) -> Answer:
        coordinate = pypi(project)
        denied = refusal(asker, coordinate)
        if denied is not None and denied.code != DENY_RULE:
            return denied
        wants_fresh = "max-age=0" in request.header("cache-control") or "no-cache" in request.header("cache-control")
        try:
            page = await self._page(project, upstream, revalidate=wants_fresh, offline=asker.offline)
        except (UpstreamFailure, MalformedIndex):
            if denied is not None:
                return denied
            raise
        as_json = accepts_json(request.header("accept"))
        shown, body, etag = self._view(page, as_json, asker, upstream)
        if denied is not None and not shown.files:
            return denied  # nothing that could be refused in its place
        headers = (
            ("content-type", JSON_TYPE if as_json else "text/html; charset=utf-8"),
            ("etag", etag),
            ("cache-control", "max-age=0, must-revalidate"),
            ("vary", "Accept"),
        )
        answer = Answer(
            200,
            headers,
            body,
            size=len(body),
            purl=coordinate.purl,
            cache=page.how,
            code=WITHHELD if shown.withheld else "",
            reason=shown.withheld,
            rule=shown.rule,
        )
        unchanged = etag in [tag.strip() for tag in request.header("if-none-match").split(",")]
        return replace(answer, status=304, body=b"", size=0) if unchanged else answer

    def _view(self, page: _Page, as_json: bool, asker: Asker, upstream: Upstream) -> tuple[View, bytes, str]:
        names = [policy.source for policy in asker.policy.layers]  # refusals name them, digests do not count them
        key = (page.index.project, page.version, asker.policy.digest, *names, str(as_json), str(asker.canonical))
        known = None if asker.offline else self._views.get(key)
        if known is not None:
            return known
        shown = view(page.index, asker, upstream, self._is_kept)
        render = render_json if as_json else render_html
        body = render(ProjectIndex(page.index.project, shown.files), _placer(asker.canonical))
        rendered = shown, body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        if not asker.offline:  # what is in the cache changes from one moment to the next
            _keep(self._views, key, rendered)
        return rendered

    def _is_kept(self, file: IndexFile) -> bool:
        return self._artifacts.kept(_key(file.host, file.path, grammar.Kind.FILE)) is not None

    async def _page(
        self, project: str, upstream: Upstream, *, revalidate: bool = False, offline: bool = False
    ) -> _Page:
        key = f"pypi {project}"
        url = upstream.index + project + "/"
        kept = await self._documents.get(
            key,
            url,
            _ACCEPT,
            _may_dial(upstream),
            lambda document: self._parse(project, document),
            revalidate=revalidate,
            offline=offline,
        )
        index, version = self._parse(project, kept.document)
        return _Page(index, kept.how, version)

    def _parse(self, project: str, document: Document) -> tuple[ProjectIndex, str]:
        origin = f"{document.url} {document.content_type}\n".encode()
        version = hashlib.sha256(origin + document.body).hexdigest()
        index = self._parsed.get((project, version))
        if index is None:
            index = parse(document.body, document.content_type, document.url, project)
            _keep(self._parsed, (project, version), index)
        return index, version

    async def _file(self, route: grammar.Route, request: Request, asker: Asker, upstream: Upstream) -> Answer:
        if not upstream.serves_files("https", route.host):
            return problem(403, NO_PACKAGE, f"{route.host} does not serve files of this registry")
        key = _key(route.host, route.path, route.kind)
        artifact = self._artifacts.kept(key)
        if artifact is None:
            found = await self._promised(route, asker, upstream)
            if isinstance(found, Answer):
                return found
            refused = refusal(asker, Coordinate.parse(found.purl), not route.filename.endswith(".whl"))
            if refused is not None:
                return refused
            if asker.offline:
                return problem(404, NOT_CACHED, f"offline, and {found.filename} was never fetched", purl=found.purl)
            return await self._fetched(key, found, request, upstream)
        refused = refusal(asker, Coordinate.parse(artifact.purl), not route.filename.endswith(".whl"))
        return refused or self._from_cache(artifact, request, "hit")

    async def _fetched(self, key: str, promise: Promise, request: Request, upstream: Upstream) -> Answer:
        download = self._artifacts.download(key, promise, _may_dial(upstream))
        if request.method == "HEAD" and promise.size is not None:
            return Answer(200, _file_headers(promise.filename, promise.sha256), size=promise.size, purl=promise.purl)
        whole = not request.header("range") and request.method == "GET"
        if whole and (promise.size is None or promise.size >= _STREAMED):
            await download.started()
            if not download.verified and download.total is not None and download.total >= _STREAMED:
                headers = _file_headers(promise.filename, promise.sha256)
                return Answer(200, headers, size=download.total, download=download, purl=promise.purl, cache="miss")
        await download.finished()
        artifact = self._artifacts.kept(key)
        if artifact is None:
            return problem(
                503, UPSTREAM, f"{promise.filename} was fetched but is gone from the cache", purl=promise.purl
            )
        return self._from_cache(artifact, request, "miss")

    def _from_cache(self, artifact: Artifact, request: Request, how: str) -> Answer:
        headers = _file_headers(artifact.filename, artifact.sha256)
        path = self._artifacts.path(artifact)
        try:
            span = parse_range(
                request.header("range"), request.header("if-range"), artifact.size, _etag(artifact.sha256)
            )
        except Unsatisfiable:
            return Answer(416, (("content-range", f"bytes */{artifact.size}"),), purl=artifact.purl, cache=how)
        if span is None:
            return Answer(200, headers, file=path, size=artifact.size, purl=artifact.purl, cache=how)
        start, end = span
        ranged = (*headers, ("content-range", f"bytes {start}-{end - 1}/{artifact.size}"))
        return Answer(206, ranged, file=path, size=end - start, span=span, purl=artifact.purl, cache=how)

    async def _promised(self, route: grammar.Route, asker: Asker, upstream: Upstream) -> Promise | Answer:
        """What the index says of a file; a file that is in no index is refused."""
        for project in grammar.projects_of(route.filename):
            refused = refusal(asker, pypi(project))
            if refused is not None:
                return refused
            try:
                page = await self._page(project, upstream, offline=asker.offline)
                if page.index.find(route.host, route.path) is None and page.how == "hit" and not asker.offline:
                    page = await self._page(project, upstream, revalidate=True)
            except UpstreamFailure as failure:
                if failure.status == 404 and not isinstance(failure, NotCached):
                    continue
                raise
            file = page.index.find(route.host, route.path)
            if file is not None:
                return _promise(route, file, pypi(project, file.version), upstream)
        return problem(403, NO_PACKAGE, f"{route.filename} at {route.host} is in no index page of PyPI's")


_STREAMED = 1 << 20
"""Files below this many bytes are verified before the first byte is sent."""
_MAX_METADATA = 16 << 20


def _promise(route: grammar.Route, file: IndexFile, coordinate: Coordinate, upstream: Upstream) -> Promise | Answer:
    if not is_servable(file, upstream):
        return problem(403, NO_PACKAGE, f"the index gives no sha256, version or allowed host for {file.filename}")
    if route.kind is grammar.Kind.FILE:
        return Promise(coordinate.purl, file.filename, file.url, file.sha256, file.size)
    if not file.metadata_sha256:
        return problem(404, NO_PACKAGE, f"the index promises no metadata for {file.filename}", purl=coordinate.purl)
    url, name = file.url + grammar.METADATA, file.filename + grammar.METADATA
    return Promise(coordinate.purl, name, url, file.metadata_sha256, None, _MAX_METADATA)


def _may_dial(upstream: Upstream) -> Callable[[str, str], bool]:
    return upstream.serves_files


def _placer(canonical: bool) -> Callable[[IndexFile], str]:
    """Where a client is to fetch a file: the true URL when it comes through the gate, else below the mirror."""

    def place(file: IndexFile) -> str:
        if canonical and file.url.startswith("https://") and ":" not in file.host:
            return file.url
        return f"../../files/{file.host}/{quote(file.path, safe='/+!=@~')}"

    return place


def _key(host: str, path: str, kind: grammar.Kind) -> str:
    return f"pypi {kind.value} {host} {path}"


def _etag(sha256: str) -> str:
    return f'"{sha256}"'


def _file_headers(filename: str, sha256: str) -> tuple[tuple[str, str], ...]:
    kind = "text/plain; charset=utf-8" if filename.endswith(grammar.METADATA) else "application/octet-stream"
    return (
        ("content-type", kind),
        ("etag", _etag(sha256)),
        ("accept-ranges", "bytes"),
        ("cache-control", "max-age=31536000, immutable"),
    )


def _keep(memory: dict[_K, _V], key: _K, value: _V) -> None:
    if len(memory) >= _PAGES:
        memory.pop(next(iter(memory)))
    memory[key] = value
