"""A stored set under another policy than the one that let it in: judged again, without asking anybody."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Protocol

from jhansi_runner.proxy.cache.releases import release_of
from jhansi_runner.proxy.cache.store import Store
from jhansi_runner.proxy.coordinate import PYPI, Coordinate
from jhansi_runner.proxy.mirror.seen import FirstSeen
from jhansi_runner.proxy.policy.decide import PolicySet
from jhansi_runner.proxy.policy.release import Release
from jhansi_runner.resolvers.resolver import Locked


def still_allowed(packages: Sequence[Locked], built: bool, policy: PolicySet, cache: str, now: float) -> bool:
    """Whether a policy lets in every package of a lock, by what the cache knows of each; what is not known means no.

    "No" costs a new resolution through the gate, which knows more. `now` is in seconds since the epoch.
    """
    coordinates = {one: Coordinate.parse(one.purl) for one in packages}
    if any(not policy.decide(each, now).allowed for each in coordinates.values()):
        return False
    if built and policy.sdists == "deny" and any(each.type == PYPI for each in coordinates.values()):
        return False
    known = _known(packages, cache)
    return all(
        policy.judge(release, now).allowed
        for one, coordinate in coordinates.items()
        for release in known.get(one) or [Release(coordinate, size=0)]
    )


def _known(packages: Sequence[Locked], cache: str) -> dict[Locked, list[Release]]:
    """The releases of the artifacts that a lock names and that are in the cache."""
    found: dict[Locked, list[Release]] = {}
    if not os.path.isdir(cache):
        return found
    named: dict[str, list[Locked]] = {}
    for one in packages:
        named.setdefault(one.purl, []).append(one)
    store = Store(cache)
    try:
        for _, artifact in store.artifacts():
            for one in named.get(artifact.purl, ()):
                if is_of(one, artifact):
                    found.setdefault(one, []).append(FirstSeen(store).recall([release_of(artifact)])[0])
        return found
    finally:
        store.close()


class Hashed(Protocol):
    """A file with its sha256, and every other digest of it that is known, by name."""

    @property
    def sha256(self) -> str: ...

    @property
    def digests(self) -> Mapping[str, str]: ...


def is_of(one: Locked, artifact: Hashed) -> bool:
    """Whether an artifact of a package has one of the hashes that a lock gives, where the two can be compared."""
    known = {**artifact.digests, "sha256": artifact.sha256}
    comparable = [hash_.partition(":") for hash_ in one.hashes if hash_.partition(":")[0] in known]
    return not comparable or any(known[name] == value for name, _, value in comparable)
