"""Documents that are passed on as they came: signatures, checksums, a checksum database's notes and tiles."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from jhansi_runner.proxy.mirror.answer import SAFE, Answer, Asker, Request
from jhansi_runner.proxy.mirror.artifacts import Artifacts
from jhansi_runner.proxy.mirror.documents import Documents
from jhansi_runner.proxy.mirror.judgement import Judge, refusal
from jhansi_runner.proxy.mirror.ranges import is_unchanged
from jhansi_runner.proxy.policy.model import Exemption
from jhansi_runner.proxy.policy.release import Release
from jhansi_runner.proxy.registries.interface import Document, Registry, Wanted
from jhansi_runner.proxy.registries.upstreams import NotCached, Upstream

_TEXT = "text/plain; charset=utf-8"
_LICENCE: frozenset[Exemption] = frozenset(["licence"])


class Passed:
    """Answers what is a DOCUMENT."""

    def __init__(self, documents: Documents, artifacts: Artifacts, judge: Judge) -> None:
        self._documents, self._artifacts, self._judge = documents, artifacts, judge

    async def answer(
        self, registry: Registry, wanted: Wanted, request: Request, asker: Asker, upstream: Upstream
    ) -> Answer:
        """Answer a request; what belongs to a release is judged as that. Raises what `Registry.document` raises."""
        try:
            document, how, immutable, release = await self._found(registry, wanted, asker, upstream)
        except NotCached:
            told = registry.told(wanted, self._artifacts.shelf(upstream)) if asker.offline else None
            if told is None:
                raise
            document, release = Document("", 200, _TEXT, "", 0.0, told[0]), told[1]
            how, immutable = "hit", False
        # First, since what does not exist has no age. Signatures and the like carry no licence of their own.
        decision = None if release is None else self._judge.decide(registry, release, asker, _LICENCE)
        if release is not None and decision is not None:
            denied = refusal(decision, release.coordinate)
            if denied is not None:
                return denied
        body = document.body
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        age = "max-age=31536000, immutable" if immutable else "max-age=0, must-revalidate"
        kind = document.content_type or "application/octet-stream"
        answer = Answer(
            200,
            (("content-type", kind), ("etag", etag), ("cache-control", age), *SAFE),
            body,
            size=len(body),
            purl=wanted.package.purl if wanted.package else "",
            cache=how,
            observed=decision.observed if decision else (),
        )
        unchanged = is_unchanged(request.header("if-none-match"), etag)
        return replace(answer, status=304, body=b"", size=0) if unchanged else answer

    async def _found(
        self, registry: Registry, wanted: Wanted, asker: Asker, upstream: Upstream
    ) -> tuple[Document, str, bool, Release | None]:
        """The document, how it was come by, whether it is immutable, and the release it belongs to."""
        fetch = self._documents.fetching(upstream.serves_files, offline=asker.offline)
        source, release = await registry.document(wanted, upstream, fetch)
        kept = await self._documents.get(source, upstream.serves_files, offline=asker.offline)
        return kept.document, kept.how, source.immutable, release
