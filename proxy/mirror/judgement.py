"""The policy's word as the mirror answers it."""

from __future__ import annotations

from collections.abc import Callable

from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.mirror.answer import Answer, Asker, problem
from jhansi_runner.proxy.mirror.seen import FirstSeen
from jhansi_runner.proxy.policy.decision import Decision, label
from jhansi_runner.proxy.policy.judge import NOTHING
from jhansi_runner.proxy.policy.model import Exemption
from jhansi_runner.proxy.policy.release import Release
from jhansi_runner.proxy.registries.interface import Registry


def refusal(decision: Decision, coordinate: Coordinate) -> Answer | None:
    """The 403 for a package that may not enter, None for one that may."""
    if decision.allowed:
        return None
    return problem(
        403,
        decision.code,
        decision.sentence(coordinate),
        purl=label(coordinate),
        rule=decision.place,
    )


def refused_by_name(asker: Asker, coordinate: Coordinate | None) -> Answer | None:
    """The 403 for what the policy denies by its name or version alone, before anybody is asked about it."""
    return None if coordinate is None else refusal(asker.policy.decide(coordinate), coordinate)


class Judge:
    """Judges releases by all that is known of them, at the time that it is."""

    def __init__(self, seen: FirstSeen, clock: Callable[[], float]) -> None:
        self._seen, self._clock = seen, clock

    def decide(
        self, registry: Registry, release: Release, asker: Asker, exempt: frozenset[Exemption] = NOTHING
    ) -> Decision:
        """The decision. A release without a date of the registry's goes by the second clock, which begins here."""
        now = self._clock()
        if release.published is None and (not registry.dated or asker.policy.needs(registry.type).dates):
            release = (self._seen.recall([release]) if asker.offline else self._seen.note([release], now))[0]
        return asker.policy.judge(release, now, exempt)
