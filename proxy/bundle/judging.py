"""Whether a line may cross: by the policy of the side that asks, with all that is known of the release there."""

from __future__ import annotations

import fnmatch
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from jhansi_runner.proxy.bundle import naming
from jhansi_runner.proxy.bundle.manifest import ArtifactLine, DocumentLine
from jhansi_runner.proxy.bundle.naming import Registries
from jhansi_runner.proxy.cache.releases import looked_into, release_of
from jhansi_runner.proxy.cache.store import Artifact
from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.policy.decide import PolicySet
from jhansi_runner.proxy.policy.decision import Decision
from jhansi_runner.proxy.registries.upstreams import Upstream


@dataclass(frozen=True, slots=True)
class Scope:
    """What is to cross: of these types, and what one of these patterns names; () for everything."""

    types: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()

    def means(self, coordinate: Coordinate | None, type_: str, *more: str) -> bool:
        """Whether something is meant; `more` are further names of it. What is of no package goes with its registry."""
        if self.types and type_ not in self.types:
            return False
        if coordinate is None or not self.patterns:
            return True
        names = (coordinate.purl, coordinate.at(None).purl, coordinate.name, coordinate.path, *more)
        return any(fnmatch.fnmatchcase(name, pattern) for name in names for pattern in self.patterns)


@dataclass(frozen=True, slots=True)
class Refused:
    """Something that a policy keeps from crossing. `rule` is the line that decided, such as `policy.yaml:12`."""

    purl: str
    filename: str
    code: str
    reason: str
    rule: str


class Judging:
    """One side: its policy, where it gets its packages, its clock."""

    def __init__(
        self,
        policy: PolicySet,
        registries: Registries,
        upstreams: Mapping[str, Upstream],
        now: float | None = None,
    ) -> None:
        self.policy, self.registries, self.upstreams = policy, registries, upstreams
        self.now = time.time() if now is None else now

    def artifact(self, line: ArtifactLine, path: str, *, told: bool = False) -> tuple[Artifact, Refused | None]:
        """What is known of an artifact now, and the refusal of it. `path` is its file, "" where that is not to be had.

        `told` is for what another side says of it, where this one has not looked: then the file's own word counts too
        wherever the policy asks for what is in it. Raises BadManifest, and OSError when the file cannot be read.
        """
        coordinate = naming.coordinate_of(line, self.registries)
        artifact, registry = line.artifact, self.registries[coordinate.type]
        needs = self.policy.needs(coordinate.type)
        doubted = told and (needs.licences or needs.scripts)
        if path and not artifact.inspected and (doubted or not registry.is_sure(release_of(artifact), needs)):
            artifact = looked_into(artifact, registry.inside(path, artifact.filename))
        release = release_of(artifact)
        if release.published is None and line.seen is not None and (not registry.dated or needs.dates):
            release = replace(release, seen=line.seen[0])
        decision = self.policy.judge(release, self.now)
        return artifact, _refusal(decision, coordinate, artifact.filename)

    def document(self, line: DocumentLine) -> Refused | None:
        """The refusal of a document: by its package alone, since it carries nothing else. Raises BadManifest."""
        package = naming.package_of(line, self.registries)
        if package is None:
            return None
        return _refusal(self.policy.decide(package, self.now), package, "")

    def is_own(self, key: str) -> bool:
        """Whether this side's policy names the upstream that an artifact of this key came from."""
        prefix = naming.prefix_of(key)
        upstream = self.upstreams.get(naming.type_of(key))
        return upstream is not None and naming.prefix_of(upstream.key("")) == prefix

    def is_expected(self, key: str, url: str) -> bool:
        """Whether a document came from where this side's policy looks for it."""
        upstream = self.upstreams.get(naming.type_of(key))
        return upstream is not None and url.startswith(upstream.index)


def _refusal(decision: Decision, coordinate: Coordinate, filename: str) -> Refused | None:
    if decision.allowed:
        return None
    where = decision.where if decision.line else decision.source
    return Refused(coordinate.purl, filename, decision.code, decision.sentence(coordinate), where)
