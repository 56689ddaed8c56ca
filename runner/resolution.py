"""From a plan to a lock: what of it is needed, and whether something has to be built for that."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from dataclasses import replace

from jhansi_runner.proxy.coordinate import NPM, PYPI, Coordinate
from jhansi_runner.proxy.ledger import DENY, WITHHELD
from jhansi_runner.proxy.mirror.route import CUT_OFF
from jhansi_runner.proxy.policy.decide import PolicySet
from jhansi_runner.resolvers.interface import Plan
from jhansi_runner.resolvers.resolver import Resolver, UnfitLock
from jhansi_runner.runner.aftermath import tell_refused
from jhansi_runner.runner.console import say
from jhansi_runner.runner.errors import FAILED, REFUSED, RunnerError
from jhansi_runner.runner.inventories import is_compared
from jhansi_runner.runner.job import Job
from jhansi_runner.runner.resolved import Lock
from jhansi_runner.runner.stage import Stage, StepFailed, Workshop
from jhansi_runner.runner.toolchain import Toolchain

ABSENT = 404
"""Go looks for a module at each beginning of a path: what was not there for an installer that succeeded is no news."""
NOTHING_MISSING = "nothing that was asked for is missing in the cache, which is all that is asked with --offline"
_NEXT_STEP = "if a name or version does not exist, correct it; if a registry could not be reached, run again"
_NO_ROUTE = "no route to the registries: use --offline, or set JHANSI_OFFLINE=1 where there never is one"
_VERSION = re.compile(r"v?\d[0-9A-Za-z.+-]*")


class Resolution:
    """Makes locks for one job, in one language."""

    def __init__(self, job: Job, resolver: Resolver, tools: Toolchain, policy: PolicySet) -> None:
        self._job, self._resolver, self._tools, self._policy = job, resolver, tools, policy

    def obtained(self, workshop: Workshop, plan: Plan) -> tuple[Stage, Lock]:
        """A lock for a plan, or for what of it is needed, and the stage that it was made in."""
        say("resolving")
        needed = tuple(each for each in plan.requirements if not each.optional)
        try:
            return self._resolved(workshop, plan)
        except StepFailed:
            if len(needed) == len(plan.requirements):
                raise
        left_out = ", ".join(each.name for each in plan.requirements if each.optional)
        say(f"resolving without {left_out}, which the program can do without")
        if not needed:
            return workshop.stage(), Lock("", False, False)
        return self._resolved(workshop, replace(plan, requirements=needed))

    def _resolved(self, workshop: Workshop, plan: Plan) -> tuple[Stage, Lock]:
        """Resolve to what needs no building, else with what has to be built.

        Each attempt has a stage of its own: code that was built in a stage may have changed whatever is in it.
        """
        if not self._is_shareable():
            return self._attempted(workshop.stage(), plan, build=self.may_build())
        try:
            stage, lock = self._attempted(workshop.stage(), plan, build=False)
            if not (self._resolver.builds(lock.text) and self.may_build()):
                return stage, lock
        except StepFailed as failed:
            # older versions may do without what is denied
            denied = any(entry.verdict == DENY for entry in failed.entries)
            if denied or not self.may_build() or not self._resolver.wants_build(failed.words):
                raise
        what = "source distributions are built" if self._resolver.type == PYPI else "packages run code of their own"
        say(f"not everything installs as it is: {what} in the sandbox, for this workspace alone")
        return self._attempted(workshop.stage(), plan, build=True)

    def _is_shareable(self) -> bool:
        return self._resolver.shareable and is_compared(self._resolver.language)

    def may_build(self) -> bool:
        """Whether the policy lets code of packages run when they are built."""
        if self._resolver.type == PYPI:
            return self._policy.sdists != "deny"
        return self._resolver.type != NPM or not self._policy.needs(NPM).scripts

    def _attempted(self, stage: Stage, plan: Plan, *, build: bool) -> tuple[Stage, Lock]:
        for step in self._resolver.resolve(plan, self._tools.tools, build=build):
            stage.run(step)
        left = {}
        for name in self._resolver.lock_files(plan):
            with contextlib.suppress(FileNotFoundError):
                left[name] = stage.read(name)
        try:
            return stage, Lock(self._resolver.lock(plan, left), build, build or not self._is_shareable())
        except UnfitLock as error:
            raise RunnerError(str(error)) from None


def explained(
    failed: StepFailed, plan: Plan, resolver: Resolver, policy: PolicySet, lacking: Sequence[str] = ()
) -> RunnerError:
    """The error for an installer that gave up: what the policy refused if it did, and the installer's own words.

    `lacking` tells offline what is missing in the cache.
    """
    words = tuple(line for line in failed.words.strip().splitlines() if line.strip())[-25:]
    absent = tuple(lacking) if lacking and lacking[0] != NOTHING_MISSING else ()
    # Gradle goes on to ask for a folder where it found no metadata: that is no package that was refused.
    refused = any(entry.verdict == DENY and (entry.purl or not absent) for entry in failed.entries)
    plainly = () if refused else tuple(resolver.explain(failed.words, plan))
    tell_refused([entry for entry in failed.entries if not (plainly or lacking) or entry.status != ABSENT])
    withheld = [
        f"{each.file}:{each.line}: {decision.sentence(pinned)}"
        for each in plan.requirements
        for pinned in _pinned(each.purl, each.specifier)
        if not (decision := policy.decide(pinned)).allowed
    ]
    withheld += dict.fromkeys(entry.reason for entry in failed.entries if entry.code == WITHHELD)
    if refused or (withheld and not absent):
        return RunnerError(
            "the policy refuses what the program needs", code=REFUSED, lines=(*withheld, *words, *absent)
        )
    cut_off = any(entry.status == CUT_OFF for entry in failed.entries)
    next_step = lacking or (_NO_ROUTE if cut_off else _NEXT_STEP,)
    return RunnerError(
        "the packages could not be installed", code=FAILED, lines=(*plainly, *words, *withheld, *next_step)
    )


def lacking(offline: bool) -> Sequence[str]:
    """What `explained` is told where nobody has looked what is missing."""
    return ("only what is in the cache can be had offline",) if offline else ()


def _pinned(purl: str, specifier: str) -> tuple[Coordinate, ...]:
    """The one version that a requirement leaves, if it does."""
    version = specifier.removeprefix("==").strip()
    return (Coordinate.parse(purl).at(version),) if _VERSION.fullmatch(version) else ()
