"""Resolving for other hosts: nothing of theirs runs here, and what cannot be had for one is told.

Source: ADR 0015.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

from jhansi_runner.proxy.canonical import is_canonical
from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.ledger import DENY
from jhansi_runner.resolvers.elsewhere import Attempt, Elsewhere, Host
from jhansi_runner.resolvers.interface import Plan
from jhansi_runner.resolvers.resolver import Locked, UnfitLock
from jhansi_runner.runner.console import say
from jhansi_runner.runner.interpreter import own
from jhansi_runner.runner.resolution import Resolution, explained, lacking
from jhansi_runner.runner.stage import Stage, StepFailed, Workshop
from jhansi_runner.runner.warm.done import MOST_WORDS, Done, last_words
from jhansi_runner.runner.warm.ground import Ground


class Resolving:
    """Resolutions for the hosts that are asked for, whichever this one is."""

    def __init__(self, ground: Ground, resolver: Elsewhere, workshop: Workshop, done: Done) -> None:
        self._ground, self._resolver, self._workshop, self._done = ground, resolver, workshop, done
        self._here = Resolution(ground.job, ground.resolver, ground.tools, ground.policy)
        self._stage = workshop.stage()

    def resolve(self, plan: Plan, hosts: Sequence[Host]) -> None:
        """Resolve for each host; what cannot be had for one is told, and does not stop the others."""
        needed = tuple(each for each in plan.requirements if not each.optional)
        plans = [plan] if len(needed) == len(plan.requirements) else [plan, replace(plan, requirements=needed)]
        built: list[Host] = []
        served: set[Host] = set()
        failed: list[tuple[Attempt, list[str]]] = []
        attempts = self._attempts(plan, hosts, build=False)
        names = ", ".join(host.name for host in hosts)
        say(f"resolving for {names}" if len(attempts) > 1 else "resolving")
        for index, attempt in enumerate(attempts):
            try:
                if self._resolved(plans, hosts, index):
                    built += attempt.hosts
                served.update(attempt.hosts)
            except StepFailed as fault:
                error = explained(fault, plan, self._ground.resolver, self._ground.policy, lacking(self._offline))
                failed.append((attempt, [str(error), *error.lines[-MOST_WORDS:]]))
            except UnfitLock as unfit:
                failed.append((attempt, [str(unfit)]))
        for attempt, words in failed:
            had = served.issuperset(attempt.hosts)
            told = self._done.notes if had else self._done.trouble
            self._done.failed = self._done.failed or not had
            names = ", ".join(host.name for host in attempt.hosts)
            told.append(f"{' '.join([names, attempt.only]).strip()}: {' '.join(word.strip() for word in words)}")
        if _this_host() in built:
            self._build(plan)
        for host in dict.fromkeys(each for each in built if each != _this_host()):
            what = "source distributions are taken, to be built there with what is in the cache for this host"
            self._done.notes.append(f"{host.name}: not everything has a wheel: {what}")

    def _resolved(self, plans: Sequence[Plan], hosts: Sequence[Host], index: int) -> bool:
        """Resolve one attempt, without what is optional if need be; whether something has to be built for it."""
        first: StepFailed | None = None
        for plan in plans:
            if not plan.requirements:
                return False
            try:
                self._take(self._stage, plan, self._attempts(plan, hosts, build=False)[index])
                return False
            except StepFailed as failed:
                first = first or failed
        assert first is not None
        denied = any(entry.verdict == DENY for entry in first.entries)
        if denied or not self._here.may_build() or not self._ground.resolver.wants_build(first.words):
            raise first
        # Code that is built may change whatever is in its stage.
        self._take(self._workshop.stage(), plans[-1], self._attempts(plans[-1], hosts, build=True)[index])
        return True

    def _attempts(self, plan: Plan, hosts: Sequence[Host], *, build: bool) -> Sequence[Attempt]:
        return self._resolver.attempts(plan, self._ground.tools.tools, hosts, build=build)

    def _take(self, stage: Stage, plan: Plan, attempt: Attempt) -> None:
        for step in attempt.steps:
            stage.run(step)
        left = {}
        for name in attempt.files:
            try:
                left[name] = stage.read(name)
            except FileNotFoundError:
                continue
        for each in self._resolver.locked_for(plan, attempt, left):
            if _is_release(each):
                self._done.needs(each, attempt.hosts)
            else:
                self._done.trouble.append(f"{each.name} {each.version} is no release of a registry")

    def _build(self, plan: Plan) -> None:
        """Install it here as a run would: what builds require comes with that."""
        say("building here what has no wheel, so that what builds require is there too")
        try:
            stage, lock = self._here.obtained(self._workshop, plan)
            for step in self._ground.resolver.install(lock.text, self._ground.tools.tools, build=lock.built):
                stage.run(step)
        except (StepFailed, UnfitLock) as error:
            words = last_words(error.words) if isinstance(error, StepFailed) else [str(error)]
            self._done.trouble.append(" ".join(["what has no wheel cannot be built here:", *words]))

    @property
    def _offline(self) -> bool:
        return self._ground.job.offline


def _is_release(package: Locked) -> bool:
    """Whether a registry can have it; code that was built may have written the lock, and an author an address."""
    try:
        found = Coordinate.parse(package.purl)
    except ValueError:
        return False
    return "://" not in package.version and is_canonical(found.type, found.namespace, found.name)


def _this_host() -> Host:
    return Host(".".join(own().version.split(".")[:2]), os.uname().machine)
