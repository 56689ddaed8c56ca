"""A stored set under another policy than the one that let it in: judged again, without asking anybody."""

from __future__ import annotations

import os

from jhansi_runner.proxy.cache.store import Store
from jhansi_runner.proxy.coordinate import Coordinate, pypi
from jhansi_runner.proxy.mirror.seen import FirstSeen
from jhansi_runner.proxy.policy.decide import PolicySet
from jhansi_runner.proxy.policy.release import Release
from jhansi_runner.resolvers.python import steps


def still_allowed(lock: str, built: bool, policy: PolicySet, cache: str, now: float) -> bool:
    """Whether a policy lets in every package of a lock, by what the cache knows of each; what is not known means no.

    "No" costs a new resolution through the gate, which knows more. `now` is in seconds since the epoch.
    """
    packages = [pypi(name, version) for name, version in steps.locked(lock)]
    if any(not policy.decide(package, now).allowed for package in packages):
        return False
    if built and policy.sdists == "deny":
        return False
    known = _known(steps.hashes(lock), cache)
    return all(
        policy.judge(release, now).allowed
        for package in packages
        for release in known.get(package) or [Release(package, size=0)]
    )


def _known(hashes: frozenset[str], cache: str) -> dict[Coordinate, list[Release]]:
    """The releases of the artifacts that a lock names and that are in the cache."""
    found: dict[Coordinate, list[Release]] = {}
    if not os.path.isdir(cache):
        return found
    from jhansi_runner.proxy.mirror.files import release_of

    store = Store(cache)
    try:
        for _, artifact in store.artifacts():
            if artifact.sha256 in hashes:
                release = FirstSeen(store).recall([release_of(artifact)])[0]
                found.setdefault(release.coordinate, []).append(release)
        return found
    finally:
        store.close()
