"""What a bundle would bring, for a reviewer: each artifact as this side's policy, cache and advisories see it.

Source: ADR 0014.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from jhansi_runner.proxy.bundle.manifest import ArtifactLine, Header
from jhansi_runner.proxy.cache.releases import release_of
from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.policy.advice import AdvisoriesUnreadable, Advisory
from jhansi_runner.proxy.policy.decide import PolicySet
from jhansi_runner.proxy.policy.decision import Decision


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
    decision: Decision


@dataclass(frozen=True, slots=True)
class Review:
    """All that a reviewer reads. `signer` is the key that signed it, `comment` what that vouches for besides.

    `documents` counts index documents; `unread` says why advisories could not be asked, "" where they were, or where
    the policy names none: then `advised` is False.
    """

    header: Header
    name: str
    signer: str
    comment: str
    brought: tuple[Brought, ...]
    documents: int
    advised: bool
    unread: str = ""

    def counted(self, news: News) -> int:
        """How many artifacts are so new."""
        return sum(one.news is news for one in self.brought)

    @property
    def refused(self) -> Sequence[Brought]:
        """What this side's policy refuses."""
        return [one for one in self.brought if not one.decision.allowed]

    @property
    def warned(self) -> Sequence[Brought]:
        """What advisories speak of."""
        return [one for one in self.brought if one.advisories]


def brought(line: ArtifactLine, known: Known, policy: PolicySet, now: float) -> Brought:
    """One artifact as this side sees it."""
    artifact = line.artifact
    release = release_of(artifact)
    if line.seen is not None and line.seen[1] in ("", artifact.identity):
        release = replace(release, seen=line.seen[0])
    since = release.published if release.published is not None else release.seen
    return Brought(
        release.coordinate,
        artifact.filename,
        artifact.sha256,
        artifact.size,
        _news(line, release.coordinate, known),
        line.carried,
        release.published,
        release.seen,
        None if since is None else max(0.0, now - since),
        artifact.licence,
        artifact.runs,
        _advisories(policy, release.coordinate),
        policy.judge(release, now),
    )


def is_advised(policy: PolicySet) -> bool:
    """Whether a policy names advisories."""
    return any(one is not None for one in policy.advisories)


def _news(line: ArtifactLine, coordinate: Coordinate, known: Known) -> News:
    kept = known.contents.get(line.key)
    if kept is not None:
        return News.KNOWN if kept == line.sha256 else News.CONFLICT
    if coordinate.purl in known.releases:
        return News.FILE
    return News.VERSION if coordinate.at(None).purl in known.packages else News.PACKAGE


def _advisories(policy: PolicySet, coordinate: Coordinate) -> tuple[Advisory, ...]:
    found: dict[str, Advisory] = {}
    for one in policy.advisories:
        if one is not None:
            try:
                found |= {advisory.id: advisory for advisory in one.about(coordinate)}
            except AdvisoriesUnreadable:  # the decision says so: nothing enters
                continue
    return tuple(found.values())
