"""The mirror in this process, asked as any client asks it: judged, kept, shared with others' downloads, recorded."""

from __future__ import annotations

import asyncio
import contextlib
import email.utils
import hashlib
import math
import secrets
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.cache.artifacts import ArtifactFiles
from jhansi_runner.proxy.cache.store import Artifact, Store
from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.ledger import Entry, Ledger
from jhansi_runner.proxy.mirror.answer import Answer, Asker, Request
from jhansi_runner.proxy.mirror.artifacts import Artifacts
from jhansi_runner.proxy.mirror.documents import Documents
from jhansi_runner.proxy.mirror.engine import NO_PACKAGE, Mirror
from jhansi_runner.proxy.mirror.seen import FirstSeen
from jhansi_runner.proxy.mirror.upstream_client import UpstreamClient
from jhansi_runner.proxy.policy.decide import PolicySet
from jhansi_runner.proxy.policy.decision import Decision
from jhansi_runner.proxy.policy.model import Exemption
from jhansi_runner.proxy.policy.release import Needs, Release
from jhansi_runner.proxy.registries.all import registries
from jhansi_runner.proxy.registries.interface import (
    Fetch,
    Kind,
    Listing,
    Malformed,
    NothingThere,
    Refused,
    Registry,
    Source,
    Wanted,
)
from jhansi_runner.proxy.registries.upstreams import Upstream, UpstreamFailure
from jhansi_runner.proxy.service.recorder import Recorder
from jhansi_runner.proxy.service.runs import upstreams_of
from jhansi_runner.runner.console import say
from jhansi_runner.runner.warm.report import CAME, FAILED, MISSING, REFUSED, THERE, Outcome

PHASE = "warm"
_TURNS, _LONGEST_WAIT, _SHORTEST_WAIT = 4, 60.0, 0.1
"""How often something is asked for whose upstream says that it may come later, and how many seconds are waited."""
_PASSING = (429, 503)
_ALL = Needs(dates=True, licences=True)
_LICENCE: frozenset[Exemption] = frozenset(["licence"])
_BLOCK = 1 << 20


@dataclass(slots=True)
class Asking:
    """One warming's way to the mirror. With `offline` the cache alone is asked; with `dry`, no file is.

    What came after `since`, in seconds since the epoch, came for this warming: its tools were run before.
    """

    policy: PolicySet
    offline: bool
    dry: bool
    since: float
    _store: Store
    _mirror: Mirror
    _documents: Documents
    _artifacts: Artifacts
    _client: UpstreamClient
    _recorder: Recorder
    _seen: FirstSeen
    _registries: Mapping[str, Registry]
    _upstreams: Mapping[str, Upstream]
    _asker: Asker
    _not_before: dict[str, float] = field(default_factory=dict)

    def registry(self, type_: str) -> Registry:
        """What is known of a registry."""
        return self._registries[type_]

    def upstream(self, type_: str) -> Upstream | None:
        """Where a registry is, None where the policy lets nothing of it in."""
        return self._upstreams.get(type_)

    async def ask(self, type_: str, path: str, accept: str = "*/*") -> Outcome:
        """Ask for a path below a registry until it is there whole. What may pass by itself is asked for again."""
        for turn in range(_TURNS):
            await asyncio.sleep(max(0.0, self._not_before.get(type_, 0.0) - time.monotonic()))
            outcome, status, retry_after = await self._once(f"/{type_}{path}", accept)
            if status not in _PASSING or not retry_after or turn == _TURNS - 1:
                break
            self._not_before[type_] = time.monotonic() + _seconds(retry_after)
        return outcome

    async def _once(self, path: str, accept: str) -> tuple[Outcome, int, str]:
        request = Request("GET", path, headers={"accept": accept})
        who = Entry("mirror", "", "", "", run=self._asker.run, phase=PHASE)
        answer = await self._recorder.served(
            request, who, lambda: self._mirror.answer(request, self._asker, self._upstreams)
        )
        if answer.download is not None:
            try:
                await answer.download.finished()
            except UpstreamFailure as failure:
                return Outcome(FAILED, reason=str(failure)), failure.status, failure.retry_after
            return Outcome(CAME, answer.download.total or 0), 200, ""
        return _outcome(answer), answer.status, dict(answer.headers).get("retry-after", "")

    async def listing(self, package: Coordinate, shape: str = "") -> Listing:
        """All that the registry has of a package, whatever the policy says; asked for by `ask` before.

        Raises UpstreamFailure, Malformed, NothingThere.
        """
        registry, upstream = self._registries[package.type], self._upstreams[package.type]
        wanted = registry.route(registry.listing_path(package))
        if wanted is None or wanted.kind is not Kind.LISTING:
            raise NothingThere(f"{package.at(None).purl} is no name that its registry can have")
        needs = self.policy.needs(package.type)
        return await registry.listing(wanted, upstream, self._fetch(upstream), needs, shape or registry.shapes[0])

    async def document(self, type_: str, source: Source) -> bytes:
        """A document of an upstream's. Raises UpstreamFailure, also where the cache alone is asked and has it not."""
        return (await self._fetch(self._upstreams[type_])(source)).body

    async def file(self, type_: str, path: str, release: Release | None = None) -> Outcome:
        """Have a file in the cache, with all that a policy may want to know of it.

        `release` is what a listing said of it. Without fetching, the outcome tells what would be.
        """
        wanted = self._registries[type_].route(path)
        if wanted is None or type_ not in self._upstreams:
            return await self.ask(type_, path)
        if self.dry:
            return await self._weighed(type_, wanted, release)
        outcome = await self.ask(type_, path)
        if outcome.good and not self.offline:
            await self._complete(type_, wanted)
        kept = self.kept(type_, path) if outcome.how == THERE else None
        return outcome if kept is None else replace(outcome, how=self._how(kept))

    def came(self) -> Iterator[tuple[str, int]]:
        """What came for this warming, whoever asked for it: registry and path, and bytes."""
        for key, artifact in self._store.artifacts() if self.since < math.inf else ():
            if self._how(artifact) == CAME:
                prefix, _, path = key.partition(" ")
                yield f"{prefix.partition('@')[0]}{path}", artifact.size

    def _how(self, artifact: Artifact) -> str:
        return CAME if artifact.stored >= self.since else THERE

    def kept(self, type_: str, path: str) -> Artifact | None:
        """What the cache knows of a file, None where it has it not."""
        upstream = self._upstreams.get(type_)
        return None if upstream is None else self._artifacts.kept(upstream.key(path))

    async def is_one_of(self, artifact: Artifact, hashes: Iterable[str]) -> bool:
        """Whether a file has one of these hashes, each an algorithm of hashlib's and hex digits."""
        for algorithm, _, wanted in (one.partition(":") for one in hashes):
            found = artifact.digests.get(algorithm)
            if found is None:
                found = await asyncio.to_thread(_digest, self.place(artifact), algorithm)
            if found == wanted.lower():
                return True
        return False

    def place(self, artifact: Artifact) -> str:
        """The path of a file of the cache."""
        return self._artifacts.path(artifact)

    def _fetch(self, upstream: Upstream) -> Fetch:
        return self._documents.fetching(upstream.serves_files, offline=self.offline)

    async def _complete(self, type_: str, wanted: Wanted) -> None:
        """Note date and licence, which the policy of another side may ask for where ours does not."""
        registry, upstream = self._registries[type_], self._upstreams[type_]
        artifact = self._artifacts.kept(upstream.key(wanted.path))
        if artifact is None or not registry.dated or None not in (artifact.published, artifact.licence):
            return
        with contextlib.suppress(UpstreamFailure, Malformed, NothingThere, Refused):
            known = (await registry.promise(wanted, upstream, self._fetch(upstream), _ALL)).release
            published = known.published if artifact.published is None else artifact.published
            licence = known.licence if artifact.licence is None else artifact.licence
            if (published, licence) != (artifact.published, artifact.licence):
                self._artifacts.keep(upstream.key(wanted.path), replace(artifact, published=published, licence=licence))

    async def _weighed(self, type_: str, wanted: Wanted, release: Release | None) -> Outcome:
        """What a file would be, without having it: judged by what is known, and its size by the index or upstream."""
        registry, upstream = self._registries[type_], self._upstreams[type_]
        if wanted.package is not None and not (by_name := self.policy.decide(wanted.package)).allowed:
            return _refused(by_name, wanted.package)  # before anybody is asked about it
        artifact = self._artifacts.kept(upstream.key(wanted.path))
        if artifact is not None:
            return Outcome(self._how(artifact), artifact.size)
        if self.offline:
            return Outcome(MISSING, reason="it is not in the cache")
        try:
            promise = await registry.promise(wanted, upstream, self._fetch(upstream), self.policy.needs(type_))
            known = release if release is not None and release.size is not None else promise.release
            known = self._seen.recall([known])[0]
            decision = self.policy.judge(known, time.time(), _LICENCE if known.licence is None else frozenset())
            if not decision.allowed:
                return _refused(decision, known.coordinate)
            if known.size is not None:
                return Outcome(CAME, known.size)
            async with self._client.file(promise.url, promise.headers, upstream.serves_files) as response:
                return Outcome(CAME, response.content_length or 0)
        except UpstreamFailure as failure:
            return Outcome(MISSING if failure.status == 404 else FAILED, reason=str(failure))
        except (Malformed, NothingThere, Refused) as failure:
            return Outcome(MISSING, reason=str(failure))


@asynccontextmanager
async def asking(
    policy: PolicySet, folders: paths.Paths, *, offline: bool, dry: bool, since: float = math.inf
) -> AsyncIterator[Asking]:
    """The mirror from here to the end, with the cache and the ledger of this user.

    Raises UnsuitableFileSystem, DamagedCache, UpstreamError, OSError.
    """
    for folder in (folders.cache, folders.state):
        paths.make(folder)
    upstreams, known = upstreams_of(policy), registries()
    store, files = Store(folders.cache), ArtifactFiles(folders.cache)
    files.sweep()
    client, ledger = UpstreamClient(), Ledger(folders.ledger)
    artifacts = Artifacts(store, files, client, say=say)
    try:
        documents = Documents(store, client)
        mirror = Mirror(known, store, documents, artifacts)
        asker = Asker(policy, run=f"warm-{secrets.token_hex(6)}", phase=PHASE, offline=offline)
        recorder = Recorder(ledger, mirror.phrased)
        yield Asking(
            policy,
            offline,
            dry,
            since,
            store,
            mirror,
            documents,
            artifacts,
            client,
            recorder,
            FirstSeen(store),
            known,
            upstreams,
            asker,
        )
    finally:
        await artifacts.close()
        await client.close()
        ledger.close()
        store.close()


def _refused(decision: Decision, package: Coordinate) -> Outcome:
    rule = decision.where if decision.line else decision.source
    return Outcome(REFUSED, 0, decision.code, rule, decision.sentence(package))


def _outcome(answer: Answer) -> Outcome:
    if answer.status in (200, 304):
        return Outcome(CAME if answer.cache == "miss" else THERE, answer.size, body=answer.body)
    denied = answer.status == 403 and answer.code != NO_PACKAGE
    how = REFUSED if denied else MISSING if answer.status in (403, 404) else FAILED
    return Outcome(how, 0, answer.code, answer.rule, answer.reason)


def _seconds(retry_after: str) -> float:
    """How long to wait. Source: RFC 9110, "Retry-After": seconds, or a date."""
    if retry_after.strip().isdigit():
        wanted = float(retry_after[:9])
    else:
        try:
            wanted = email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time()
        except (ValueError, TypeError, OverflowError):
            wanted = _LONGEST_WAIT
    return min(max(wanted, _SHORTEST_WAIT), _LONGEST_WAIT)


def _digest(path: str, algorithm: str) -> str:
    """The digest of a file in hex, "" for an algorithm that is not known."""
    try:
        digest = hashlib.new(algorithm, usedforsecurity=False)
        with open(path, "rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    except (ValueError, OSError):
        return ""
    return digest.hexdigest()
