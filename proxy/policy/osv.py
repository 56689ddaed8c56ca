"""The advisories that a policy file names, as it asks for them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.policy.advice import AdvisoriesUnreadable, Advisory
from jhansi_runner.proxy.policy.decide import PolicySet
from jhansi_runner.proxy.policy.model import Advised
from jhansi_runner.proxy.policy.osv_watch import Watched
from jhansi_runner.proxy.policy.problems import Problem

_NAMED = 20
"""Files in trouble that are named."""


@dataclass(frozen=True, slots=True)
class FolderAdvisories:
    """The advisories in a folder. An id that is ignored stands for its aliases: they are one vulnerability."""

    watched: Watched
    ignored: frozenset[str]

    def about(self, coordinate: Coordinate) -> Sequence[Advisory]:
        """Those that affect this version, malware first; without a version, those that affect every one.

        Raises AdvisoriesUnreadable.
        """
        hits = self.watched.hits(coordinate)
        return [hit.advisory for hit in hits if self.ignored.isdisjoint(hit.names)]


def advisories_for(advised: Advised) -> FolderAdvisories:
    """What a policy file names, ready to be asked: a folder that was never read is read now, which may take a minute.

    A folder that cannot be read is told by whatever is asked.
    """
    watched = _watched(advised.folder, paths.current(os.environ).cache)
    watched.refresh()
    return FolderAdvisories(watched, advised.ignore)


def glance(policies: PolicySet) -> None:
    """See whether folders of advisories changed, if that was not done a moment ago; nobody waits for it."""
    for one in policies.advisories:
        if isinstance(one, FolderAdvisories):
            one.watched.glance()


def warnings(policies: PolicySet) -> tuple[Problem, ...]:
    """What is wrong with folders of advisories, at the lines that name them."""
    found = []
    for policy, one in zip(policies.layers, policies.advisories, strict=True):
        if policy.advisories is not None and isinstance(one, FolderAdvisories):
            told = _troubles(one.watched)
            found += [Problem(policy.source, policy.advisories.line, 1, text) for text in told]
    return tuple(found)


def _troubles(watched: Watched) -> list[str]:
    try:
        named, count = watched.troubles()
    except AdvisoriesUnreadable as error:
        return [f"the advisories in {watched.folder} cannot be read, so nothing enters: {error}"]
    told = [f"an advisory in {watched.folder} cannot be read in full: {file}: {what}" for file, what in named[:_NAMED]]
    return told + ([f"and {count - len(told):,} more in {watched.folder}"] if count > len(told) else [])


@lru_cache(maxsize=16)
def _watched(folder: str, cache: str) -> Watched:
    """One for all policies that name a folder, so that it is looked at and read once."""
    return Watched(folder, cache)
