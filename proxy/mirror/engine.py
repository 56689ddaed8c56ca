"""The mirror: every request for a registry, decided and answered; the registry itself only reads and renders."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from jhansi_runner.proxy.cache.store import Store
from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.ledger import NOT_CACHED
from jhansi_runner.proxy.memory import Memory
from jhansi_runner.proxy.mirror.answer import CODE_HEADER, REASON_HEADER, Answer, Asker, Request, problem
from jhansi_runner.proxy.mirror.artifacts import Artifacts
from jhansi_runner.proxy.mirror.documents import Documents
from jhansi_runner.proxy.mirror.files import UPSTREAM, Files
from jhansi_runner.proxy.mirror.judgement import Judge, refused_by_name
from jhansi_runner.proxy.mirror.listings import Listings
from jhansi_runner.proxy.mirror.passed import Passed
from jhansi_runner.proxy.mirror.seen import FirstSeen
from jhansi_runner.proxy.policy.codes import DENY_DEFAULT, DENY_RULE
from jhansi_runner.proxy.registries.interface import Kind, Malformed, NothingThere, Refused, Registry, Wanted
from jhansi_runner.proxy.registries.upstreams import NotCached, Upstream, UpstreamFailure

NO_PACKAGE = "JR-NO-PACKAGE"
DENY_REGISTRY = "JR-DENY-REGISTRY"
_ROUTES = 20_000


class Mirror:
    """Answers what is below `/<type>` for each registry."""

    def __init__(
        self,
        registries: Mapping[str, Registry],
        store: Store,
        documents: Documents,
        artifacts: Artifacts,
        clock: Callable[[], float] = time.time,
    ) -> None:
        seen = FirstSeen(store)
        judge = Judge(seen, clock)
        self._registries = registries
        self._routes: Memory[str, Wanted] = Memory(_ROUTES)
        self._listings = Listings(documents, artifacts, seen, clock)
        self._files = Files(documents, artifacts, judge)
        self._passed = Passed(documents, artifacts, judge)

    async def answer(self, request: Request, asker: Asker, upstreams: Mapping[str, Upstream]) -> Answer:
        """Answer a GET or HEAD for `/<type>/...`, in the words of that registry."""
        type_, _, rest = request.path.removeprefix("/").partition("/")
        registry, upstream = self._registries.get(type_), upstreams.get(type_)
        if registry is None or upstream is None:
            return problem(403, DENY_REGISTRY, f"the registry {type_[:40]!r} is not enabled by the policy")
        answer = await self._answer(registry, "/" + rest, request, asker, upstream)
        return in_words_of(registry, answer) if answer.status >= 400 and answer.code else answer

    def phrased(self, request: Request, answer: Answer) -> Answer:
        """A refusal in the words of the registry that the request is for, if it is for one."""
        registry = self._registries.get(request.path.removeprefix("/").partition("/")[0])
        return answer if registry is None else in_words_of(registry, answer)

    async def _answer(
        self, registry: Registry, path: str, request: Request, asker: Asker, upstream: Upstream
    ) -> Answer:
        wanted = None if request.query else self._route(registry, path)
        if wanted is None:
            words = f"{path[:200]} names no package of {registry.type}; only what its clients install is served"
            return problem(403, NO_PACKAGE, words)
        try:
            return await self._dispatch(registry, wanted, request, asker, upstream)
        except NotCached as failure:
            return problem(404, NOT_CACHED, str(failure), purl=_purl(wanted))
        except UpstreamFailure as failure:
            words = str(failure)
            return problem(failure.status, UPSTREAM, words, purl=_purl(wanted), retry_after=failure.retry_after)
        except Malformed as failure:
            return problem(502, UPSTREAM, f"upstream's {failure}", purl=_purl(wanted))
        except NothingThere as failure:
            return problem(404, NO_PACKAGE, str(failure.args[0]), purl=_purl(wanted))
        except Refused as failure:
            return problem(403, NO_PACKAGE, str(failure), purl=_purl(wanted))

    def _route(self, registry: Registry, path: str) -> Wanted | None:
        """What a path names; reading it again and again would take a fifth of the time of a hit."""
        key = registry.type + path
        wanted = self._routes.get(key)
        if wanted is None:
            wanted = registry.route(path)
            if wanted is not None:
                self._routes.keep(key, wanted)
        return wanted

    async def _dispatch(
        self, registry: Registry, wanted: Wanted, request: Request, asker: Asker, upstream: Upstream
    ) -> Answer:
        if wanted.kind is Kind.FILE:
            return await self._files.answer(registry, wanted, request, asker, upstream)
        denied = refused_by_name(asker, wanted.package)
        if denied is not None and denied.code == DENY_DEFAULT and _may_be_within(registry, wanted.package, asker):
            return replace(denied, status=404)  # clients stop at a 403, and would not ask for the module that holds it
        if wanted.kind is Kind.DOCUMENT:
            return denied or await self._passed.answer(registry, wanted, request, asker, upstream)
        if denied is not None and (registry.refused_in_listing or denied.code != DENY_RULE):
            return denied
        try:
            return await self._listings.answer(registry, wanted, request, asker, upstream)
        except (UpstreamFailure, Malformed, NothingThere):
            if denied is not None:
                return denied
            raise


def _purl(wanted: Wanted) -> str:
    return wanted.package.purl if wanted.package else ""


def _may_be_within(registry: Registry, package: Coordinate | None, asker: Asker) -> bool:
    """Whether what a refused package names may be part of one that is allowed."""
    outer = registry.within(package) if package is not None else ()
    return any(asker.policy.decide(one).allowed for one in outer)


def in_words_of(registry: Registry, answer: Answer) -> Answer:
    """A refusal or fault as the clients of a registry print it."""
    words = registry.refusal(answer.status, answer.code, answer.reason)
    ours = tuple(pair for pair in answer.headers if pair[0] in (CODE_HEADER, REASON_HEADER, "retry-after"))
    return replace(answer, headers=(("content-type", words.content_type), *words.headers, *ours), body=words.body)
