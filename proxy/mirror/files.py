"""Artifacts: from the cache, or fetched once for all who ask; judged every time, by all that is known of them."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from jhansi_runner.proxy.cache.releases import looked_into, release_of
from jhansi_runner.proxy.cache.store import Artifact
from jhansi_runner.proxy.ledger import NOT_CACHED
from jhansi_runner.proxy.memory import Memory
from jhansi_runner.proxy.mirror.answer import SAFE, Answer, Asker, Request, problem
from jhansi_runner.proxy.mirror.artifacts import Artifacts
from jhansi_runner.proxy.mirror.documents import Documents
from jhansi_runner.proxy.mirror.fetching import TOO_LARGE
from jhansi_runner.proxy.mirror.judgement import Judge, refusal, refused_by_name
from jhansi_runner.proxy.mirror.ranges import Unsatisfiable, is_unchanged, parse_range
from jhansi_runner.proxy.policy.judge import NOTHING
from jhansi_runner.proxy.policy.model import Exemption
from jhansi_runner.proxy.policy.release import Needs, Release
from jhansi_runner.proxy.registries.interface import Promise, Registry, Wanted
from jhansi_runner.proxy.registries.upstreams import Upstream, UpstreamFailure

_LICENCE: frozenset[Exemption] = frozenset(["licence"])
UPSTREAM = "JR-UPSTREAM"
_SMALL, _REMEMBERED = 1 << 16, 32 << 20
"""Bytes: files up to the first are sent from memory, of which there is the second, in one write with their head."""
_TOLD = 20_000
_REMEMBERED_SECONDS = 1.0
_STREAMED = 1 << 20
"""Files below this many bytes are verified before the first byte is sent."""


@dataclass(frozen=True, slots=True)
class _Told:
    """What answers tell of an artifact, whoever asks: made once, since it would take a tenth of the time of a hit."""

    artifact: Artifact
    release: Release
    headers: tuple[tuple[str, str], ...]
    etag: str


class Files:
    """Answers what is a FILE."""

    def __init__(self, documents: Documents, artifacts: Artifacts, judge: Judge) -> None:
        self._documents, self._artifacts, self._judge = documents, artifacts, judge
        self._told: Memory[str, _Told] = Memory(_TOLD)
        self._small: Memory[str, tuple[float, bytes]] = Memory(_REMEMBERED, lambda kept: len(kept[1]))

    async def answer(
        self, registry: Registry, wanted: Wanted, request: Request, asker: Asker, upstream: Upstream
    ) -> Answer:
        """Answer a request. Raises what `Registry.promise` raises."""
        denied = refused_by_name(asker, wanted.package)
        if denied is not None:
            return denied
        key = upstream.key(wanted.path)
        needs = asker.policy.needs(registry.type)
        artifact = self._artifacts.kept(key)
        if artifact is not None and (asker.offline or not _lacks(artifact, registry, needs)):
            return await self._kept(key, artifact, registry, request, asker, needs, "hit")
        fetch = self._documents.fetching(upstream.serves_files, offline=asker.offline)
        promise = await registry.promise(wanted, upstream, fetch, needs)
        known = promise.release
        unread = _LICENCE if known.licence is None else NOTHING  # it may be in the file itself
        denied = refusal(self._judge.decide(registry, known, asker, unread), known.coordinate)
        if denied is not None:
            return denied
        if artifact is None:
            return await self._within_limit(key, promise, registry, request, asker, upstream, needs)
        # Nobody needed to know this when it was fetched.
        licence = known.licence if artifact.licence is None else artifact.licence
        artifact = replace(artifact, published=known.published, licence=licence)
        self._artifacts.keep(key, artifact)
        return await self._kept(key, artifact, registry, request, asker, needs, "hit")

    async def _within_limit(
        self,
        key: str,
        promise: Promise,
        registry: Registry,
        request: Request,
        asker: Asker,
        upstream: Upstream,
        needs: Needs,
    ) -> Answer:
        """Fetch at most what the asker's policy takes. One who joins another's download may take more: then again."""
        most = asker.policy.size_limit(promise.release.coordinate)
        bounded = promise if most is None else replace(promise, at_most=min(promise.at_most, most))
        for last in (False, False, True):
            try:
                return await self._fetched(key, bounded, registry, request, asker, upstream, needs)
            except UpstreamFailure as failure:
                if failure.status != TOO_LARGE:
                    raise
                if most is not None:
                    release = replace(promise.release, size=most + 1)
                    denied = refusal(self._judge.decide(registry, release, asker, _LICENCE), release.coordinate)
                    if denied is not None:
                        return denied
                if last:
                    raise UpstreamFailure(str(failure)) from failure
        raise AssertionError("one of three turns is the last")

    async def _fetched(
        self,
        key: str,
        promise: Promise,
        registry: Registry,
        request: Request,
        asker: Asker,
        upstream: Upstream,
        needs: Needs,
    ) -> Answer:
        purl, size = promise.release.coordinate.purl, promise.release.size
        if asker.offline:
            return problem(404, NOT_CACHED, f"offline, and {promise.filename} was never fetched", purl=purl)
        download = self._artifacts.download(key, promise, upstream.serves_files)
        headers = _headers(registry, promise.filename, promise.digests)
        undecided = not registry.is_sure(promise.release, needs)
        if not undecided and request.method == "HEAD" and size is not None:
            return Answer(200, headers, size=size, purl=purl)
        whole = not undecided and not request.header("range") and request.method == "GET"
        if whole and (size is None or size >= _STREAMED):
            await download.started()
            if not download.verified and download.total is not None and download.total >= _STREAMED:
                return Answer(200, headers, size=download.total, download=download, purl=purl, cache="miss")
        await download.finished()
        artifact = self._artifacts.kept(key)
        if artifact is None:
            return problem(503, UPSTREAM, f"{promise.filename} was fetched but is gone from the cache", purl=purl)
        return await self._kept(key, artifact, registry, request, asker, needs, "miss")

    async def _kept(
        self, key: str, artifact: Artifact, registry: Registry, request: Request, asker: Asker, needs: Needs, how: str
    ) -> Answer:
        told = self._tell(key, artifact, registry)
        if not artifact.inspected and not registry.is_sure(told.release, needs):
            path = self._artifacts.path(artifact)
            artifact = looked_into(artifact, await asyncio.to_thread(registry.inside, path, artifact.filename))
            self._artifacts.keep(key, artifact)
            told = self._tell(key, artifact, registry)
        decision = self._judge.decide(registry, told.release, asker)
        denied = refusal(decision, told.release.coordinate)
        if denied is not None:
            return denied
        answer = self._from_cache(told, request, how)
        return replace(answer, observed=decision.observed) if decision.observed else answer

    def _tell(self, key: str, artifact: Artifact, registry: Registry) -> _Told:
        """What is told of an artifact, made anew when another one took its place."""
        told = self._told.get(key)
        if told is None or told.artifact is not artifact:
            etag = f'"{artifact.sha256}"'
            headers = (*_headers(registry, artifact.filename, artifact.digests), ("etag", etag))
            told = _Told(artifact, release_of(artifact), headers, etag)
            self._told.keep(key, told)
        return told

    def _from_cache(self, told: _Told, request: Request, how: str) -> Answer:
        artifact, headers, etag, wanted = told.artifact, told.headers, told.etag, request.header("range")
        if is_unchanged(request.header("if-none-match"), etag):
            return Answer(304, headers, purl=artifact.purl, cache=how)
        path = self._artifacts.path(artifact)
        try:
            span = parse_range(wanted, request.header("if-range"), artifact.size, etag) if wanted else None
        except Unsatisfiable:
            return Answer(416, (("content-range", f"bytes */{artifact.size}"),), purl=artifact.purl, cache=how)
        if span is None:
            body = self._content(artifact, path)
            file = "" if body else path
            return Answer(200, headers, body, file, artifact.size, purl=artifact.purl, cache=how)
        start, end = span
        ranged = (*headers, ("content-range", f"bytes {start}-{end - 1}/{artifact.size}"))
        return Answer(206, ranged, file=path, size=end - start, span=span, purl=artifact.purl, cache=how)

    def _content(self, artifact: Artifact, path: str) -> bytes:
        """The bytes of a small and sound file, read within the last second; b"" for every other file."""
        if artifact.size > _SMALL:
            return b""
        now = time.monotonic()
        kept = self._small.get(artifact.sha256)
        if kept is not None and now - kept[0] < _REMEMBERED_SECONDS:
            return kept[1]
        try:
            with open(path, "rb") as file:
                found = file.read(_SMALL + 1)
        except OSError:
            return b""
        if hashlib.sha256(found).hexdigest() != artifact.sha256:
            return b""
        self._small.keep(artifact.sha256, (now, found))
        return found


def _lacks(artifact: Artifact, registry: Registry, needs: Needs) -> bool:
    """Whether something has to be asked that nobody needed to know when the artifact was fetched."""
    return (needs.dates and registry.dated and artifact.published is None) or (
        needs.licences and artifact.licence is None
    )


def _headers(registry: Registry, filename: str, digests: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return (
        *registry.file_headers(filename, digests),
        *SAFE,
        ("accept-ranges", "bytes"),
        ("cache-control", "max-age=31536000, immutable"),
    )
