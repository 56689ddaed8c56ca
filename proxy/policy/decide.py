"""The one decision: may this package, this version of it, or this release enter?"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.policy import codes
from jhansi_runner.proxy.policy.advice import Advisories
from jhansi_runner.proxy.policy.alike import grouping
from jhansi_runner.proxy.policy.bounds import Bound, narrowest
from jhansi_runner.proxy.policy.decision import Decision
from jhansi_runner.proxy.policy.judge import NOTHING, exemptions, judge
from jhansi_runner.proxy.policy.model import Egress, Exemption, Fetching, Policy, Reach, Registry, Sdists
from jhansi_runner.proxy.policy.names import decide
from jhansi_runner.proxy.policy.release import Needs, Release
from jhansi_runner.proxy.policy.sources import FLOOR, SANDBOX


@dataclass(frozen=True, slots=True, eq=False)
class PolicySet:
    """The policy files in force, the site's floor first. Each can only narrow what those before it allow.

    `advisories` has one for each layer, None for a layer without; `clock` gives seconds since the epoch.
    """

    layers: tuple[Policy, ...]
    digest: str
    advisories: tuple[Advisories | None, ...] = ()
    clock: Callable[[], float] = time.time

    def __post_init__(self) -> None:
        if not self.layers:
            raise ValueError("no policy is in force; an empty set would allow everything")
        if not self.advisories:
            object.__setattr__(self, "advisories", (None,) * len(self.layers))
        if len(self.advisories) != len(self.layers):
            raise ValueError("each policy file has its own advisories, or None")

    def decide(self, coordinate: Coordinate, now: float | None = None) -> Decision:
        """Decide by names alone, by all files: the first one that denies gives the answer, else the last one's yes.

        `now` is in seconds since the epoch, and the present by default.
        """
        moment = self.clock() if now is None else now
        return self._settle(decide(policy, coordinate, moment) for policy in self.layers)

    def judge(self, release: Release, now: float, exempt: frozenset[Exemption] = NOTHING) -> Decision:
        """Decide for a release, by its name and by all that is known of it; the files answer as in `decide`.

        `exempt` is what is not looked at.
        """
        layers = zip(self.layers, self.advisories, strict=True)
        return self._settle(judge(policy, release, now, advisories, exempt) for policy, advisories in layers)

    def judge_all(
        self, releases: Sequence[Release], now: float, exempt: frozenset[Exemption] = NOTHING
    ) -> list[Decision]:
        """Decide for many releases of one package, as `judge` does for each. Raises ValueError for several packages."""
        if not releases:
            return []
        package = releases[0].coordinate.at(None)
        name, namespace, purl_type = package.name, package.namespace, package.type
        each = [release.coordinate for release in releases]
        if any(one.name != name or one.namespace != namespace or one.type != purl_type for one in each):
            raise ValueError(f"not all of these are releases of {package}")
        key = grouping(self.layers, package, now)
        known: dict[Hashable, Decision] = {}
        found = []
        for release in releases:
            alike = key(release)
            decision = known.get(alike)
            if decision is None:
                decision = known[alike] = self.judge(release, now, exempt)
            found.append(decision)
        return found

    def needs(self, purl_type: str) -> Needs:
        """What has to be known of releases of this package-url type to judge them."""
        return _needs(self.layers, purl_type)

    def size_limit(self, coordinate: Coordinate, now: float | None = None) -> int | None:
        """The most bytes that a file of this package may have, None for no limit."""
        moment = self.clock() if now is None else now
        limits = [
            policy.max_size.size
            for policy in self._enforcing
            if policy.max_size and "size" not in exemptions(decide(policy, coordinate, moment), coordinate.version)
        ]
        return min(limits, default=None)

    @property
    def egress(self) -> Egress:
        """What each phase may reach: `registries` only if every file says so."""
        return Egress(
            _narrowest([policy.egress.install for policy in self.layers]),
            _narrowest([policy.egress.run for policy in self.layers]),
        )

    @property
    def bounds(self) -> dict[str, Bound]:
        """How much a sandbox may use at most, by key: of several files the smallest counts, in every mode."""
        return narrowest([policy.bounds for policy in self.layers])

    @property
    def requires_limits(self) -> bool:
        """Whether a file demands that the kernel itself holds a sandbox to its limits."""
        return any(policy.bounds.required for policy in self.layers)

    @property
    def sdists(self) -> Sdists:
        """What to do with source distributions: `build` only if every file that enforces says so."""
        return "deny" if any(policy.sdists == "deny" for policy in self._enforcing) else "build"

    @property
    def max_size(self) -> int | None:
        """The most bytes that a file may have which no rule exempts, None for no limit."""
        return min((policy.max_size.size for policy in self._enforcing if policy.max_size), default=None)

    @property
    def registries(self) -> tuple[Registry, ...]:
        """The registries that every file enables. Where the floor says that they are, they are.

        Where they are is no sandbox's to say.
        """
        first, *others = self.layers
        merged = []
        for registry in first.registries:
            same = [registry, *(found for policy in others if (found := policy.registry(registry.type)))]
            if len(same) == len(self.layers) and all(one.enabled for one in same):
                named = [one for one, policy in zip(same, self.layers, strict=True) if policy.role != SANDBOX]
                fetch: Fetching = "any" if all(one.fetch == "any" for one in same) else "cached"
                merged.append(_merge(named, fetch, pinned=first.role == FLOOR))
        return tuple(merged)

    @property
    def _enforcing(self) -> list[Policy]:
        return [policy for policy in self.layers if policy.mode == "enforce"]

    def _settle(self, answers: Iterable[Decision]) -> Decision:
        observed: tuple[Decision, ...] = ()
        for policy, decision in zip(self.layers, answers, strict=False):
            if not decision.allowed:
                if policy.mode == "enforce" or decision.code in codes.NOT_OBSERVED:
                    break
                observed += (decision,)
                decision = _let_pass(policy)
        return replace(decision, observed=observed) if observed else decision


@lru_cache(maxsize=64)  # every request asks, and policies never change
def _needs(layers: tuple[Policy, ...], purl_type: str) -> Needs:
    ages = [policy.ages[purl_type].seconds for policy in layers if purl_type in policy.ages]
    return Needs(
        dates=bool(ages),
        licences=any(policy.licences is not None for policy in layers),
        scripts=any(policy.install_scripts == "deny" for policy in layers),
        age=max(ages, default=0.0),
    )


def _let_pass(policy: Policy) -> Decision:
    reason = "the mode is observe, which records what would be refused"
    return Decision(True, codes.ALLOW_OBSERVED, reason, None, policy.source, policy.lines["mode"])


def _narrowest(reaches: list[Reach]) -> Reach:
    return "none" if "none" in reaches else "registries"


def _merge(same: list[Registry], fetch: Fetching, *, pinned: bool) -> Registry:
    floor, last = same[0], same[-1]
    given = [one.upstream for one in same if one.upstream]
    upstream, files, line = given[-1] if given else None, last.files, last.line
    if pinned and floor.upstream:
        upstream, files, line = floor.upstream, floor.files, floor.line
    elif pinned and floor.files:
        files = floor.files
    return Registry(floor.type, True, upstream, files, line, fetch)
