"""Running the tools that choose versions, and those that fetch what no lock names, in sandboxes behind the gate.

Source: ADR 0015.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from jhansi_runner.proxy.canonical import is_canonical
from jhansi_runner.proxy.coordinate import GOLANG, Coordinate
from jhansi_runner.proxy.ledger import ALLOW, DENY, OBSERVED, Entry
from jhansi_runner.resolvers.elsewhere import Attempt, Elsewhere, Host, Rehearsal, Rehearsing
from jhansi_runner.resolvers.interface import ManifestError, Plan
from jhansi_runner.resolvers.resolver import PROJECT, STAGE, Locked, UnfitLock
from jhansi_runner.runner.aftermath import tell_refused
from jhansi_runner.runner.console import say
from jhansi_runner.runner.errors import FAILED, RunnerError
from jhansi_runner.runner.interpreter import own
from jhansi_runner.runner.job import Job
from jhansi_runner.runner.resolution import ABSENT, Resolution, explained
from jhansi_runner.runner.stage import Stage, StepFailed, Workshop
from jhansi_runner.runner.warm import copying
from jhansi_runner.runner.warm.ground import Ground, Terms, job_at

_WORDS = 12
"""How many of a tool's last lines are repeated."""


@dataclass(slots=True)
class Done:
    """What came of running tools: a part of `Resolved`, with packages in place of what is wanted."""

    packages: list[Locked] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)
    fetched: set[str] = field(default_factory=set)
    ran: bool = False

    def heard(self, entries: Sequence[Entry]) -> None:
        """Take in what the gate told: the releases of which something was sent."""
        sent = (each.purl for each in entries if each.verdict in (ALLOW, OBSERVED) and 200 <= each.status < 400)
        self.fetched.update(purl for purl in sent if "@" in purl.rpartition("/")[2])


def warm(ground: Ground, plan: Plan, terms: Terms) -> Done:
    """Resolve a plan, and rehearse the project where its tools fetch more. Raises RunnerError for what stops us."""
    done = Done(notes=[ground.place.sentence(note) for note in plan.notes])
    plan = _allowed(ground, plan, done)
    for each in plan.undecided:
        closest = f"; the closest known package is {each.closest}" if each.closest else ""
        told = done.notes if each.optional else done.trouble
        told.append(f"{ground.place.path(each.file)}:{each.line}: import {each.import_name}: {each.reason}{closest}")
    if plan.requirements:
        workshop = Workshop(ground.job, ground.tools, lambda _: None)
        try:
            if isinstance(ground.resolver, Elsewhere):
                _Foreign(ground, ground.resolver, workshop, done).resolve(plan, _hosts(terms))
            else:
                _resolve_here(ground, plan, workshop, done)
        finally:
            done.heard(workshop.entries)
            workshop.close()
    if isinstance(ground.resolver, Rehearsing):
        try:
            rehearsal = ground.resolver.rehearsal(plan, ground.place.alias, ground.tools.tools)
        except ManifestError as error:
            done.trouble.append(f"{ground.place.path(error.file)}: {error.message}; {error.hint}")
            return done
        if rehearsal is not None:
            _rehearse(ground, rehearsal, terms, done)
    return done


def _allowed(ground: Ground, plan: Plan, done: Done) -> Plan:
    """The plan without what the policy denies by its name: that is told, and the rest goes on."""
    kept = []
    for each in plan.requirements:
        package = Coordinate.parse(each.purl).at(None)
        decision = ground.policy.decide(package)
        if decision.allowed:
            kept.append(each)
        else:
            told = done.notes if each.optional else done.trouble
            told.append(f"{ground.place.path(each.file)}:{each.line}: {decision.sentence(package)}")
    return replace(plan, requirements=tuple(kept))


def _hosts(terms: Terms) -> Sequence[Host]:
    return tuple(Host(each.python, each.machine) for each in terms.targets)


class _Foreign:
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
        say(f"resolving for {', '.join(host.name for host in hosts)}")
        for index, attempt in enumerate(self._attempts(plan, hosts, build=False)):
            try:
                if self._resolved(plans, hosts, index):
                    built += attempt.hosts
            except StepFailed as failed:
                error = explained(failed, plan, self._ground.resolver, self._ground.policy, offline=self._offline)
                self._fail(attempt, [str(error), *error.lines[-_WORDS:]])
            except UnfitLock as error:
                self._fail(attempt, [str(error)])
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
                self._done.packages.append(each)
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
            words = _last(error.words) if isinstance(error, StepFailed) else [str(error)]
            self._done.trouble.append(" ".join(["what has no wheel cannot be built here:", *words]))

    def _fail(self, attempt: Attempt, words: Sequence[str]) -> None:
        names = ", ".join(host.name for host in attempt.hosts)
        self._done.trouble.append(f"{names}: {' '.join(word.strip() for word in words)}")

    @property
    def _offline(self) -> bool:
        return self._ground.job.options.offline


def _is_release(package: Locked) -> bool:
    """Whether a registry can have it; code that was built may have written the lock, and an author an address."""
    try:
        found = Coordinate.parse(package.purl)
    except ValueError:
        return False
    return "://" not in package.version and is_canonical(found.type, found.namespace, found.name)


def _this_host() -> Host:
    return Host(".".join(own().version.split(".")[:2]), os.uname().machine)


def _resolve_here(ground: Ground, plan: Plan, workshop: Workshop, done: Done) -> None:
    """Resolve as a run would; what is chosen is the same on every host, and is fetched with that."""
    done.ran = True
    job = ground.job
    try:
        stage, lock = Resolution(job, ground.resolver, ground.tools, ground.policy).obtained(workshop, plan)
        tell_refused([entry for entry in stage.entries if entry.status != ABSENT])
        packages = ground.resolver.locked(lock.text) if lock.text else ()
    except StepFailed as failed:
        error = explained(failed, plan, ground.resolver, ground.policy, offline=job.options.offline)
        done.trouble.append(" ".join([f"{ground.place.path(plan.source)}: {error}", *error.lines[-_WORDS:]]))
        return
    except UnfitLock as unfit:
        done.trouble.append(f"{ground.place.path(plan.source)}: {unfit}")
        return
    if ground.resolver.type == GOLANG:  # of Maven's, a package-url does not tell which files
        done.packages += packages


def _rehearse(ground: Ground, rehearsal: Rehearsal, terms: Terms, done: Done) -> None:
    """Let the project's tools begin with nothing, then once more with nothing but the cache."""
    name = ground.place.path("")
    if rehearsal.code and ground.policy.egress.run == "none":
        done.trouble.append(f"{name}: is not built, to see what that fetches: the policy says egress.run: none")
        return
    done.ran = True
    if rehearsal.code and any(each.machine != os.uname().machine for each in terms.targets):
        done.notes.append(f"{name}: what a build chooses by the machine that it runs on came for this one alone")
    say(f"{name}: {rehearsal.doing} in a sandbox, on a copy, to see what that fetches")
    words = _rehearsed(ground, ground.job, rehearsal, done)
    if words:
        told = done.trouble if rehearsal.vital else done.notes
        told.append(" ".join([f"{name}: {rehearsal.failed}:", *words]))
    if words or terms.offline:
        return
    say(f"{name}: once more, with the cache alone")
    again = job_at(ground.place.folder, terms, language=ground.place.language, offline=True)
    again.limits = ground.job.limits
    words = _rehearsed(ground, again, rehearsal, done)
    if words:
        done.trouble.append(" ".join([f"{name}: something is not in the cache:", *words]))


def _rehearsed(ground: Ground, job: Job, rehearsal: Rehearsal, done: Done) -> list[str]:
    """The last words of the tools when they failed, [] when all went well. Raises RunnerError."""
    stage = Stage(job, ground.tools)
    try:
        reason = copying.pack(job.workspace, stage.folder + PROJECT.removeprefix(STAGE))
        if reason:
            return [reason]
        for step in rehearsal.steps:
            stage.run(step)
    except StepFailed as failed:
        return _last(failed.words)
    except RunnerError as error:
        if error.code != FAILED:  # such as that of a user who has us stop
            raise
        return [str(error), *error.lines]
    finally:
        tell_refused([entry for entry in stage.entries if entry.status != ABSENT])
        done.heard(stage.entries)
        stage.close()
    return []


def _last(words: str) -> list[str]:
    return [line.strip() for line in words.splitlines() if line.strip()][-_WORDS:]
