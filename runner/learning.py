"""What was learned from artifacts that the mirror verified: which names they provide, kept for later plans.

Only of packages that a rule of the policy allows by their own name: whoever wrote the rule vouches for them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import IO, Protocol, runtime_checkable

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.cache.artifacts import ArtifactFiles
from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.policy.decide import PolicySet
from jhansi_runner.resolvers.resolver import Locked, Resolver

_MOST_BYTES = 1 << 20


@runtime_checkable
class Learner(Protocol):
    """A resolver that learns. Lines are texts of its own, one after the other."""

    def provides(self, artifact: IO[bytes], package: Locked) -> str:
        """The lines about an artifact of a package; it may be hostile."""

    def learned_from(self, text: str) -> frozenset[str]:
        """The purls, without versions, of the packages that lines are about."""

    def knowing(self, text: str, vouched: frozenset[str]) -> Resolver:
        """The resolver with what lines say of the packages `vouched`."""


def learn(folders: paths.Paths, resolver: Resolver, packages: Sequence[Locked], policy: PolicySet) -> None:
    """Keep what the files of packages provide that were just compared with what the mirror verified."""
    if not isinstance(resolver, Learner):
        return
    kept, files = read(folders, resolver.language), ArtifactFiles(folders.cache)
    new = ""
    for each in packages:
        if not _vouched(policy, Coordinate.parse(each.purl)):
            continue
        for digest in each.hashes:
            try:
                with open(files.path(digest.removeprefix("sha256:")), "rb") as artifact:
                    new += resolver.provides(artifact, each)
            except OSError:  # the lock names files for other platforms too
                continue
    fresh = "".join(line for line in dict.fromkeys(new.splitlines(keepends=True)) if line not in kept)
    if fresh and len(kept) + len(fresh) <= _MOST_BYTES:
        paths.make(os.path.dirname(_path(folders, resolver.language)))
        with open(_path(folders, resolver.language), "a", encoding="utf-8") as file:
            file.write(fresh)


def informed(folders: paths.Paths, resolver: Resolver, policy: Callable[[], PolicySet]) -> Resolver:
    """The resolver with what was learned, as far as the policy vouches for it today."""
    if not isinstance(resolver, Learner) or not (kept := read(folders, resolver.language)):
        return resolver
    rules = policy()
    purls = resolver.learned_from(kept)
    return resolver.knowing(kept, frozenset(purl for purl in purls if _vouched(rules, Coordinate.parse(purl))))


def read(folders: paths.Paths, language: str) -> str:
    """The lines of a language, "" for none."""
    try:
        with open(_path(folders, language), encoding="utf-8", errors="replace") as file:
            return file.read(_MOST_BYTES)
    except OSError:
        return ""


def _path(folders: paths.Paths, language: str) -> str:
    return f"{folders.state}/learned/{language}"


def _vouched(policy: PolicySet, coordinate: Coordinate) -> bool:
    """Whether a rule with this package's whole name allows it."""
    package = coordinate.at(None)
    decision = policy.decide(package)
    rule = decision.rule
    return decision.allowed and rule is not None and (rule.namespace, rule.name) == (package.namespace, package.name)
