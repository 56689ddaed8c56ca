"""Running the tools that choose versions, and those that fetch what no lock names, in sandboxes behind the gate.

Source: ADR 0015.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from jhansi_runner.proxy.coordinate import GOLANG, Coordinate
from jhansi_runner.resolvers.elsewhere import Elsewhere, Host, Rehearsing
from jhansi_runner.resolvers.interface import ManifestError, Plan
from jhansi_runner.resolvers.resolver import UnfitLock
from jhansi_runner.runner.aftermath import tell_refused
from jhansi_runner.runner.resolution import ABSENT, Resolution, explained, lacking
from jhansi_runner.runner.stage import StepFailed, Workshop
from jhansi_runner.runner.warm.done import MOST_WORDS, Done
from jhansi_runner.runner.warm.elsewhere import Resolving
from jhansi_runner.runner.warm.ground import Ground, Terms
from jhansi_runner.runner.warm.rehearsing import rehearse


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
                Resolving(ground, ground.resolver, workshop, done).resolve(plan, _hosts(terms))
            else:
                _resolve_here(ground, plan, workshop, terms, done)
        finally:
            done.heard(workshop.entries)
            workshop.close()
    if isinstance(ground.resolver, Rehearsing):
        try:
            rehearsal = ground.resolver.rehearsal(plan, ground.place.alias, ground.tools.tools)
        except ManifestError as error:
            done.trouble.append(f"{ground.place.path(error.file)}: {error.message}; {error.hint}")
            return done
        if rehearsal is not None and (rehearsal.vital or not done.trouble):
            rehearse(ground, rehearsal, terms, done)
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


def _resolve_here(ground: Ground, plan: Plan, workshop: Workshop, terms: Terms, done: Done) -> None:
    """Resolve as a run would; what is chosen is the same on every host, and is fetched with that."""
    done.ran = True
    job = ground.job
    try:
        stage, lock = Resolution(job, ground.resolver, ground.tools, ground.policy).obtained(workshop, plan)
        tell_refused([entry for entry in stage.entries if entry.status != ABSENT])
        packages = ground.resolver.locked(lock.text) if lock.text else ()
    except StepFailed as failed:
        done.failed = True
        error = explained(failed, plan, ground.resolver, ground.policy, lacking(job.offline))
        done.trouble.append(" ".join([f"{ground.place.path(plan.source)}: {error}", *error.lines[-MOST_WORDS:]]))
        return
    except UnfitLock as unfit:
        done.failed = True
        done.trouble.append(f"{ground.place.path(plan.source)}: {unfit}")
        return
    if ground.resolver.type == GOLANG:  # of Maven's, a package-url does not tell which files
        for each in packages:
            done.needs(each, _hosts(terms))
