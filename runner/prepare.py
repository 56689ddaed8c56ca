"""The first run: what does the program need, which versions, and are they there? The answer is a ticket."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.ledger import DENY, Entry
from jhansi_runner.proxy.policy.decide import PolicySet
from jhansi_runner.proxy.policy.load import load
from jhansi_runner.proxy.policy.problems import PolicyError
from jhansi_runner.proxy.policy.sources import shown, without_folders
from jhansi_runner.resolvers.all import BrokenResolver, resolvers
from jhansi_runner.resolvers.interface import NOTHING, ManifestError, Plan, Requirement, View, ViewError
from jhansi_runner.resolvers.resolver import Launch, Locked, Resolver
from jhansi_runner.runner import etc, sandbox, ticket, toolchain
from jhansi_runner.runner.asking import Asker
from jhansi_runner.runner.commands import COMMAND, asked_by
from jhansi_runner.runner.console import counted, say
from jhansi_runner.runner.errors import REFUSED, RunnerError
from jhansi_runner.runner.evidence import asked
from jhansi_runner.runner.install import Installed, Installer
from jhansi_runner.runner.interpreter import own
from jhansi_runner.runner.job import Job
from jhansi_runner.runner.language import choose
from jhansi_runner.runner.learning import informed
from jhansi_runner.runner.limits.model import as_pairs
from jhansi_runner.runner.limits.policy import of_policy
from jhansi_runner.runner.missed import by_hand, kept, with_missed
from jhansi_runner.runner.old_tickets import prune
from jhansi_runner.runner.parse import sandboxed_parser
from jhansi_runner.runner.record import Record
from jhansi_runner.runner.seeds import grown
from jhansi_runner.runner.spoken import spoken
from jhansi_runner.runner.view import RecordingView
from jhansi_runner.runner.visible import private_folders
from jhansi_runner.runner.workspace import enclosing
from jhansi_runner.runner.workspace_lock import is_known

_KEPT = re.compile(r"/keep/[a-z]+")
_SHOWN = 12
_MOST_ASKED = 10
_ADVISED_SECONDS = 3600.0


def load_policy(job: Job) -> PolicySet:
    """The policy in force, read in full. Raises RunnerError that names every problem with its place.

    Who runs something in a sandbox that has a name may be far from this host, and is not told its folders.
    """
    try:
        return load(job.sources if job.named is None else without_folders(job.sources))
    except PolicyError as error:
        lines = tuple(str(problem) for problem in error.problems)
        raise RunnerError("the policy cannot be obeyed, so nothing is run", lines=lines) from None


def make_etc(job: Job) -> str:
    """The `/etc` of sandboxes, with the gate's authority, which is made if need be."""
    paths.make(job.folders.state)
    certificate = job.folders.authority_certificate
    if not os.path.exists(certificate):
        from jhansi_runner.proxy.gate.authority import ensure_now

        ensure_now(paths.make(job.folders.authority))
    return etc.ensure(job.folders.state + "/etc", certificate)


def language_of(job: Job, view: RecordingView) -> Resolver:
    """The language of a job's program or command. Raises RunnerError when it cannot be told."""
    command = spoken(job.options.command)[0] if job.options.command else ""
    try:
        chosen = choose(resolvers(), job.options.language, job.entry or None, command, view)
    except BrokenResolver as error:
        raise RunnerError(str(error)) from None
    return informed(job.folders, chosen, lambda: load_policy(job))


def make_plan(job: Job, view: View, resolver: Resolver) -> Plan:
    """What the program of a job needs; nothing is installed. Raises RunnerError."""
    parse = sandboxed_parser(job, make_etc(job), own(), resolver.parser)
    with explained():
        return resolver.plan(view, job.entry or None, parse)


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Raises RunnerError for what a resolver finds wrong with a workspace."""
    try:
        yield
    except ManifestError as error:
        raise RunnerError(f"{error.file}:{error.line or 1}: {error.message}", lines=(error.hint,)) from None
    except ViewError as error:
        raise RunnerError(f"{error.path} cannot be read: {error.reason}") from None


def prepare(
    job: Job, env: Mapping[str, str], record: Record | None, missed: Sequence[Requirement] = ()
) -> ticket.Ticket:
    """Decide, install, and keep what was decided. Raises RunnerError.

    `missed` is what a run found missing, and is installed beside what the plan names.
    """
    began = time.monotonic()
    policy = load_policy(job)
    job.bound(of_policy(policy))
    view = RecordingView(job.workspace)
    resolver = language_of(job, view)
    job.account.language = resolver.language
    tools = toolchain.find(
        resolver, job.options.python, env, lambda path: planted(job, path), private_folders(job.folders)
    )
    plan = make_plan(job, view, resolver)
    for path in tools.shown:
        if path.startswith("/etc/"):
            etc.mount_point(job.folders.state + "/etc", path)
    if plan.unbuilt is not None and job.options.no_install:
        say(f"not known: what {plan.unbuilt.file} depends on, which its build would be asked for (--no-install)")
    elif plan.unbuilt is not None:
        plan, _ = asked_whole(job, view, plan, resolver, tools, policy, record)
    if job.options.command:
        plan = with_missed(plan, asked_by(job.options.command, resolver.packaged, plan, always=job.options.test))
    if not (job.options.no_install or missed):
        announce(plan)
    if record is not None and not missed:
        record.planned(plan)
    plan = without_denied_options(with_missed(plan, missed or _missed_before(job, plan, policy)), policy)
    refuse_early(plan, policy, job, record)
    done = Installed("", False, ())
    if plan.requirements:
        with explained():
            done = Installer(job, plan, resolver, tools, policy).installed(record)
    job.account.installed = [one.purl for one in done.packages]
    if record is not None:
        record.language = plan.language
        record.installed = [{"name": one.name, "version": one.version, "purl": one.purl} for one in done.packages]
        record.install_ms = round((time.monotonic() - began) * 1000)
    with explained():
        launch = resolver.launch(plan, job.entry or None, tools.tools, installed=bool(done.name))
    made = _ticket(job, resolver, tools, launch, done)
    made.asked = asked.keep(job.folders.runs, plan) if done.name else ""
    made.limits = as_pairs(of_policy(policy))
    made.egress, made.inputs, made.until = policy.egress.run, view.inputs, _until(policy)
    if not job.options.no_install:  # what is missing today may be there tomorrow
        with contextlib.suppress(OSError):  # on a disk that is full a ticket is not missed: it only saves time
            ticket.write(paths.make(job.folders.tickets), job.name, made)
            prune(job.folders.tickets)
    return made


def asked_whole(
    job: Job,
    view: RecordingView,
    plan: Plan,
    resolver: Resolver,
    tools: toolchain.Toolchain,
    policy: PolicySet,
    record: Record | None,
    seen: View | None = None,
) -> tuple[Plan, tuple[Locked, ...]]:
    """The plan that is whole, after the builds that it leaves something to were asked, and what those required.

    `seen` is the view that plans are made of, where it is another. Raises RunnerError.
    """
    asker = Asker(job, view, tools)
    required: list[Locked] = []
    for _ in range(_MOST_ASKED):
        if plan.unbuilt is None:
            return plan, tuple(required)
        with explained():
            asker.question(resolver, plan.unbuilt)
        if not plan.unbuilt.settled:
            where, build = f"{plan.unbuilt.file}:{plan.unbuilt.line}", plan.unbuilt.backend
            say(f"{where}: the build ({build}) is asked what the project depends on, in a sandbox of its own")
        needs = Plan(plan.language, plan.unbuilt.file, plan.unbuilt.requirements)
        refuse_early(needs, policy, job, record)
        with explained():
            done = Installed("", False, ())
            if needs.requirements:
                done = Installer(job, needs, resolver, tools, policy).installed(record)
            resolver = asker.told(resolver, plan.unbuilt, done)
        required += done.packages
        plan = make_plan(job, seen or view, resolver)
    raise RunnerError(f"more than {_MOST_ASKED} builds would have to be asked what the program depends on")


def _ticket(job: Job, resolver: Resolver, tools: toolchain.Toolchain, launch: Launch, done: Installed) -> ticket.Ticket:
    mounts = list(launch.mounts)
    if launch.seed is not None:
        mounts.append((grown(job, tools, launch.seed), launch.seed.place))
    places = [resolver.place, *(place for _, place in mounts)]
    strange = [each for each in places if not _is_place(each)]
    strange += [each for each in launch.keeps if not _KEPT.fullmatch(each)]
    if strange:
        raise RunnerError(f"the resolver for {resolver.language} wants to mount at {', '.join(strange)}")
    made = ticket.Ticket(resolver.language, job.policy, "none")
    made.programs = [(path, ticket.signature(path)) for path in tools.programs]
    made.shown, made.hidden, made.named, made.after = tools.shown, tools.hidden, tools.named, tools.path
    made.argv, made.build, made.env, made.path = launch.argv, launch.build, tuple(launch.env.items()), launch.path
    made.mounts, made.keeps, made.place, made.signs = mounts, launch.keeps, resolver.place, launch.signs
    made.dependencies, made.private = done.name, done.private
    return made


def planted(job: Job, path: str) -> bool:
    """Whether a file lies in this workspace, or in one where a program has been."""
    folders = {folder for each in (os.path.abspath(path), os.path.realpath(path)) for folder in enclosing(each)}
    return job.workspace.path in folders or any(is_known(job.folders, folder) for folder in folders)


def _is_place(path: str) -> bool:
    return os.path.normpath(path) == path and any(path == top or path.startswith(f"{top}/") for top in sandbox.PLACES)


def _missed_before(job: Job, plan: Plan, policy: PolicySet) -> Sequence[Requirement]:
    found = () if by_hand(plan, job) else kept(job, policy)
    if found and not job.options.no_install:
        say(f"missing in an earlier run: {', '.join(each.text for each in found)}")
    return found


def _until(policy: PolicySet) -> int:
    """When what is installed is judged again: advisories come in without any change of the policy."""
    advised = any(layer.advisories is not None for layer in policy.layers)
    return int(time.time() + _ADVISED_SECONDS) if advised else 0


def announce(plan: Plan) -> None:
    """Say what will be installed and how that was known."""
    for note in plan.notes:
        say(note)
    if plan.requirements:
        source = COMMAND if plan.source == NOTHING else plan.source
        say(f"{counted(len(plan.requirements), 'package')} needed ({source})")
    for each in plan.requirements[:_SHOWN]:
        named = f"import {each.import_name}, " if each.import_name else ""
        say(f"  {each.text}  <- {named}{each.file}:{each.line} ({each.origin})")
    if len(plan.requirements) > _SHOWN:
        say(f"  and {len(plan.requirements) - _SHOWN} more; 'jhansi-runner deps plan' shows all")
    for item in plan.undecided:
        hint = f"; the closest known package is {item.closest}" if item.closest else ""
        say(f"undecided: import {item.import_name} ({item.file}:{item.line}): {item.reason}{hint}")


def without_denied_options(plan: Plan, policy: PolicySet) -> Plan:
    """The plan without what the policy denies and the program can do without."""
    kept = []
    for each in plan.requirements:
        package = Coordinate.parse(each.purl).at(None)
        decision = policy.decide(package)
        if each.optional and not decision.allowed:
            say(f"left out: {decision.sentence(package)}")
        else:
            kept.append(each)
    return replace(plan, requirements=tuple(kept))


def refuse_early(plan: Plan, policy: PolicySet, job: Job, record: Record | None) -> None:
    """Say no before anything is fetched, where the name alone decides."""
    lines, entries = [], []
    names = {one.name: shown(one) for one in job.sources}
    for each in plan.requirements:
        package = Coordinate.parse(each.purl).at(None)
        decision = policy.decide(package)
        if not decision.allowed:
            lines.append(f"{each.file}:{each.line}: {decision.sentence(package)}")
            told = replace(decision, source=names.get(decision.source, decision.source))  # as the mirror tells it
            why, rule = told.sentence(package), told.place
            entries.append(Entry("runner", DENY, "", "", purl=package.purl, code=told.code, reason=why, rule=rule))
    job.account.heard(entries)
    if record is not None:
        record.heard(entries)
        for entry in entries:
            record.live(entry)
    if lines:
        raise RunnerError("the policy refuses what the program needs", code=REFUSED, lines=tuple(lines))
