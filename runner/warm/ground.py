"""The ground that tools stand on when a cache is warmed: the project seen through a view, its plan, and its tools."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.policy.decide import PolicySet
from jhansi_runner.resolvers.all import resolvers
from jhansi_runner.resolvers.interface import Plan, View
from jhansi_runner.resolvers.resolver import Locked, Resolver
from jhansi_runner.runner import etc, toolchain
from jhansi_runner.runner.errors import REFUSED, RunnerError
from jhansi_runner.runner.job import Job
from jhansi_runner.runner.learning import informed
from jhansi_runner.runner.limits.policy import of_policy
from jhansi_runner.runner.options import ExecOptions
from jhansi_runner.runner.prepare import asked_whole, load_policy, make_etc, make_plan, planted
from jhansi_runner.runner.toolchain import Toolchain
from jhansi_runner.runner.view import RecordingView
from jhansi_runner.runner.visible import private_folders
from jhansi_runner.runner.warm.places import OneManifest, Place
from jhansi_runner.runner.warm.targets import Target
from jhansi_runner.runner.warm.wants import Exact


@dataclass(frozen=True, slots=True)
class Terms:
    """What a warming is to be done for and by: `policy` is a file, None for the user's own."""

    targets: tuple[Target, ...]
    env: Mapping[str, str]
    policy: str | None
    offline: bool


@dataclass(frozen=True, slots=True)
class Ground:
    """One language at one place. `required` is what builds required that were asked what the project needs."""

    place: Place
    job: Job
    resolver: Resolver
    tools: Toolchain
    policy: PolicySet
    plan: Plan
    required: tuple[Locked, ...]

    def exact(self, plan: Plan, package: Locked, targets: tuple[Target, ...] = ()) -> Exact:
        """What is wanted of a package: where the project names it, and with the hashes that its author wrote.

        `targets` are those that need it, () for all.
        """
        found = Coordinate.parse(package.purl)
        bare = found.at(None).purl
        asked = [each for each in plan.requirements if Coordinate.parse(each.purl).at(None).purl == bare]
        hashes = tuple(dict.fromkeys(value for each in asked for value in each.hashes))
        first = asked[0] if asked else None
        file = self.place.path(first.file if first else plan.source)
        return Exact(found, file, first.line if first else 0, hashes=hashes, targets=targets)


def job_at(folder: str, terms: Terms, *, language: str | None = None, entry: str = "", offline: bool = False) -> Job:
    """A job for a folder, or for a program in it. Raises RunnerError."""
    options = ExecOptions()
    options.workspace, options.language, options.policy = folder, language, terms.policy
    options.offline = terms.offline or offline
    options.file = entry
    options.command = [] if entry else ["--"]  # no command of any language
    return Job(options, paths.current(terms.env), terms.env)


def ground_at(place: Place, terms: Terms, plan: Plan | None = None) -> Ground:
    """The ground at a place; `plan` is what is needed where no file of the place says it. Raises RunnerError."""
    job = job_at(place.folder, terms, language=place.language, entry=place.entry)
    policy = load_policy(job)
    if policy.egress.install == "none":
        raise RunnerError("the policy says egress.install: none, so nothing can be resolved", code=REFUSED)
    job.bound(of_policy(policy))
    resolver = informed(job.folders, resolvers()[place.language], lambda: policy)
    tools = toolchain.find(resolver, None, terms.env, lambda path: planted(job, path), private_folders(job.folders))
    make_etc(job)
    for path in tools.shown:
        if path.startswith("/etc/"):
            etc.mount_point(job.folders.state + "/etc", path)
    required: tuple[Locked, ...] = ()
    if plan is None:
        try:
            plan, required = _planned(place, job, resolver, tools, policy)
        except RunnerError as error:
            raise RunnerError(place.sentence(str(error)), code=error.code, lines=error.lines) from None
    return Ground(place, job, resolver, tools, policy, plan, required)


def _planned(
    place: Place, job: Job, resolver: Resolver, tools: Toolchain, policy: PolicySet
) -> tuple[Plan, tuple[Locked, ...]]:
    recording = RecordingView(job.workspace)
    view: View = OneManifest(recording, place, resolver.manifests) if place.manifest else recording
    plan = make_plan(job, view, resolver)
    if plan.unbuilt is None:
        return plan, ()
    return asked_whole(job, recording, plan, resolver, tools, policy, None, seen=view)
