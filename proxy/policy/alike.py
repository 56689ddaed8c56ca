"""Which releases of a package a policy cannot tell apart, so that one decision serves them all.

An index of 10,000 files is judged while a client waits, and nearly all of them are old files of an allowed name.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.policy.model import Policy
from jhansi_runner.proxy.policy.names import depends_on_version, telling_apart
from jhansi_runner.proxy.policy.release import Release


def grouping(layers: Sequence[Policy], package: Coordinate, now: float) -> Callable[[Release], Hashable]:
    """Return a function that gives releases of this package the same key only where every layer decides the same.

    `now` is in seconds since the epoch.
    """
    by_version = any(policy.advisories is not None or depends_on_version(policy, package, now) for policy in layers)
    words = _Words(layers, package, now)
    waits = [age.seconds for policy in layers if (age := policy.ages.get(package.type))]
    old = now - max(waits) if waits else None
    limits = [policy.max_size.size for policy in layers if policy.max_size]
    small = min(limits) if limits else None
    by_licence = any(policy.licences is not None for policy in layers)

    def key(release: Release) -> Hashable:
        published, size = release.published, release.size
        settled = old is None or (published is not None and 0 < published <= old)
        return (
            words[release.coordinate.version] if by_version else None,
            release.runs,
            None if settled else (published, release.seen),
            None if size is None or small is None or size <= small else size,
            release.licence if by_licence else None,
        )

    return key


class _Words(dict[str | None, Hashable]):
    """What tells versions apart, found out once for each: the rule that decides or, with advisories, the version."""

    def __init__(self, layers: Sequence[Policy], package: Coordinate, now: float) -> None:
        super().__init__()
        self._advised = any(policy.advisories is not None for policy in layers)
        self._tell = [telling_apart(policy, package, now) for policy in layers]

    def __missing__(self, version: str | None) -> Hashable:
        word: Hashable = version
        if not self._advised:
            # A rule for some versions exempts no unknown one, even where it allows it.
            word = version is None, *(tell(version) for tell in self._tell)
        self[version] = word
        return word
