"""What a bundle would bring, for a reviewer: each artifact as this side's policy, cache and advisories see it.

Source: ADR 0014.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from jhansi_runner.proxy.bundle.judging import Judging, Refused
from jhansi_runner.proxy.bundle.keys import PublicKey
from jhansi_runner.proxy.bundle.manifest import ArtifactLine, Header, uninspected
from jhansi_runner.proxy.bundle.merging import Merging
from jhansi_runner.proxy.bundle.poms import Poms
from jhansi_runner.proxy.bundle.reading import Bundle, opened
from jhansi_runner.proxy.cache.artifacts import ArtifactFiles
from jhansi_runner.proxy.cache.releases import looked_into
from jhansi_runner.proxy.cache.store import Store
from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.policy.advice import AdvisoriesUnreadable, Advisory
from jhansi_runner.proxy.policy.decide import PolicySet


class News(Enum):
    """How new an artifact is to this cache."""

    PACKAGE = "new package"
    VERSION = "new version"
    FILE = "new file"
    KNOWN = "known"
    CONFLICT = "conflict"
    """The cache has another content under this name."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a cache has: packages and releases by package-url, and the hash of each artifact by its key."""

    packages: frozenset[str]
    releases: frozenset[str]
    contents: dict[str, str]


@dataclass(frozen=True, slots=True)
class Brought:
    """One artifact. `published` and `seen` are in seconds since the epoch, `size` in bytes; `age` is in seconds.

    `age` counts from what the policy goes by: the registry's date, else when the other side first saw it; None for
    neither. `licence` and `runs` are as in `Release`. `here` tells whether its content is in this very bundle.
    `refused` is this side's refusal.
    """

    coordinate: Coordinate
    filename: str
    sha256: str
    size: int
    news: News
    here: bool
    published: float | None
    seen: float | None
    age: float | None
    licence: str | None
    runs: str
    advisories: tuple[Advisory, ...]
    refused: Refused | None


@dataclass(frozen=True, slots=True)
class Review:
    """All that a reviewer reads. `signer` is the id of the key that signed it, `documents` counts index documents.

    `advised` tells whether the policy names advisories. Where those cannot be read, it refuses everything, and says so.
    """

    header: Header
    name: str
    signer: str
    brought: tuple[Brought, ...]
    documents: int
    advised: bool

    def counted(self, news: News) -> int:
        """How many artifacts are so new."""
        return sum(one.news is news for one in self.brought)

    @property
    def refused(self) -> Sequence[Brought]:
        """What this side's policy refuses."""
        return [one for one in self.brought if one.refused is not None]

    @property
    def warned(self) -> Sequence[Brought]:
        """What advisories speak of."""
        return [one for one in self.brought if one.advisories]


class Reviewing:
    """Reads a bundle for one side. Nothing of it is kept."""

    def __init__(
        self, store: Store, files: ArtifactFiles, judging: Judging, tell: Callable[[int], None] = lambda _: None
    ) -> None:
        self._store, self._files, self._judging, self._tell = store, files, judging, tell

    def run(self, path: str, trusted: Sequence[PublicKey]) -> Review:
        """Read it to its end. Raises BadBundle, NoBundle, OSError, sqlite3.Error."""
        known = known_to(self._store, self._files)
        merging = Merging(self._store, self._files, self._judging)
        documents, found, poms = 0, [], Poms()
        with self._files.staging() as folder, open(f"{folder}/manifest", "w+b") as manifest:
            with opened(path, trusted, manifest, self._tell) as bundle:
                for given, comes in bundle.lines():
                    if not isinstance(given, ArtifactLine):
                        if comes:
                            bundle.receive(given, None)
                        documents += 1
                        continue
                    place = self._place(bundle, given, comes, folder)
                    news = news_of(given, known)
                    line = uninspected(given)
                    line = line if news is News.CONFLICT else merging.known(line)
                    assert isinstance(line, ArtifactLine)
                    line = self._looked_at(line, place)
                    found.append(brought(line, news, self._judging, place))
                    if place:
                        poms.note(found[-1].coordinate, line.artifact.filename, place)
                bundle.finish()
            rows = tuple(one if one.licence is not None else _licensed(one, poms) for one in found)
            return Review(bundle.header, bundle.name, bundle.key.id, rows, documents, is_advised(self._judging.policy))

    def _place(self, bundle: Bundle, line: ArtifactLine, comes: bool, folder: str) -> str:
        """Where the content of a line can be read now; "" for nowhere."""
        if comes:
            path = f"{folder}/content"
            with open(path, "wb", opener=_private) as file:
                bundle.receive(line, file.fileno())
            return path
        return self._files.path(line.sha256) if self._files.has(line.sha256, line.size) else ""

    def _looked_at(self, line: ArtifactLine, place: str) -> ArtifactLine:
        """A line with what its content says of itself, where this side has not looked yet."""
        artifact = line.artifact
        if not place or artifact.inspected:
            return line
        registry = self._judging.registries[Coordinate.parse(artifact.purl).type]
        return replace(line, artifact=looked_into(artifact, registry.inside(place, artifact.filename)))


def _licensed(one: Brought, poms: Poms) -> Brought:
    return replace(one, licence=poms.licence(one.coordinate))


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o600)


def brought(line: ArtifactLine, news: News, judging: Judging, path: str) -> Brought:
    """One artifact as this side sees it; `path` is its file, "" where that is not to be had. Raises BadManifest."""
    artifact, refused = judging.artifact(line, path)
    seen = line.seen[0] if line.seen is not None and line.seen[1] in ("", artifact.identity) else None
    since = artifact.published if artifact.published is not None else seen
    coordinate = Coordinate.parse(artifact.purl)
    return Brought(
        coordinate,
        artifact.filename,
        artifact.sha256,
        artifact.size,
        news,
        line.carried,
        artifact.published,
        seen,
        None if since is None else max(0.0, judging.now - since),
        artifact.licence,
        artifact.runs,
        advisories_about(judging.policy, coordinate),
        refused,
    )


def is_advised(policy: PolicySet) -> bool:
    """Whether a policy names advisories."""
    return any(one is not None for one in policy.advisories)


def known_to(store: Store, files: ArtifactFiles) -> Known:
    """What a cache has."""
    contents = {key: one for key, one in store.artifacts() if files.has(one.sha256, one.size)}
    releases = {one.purl for one in contents.values()}
    packages = {Coordinate.parse(purl).at(None).purl for purl in releases}
    return Known(frozenset(packages), frozenset(releases), {key: one.sha256 for key, one in contents.items()})


def news_of(line: ArtifactLine, known: Known) -> News:
    """How new an artifact is to a cache."""
    coordinate = Coordinate.parse(line.artifact.purl)
    kept = known.contents.get(line.key)
    if kept is not None:
        return News.KNOWN if kept == line.sha256 else News.CONFLICT
    if coordinate.purl in known.releases:
        return News.FILE
    return News.VERSION if coordinate.at(None).purl in known.packages else News.PACKAGE


def advisories_about(policy: PolicySet, coordinate: Coordinate) -> tuple[Advisory, ...]:
    """The advisories of all policy files about a release, each once."""
    found: dict[str, Advisory] = {}
    for one in policy.advisories:
        if one is not None:
            try:
                found |= {advisory.id: advisory for advisory in one.about(coordinate)}
            except AdvisoriesUnreadable:  # the decision says so: nothing enters
                continue
    return tuple(found.values())
