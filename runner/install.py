"""From a plan to a stored set of packages, named by its lock.

A set is filled only from a lock with hashes, by an installer that runs no package code; what needs code to build stays
with its workspace. It appears by rename: there is no half of one.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.coordinate import NPM, PYPI, Coordinate
from jhansi_runner.proxy.ledger import DENY, WITHHELD, Entry
from jhansi_runner.proxy.mirror.route import CUT_OFF
from jhansi_runner.proxy.policy.decide import PolicySet
from jhansi_runner.resolvers.interface import Plan
from jhansi_runner.resolvers.resolver import CACHE, Locked, Resolver, UnfitLock
from jhansi_runner.runner import resolved
from jhansi_runner.runner.aftermath import tell_refused
from jhansi_runner.runner.console import counted, say
from jhansi_runner.runner.errors import FAILED, REFUSED, RunnerError
from jhansi_runner.runner.evidence.gather import gather
from jhansi_runner.runner.evidence.stored import FILE, render
from jhansi_runner.runner.inventories import inventory, is_always_compared, is_compared
from jhansi_runner.runner.job import Job
from jhansi_runner.runner.learning import learn
from jhansi_runner.runner.link import start_early
from jhansi_runner.runner.record import Record
from jhansi_runner.runner.rejudge import still_allowed
from jhansi_runner.runner.resolved import Lock
from jhansi_runner.runner.stage import Stage, StepFailed, Workshop
from jhansi_runner.runner.toolchain import Toolchain

_FORMAT = "set 4"
_SHOWN = 8
_ABSENT = 404
"""Go looks for a module at each beginning of a path: what was not there for an installer that succeeded is no news."""
_NEXT_STEP = "if a name or version does not exist, correct it; if a registry could not be reached, run again"
_NO_ROUTE = "no route to the registries: use --offline, or set JHANSI_OFFLINE=1 where there never is one"
_NOTHING_MISSING = "nothing that was asked for is missing in the cache, which is all that is asked with --offline"
_VERSION = re.compile(r"v?\d[0-9A-Za-z.+-]*")


@dataclass(frozen=True, slots=True)
class Installed:
    """A stored set: its name, whether it is the workspace's own, and what is in it."""

    name: str
    private: bool
    packages: tuple[Locked, ...]


class Installer:
    """Installs what one plan asks for."""

    def __init__(self, job: Job, plan: Plan, resolver: Resolver, tools: Toolchain, policy: PolicySet) -> None:
        self._job, self._plan, self._resolver, self._tools, self._policy = job, plan, resolver, tools, policy

    def installed(self, record: Record | None) -> Installed:
        """The set for the plan: the stored one, or a new one. Raises RunnerError."""
        job, policy = self._job, self._policy
        request = self._request_digest()
        stored = self._stored(request)
        if stored is not None:
            return stored
        if job.options.no_install:
            say(f"not installed: {', '.join(each.name for each in self._plan.requirements)} (--no-install)")
            return Installed("", False, ())
        if policy.egress.install == "none":
            raise RunnerError("the policy says egress.install: none, so nothing can be installed", code=REFUSED)
        start_early(job)
        with resolved.alone(job.folders, request):
            workshop = Workshop(job, self._tools, record.live if record is not None else lambda _: None)
            try:
                stage, lock = self._obtained(workshop)
                probed = {id(entry) for entry in stage.entries if entry.status == _ABSENT}
                tell_refused([entry for entry in workshop.entries if id(entry) not in probed])
                name = self._set_name(lock)
                # first: it keeps the files in the cache until they have been compared
                resolved.keep(job.folders, request, lock)
                if not self._has(lock, name):
                    self._fill(stage, lock, name)
            except StepFailed as failed:
                lines = _told_missing(job, workshop.entries, failed.words, self._plan, record)
                raise _explained(failed, self._plan, self._resolver, policy, lines) from None
            except UnfitLock as error:
                raise RunnerError(str(error)) from None
            finally:
                job.account.heard(workshop.entries)
                if record is not None:
                    record.heard(workshop.entries)
                workshop.close()
        return Installed(name, lock.private, tuple(self._resolver.locked(lock.text)))

    def _stored(self, request: str) -> Installed | None:
        """The set of a lock that was made before, if it is there and the policy still lets all of it in."""
        kept = resolved.kept(self._job.folders, request)
        if kept is None:
            return None
        try:
            packages = tuple(self._resolver.locked(kept.text))
        except UnfitLock:
            return None
        name, cache = self._set_name(kept), self._job.folders.cache
        if not (self._has(kept, name) and still_allowed(packages, kept.built, self._policy, cache, time.time())):
            return None
        if not self._job.options.no_install:
            say(f"{counted(len(packages), 'package')}, installed before")
        return Installed(name, kept.private, packages)

    def _obtained(self, workshop: Workshop) -> tuple[Stage, Lock]:
        """A lock for the plan, or for what of it is needed, and the stage that it was made in."""
        say("resolving")
        needed = tuple(each for each in self._plan.requirements if not each.optional)
        try:
            return self._resolved(workshop, self._plan)
        except StepFailed:
            if len(needed) == len(self._plan.requirements):
                raise
        left_out = ", ".join(each.name for each in self._plan.requirements if each.optional)
        say(f"resolving without {left_out}, which the program can do without")
        if not needed:
            return workshop.stage(), Lock("", False, False)
        return self._resolved(workshop, replace(self._plan, requirements=needed))

    def _resolved(self, workshop: Workshop, plan: Plan) -> tuple[Stage, Lock]:
        """Resolve to what needs no building, else with what has to be built.

        Each attempt has a stage of its own: code that was built in a stage may have changed whatever is in it.
        """
        if not self._is_shareable():
            return self._attempted(workshop.stage(), plan, build=self._may_build())
        try:
            stage, lock = self._attempted(workshop.stage(), plan, build=False)
            if not (self._resolver.builds(lock.text) and self._may_build()):
                return stage, lock
        except StepFailed as failed:
            # older versions may do without what is denied
            denied = any(entry.verdict == DENY for entry in failed.entries)
            if denied or not self._may_build() or not self._resolver.wants_build(failed.words):
                raise
        what = "source distributions are built" if self._resolver.type == PYPI else "packages run code of their own"
        say(f"not everything installs as it is: {what} in the sandbox, for this workspace alone")
        return self._attempted(workshop.stage(), plan, build=True)

    def _is_shareable(self) -> bool:
        return self._resolver.shareable and is_compared(self._resolver.language)

    def _may_build(self) -> bool:
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

    def _fill(self, stage: Stage, lock: Lock, name: str) -> None:
        job, resolver = self._job, self._resolver
        packages = resolver.locked(lock.text)
        shown = ", ".join(f"{one.name} {one.version}" for one in packages[:_SHOWN])
        say(f"installing {counted(len(packages), 'package')}: {shown}{', ...' if len(packages) > _SHOWN else ''}")
        began = time.monotonic()
        for step in resolver.install(lock.text, self._tools.tools, build=lock.built):
            stage.run(step)
        stage.discard(CACHE)
        site = stage.folder_named("site")
        problems = inventory(resolver.language, site, packages, job.folders.cache, built=lock.built)
        if problems:
            raise RunnerError("what was installed is not what was locked; nothing was kept", lines=tuple(problems[:10]))
        size = sum(entry.size for entry in stage.entries)
        say(f"installed in {time.monotonic() - began:.1f} s ({size / 1e6:.1f} MB through the gate)")
        made = tempfile.mkdtemp(dir=stage.folder)
        os.rename(site, os.path.join(made, "site"))
        with open(os.path.join(made, "lock.txt"), "x", encoding="utf-8", errors="surrogateescape", newline="") as file:
            file.write(lock.text)
        made_from = gather(
            resolver.language, f"{made}/site", packages, job.folders.cache, stage.entries, self._tools.tools
        )
        with open(os.path.join(made, FILE), "x", encoding="utf-8", errors="surrogateescape", newline="") as file:
            file.write(render(made_from))
        target = self._folder(lock, name)
        paths.make(os.path.dirname(target))
        try:
            os.rename(made, target)
        except OSError:
            if not os.path.isdir(f"{target}/site"):
                raise
        if not lock.built or is_always_compared(resolver.language):
            learn(job.folders, resolver, packages, self._policy)

    def _has(self, lock: Lock, name: str) -> bool:
        return os.path.isdir(f"{self._folder(lock, name)}/site")

    def _folder(self, lock: Lock, name: str) -> str:
        return self._job.folders.stored_set(name, self._job.sandbox, private=lock.private)

    def _request_digest(self) -> str:
        """What is asked of which registries, whatever the policy's rules: two plans with one digest get one lock."""
        plan, tools = self._plan, self._tools.tools
        parts = [_FORMAT, plan.language, tools.tag, *(f"{n} {v}" for n, v in sorted(tools.versions.items()))]
        parts += [str(plan.allow_prereleases), *sorted(f"{each.purl} {each.locked_text}" for each in plan.requirements)]
        parts += ["--", *sorted(each.text for each in plan.constraints)]
        parts += ["--", *(f"{name}\n{len(text)}\n{text}" for name, text in plan.files)]
        parts += ["--", *sorted(f"{each.type} {each.upstream or ''}" for each in self._policy.registries)]
        return _digest("\n".join(parts))

    def _set_name(self, lock: Lock) -> str:
        return _digest("\n".join([_FORMAT, self._tools.tools.tag, *self._tools.programs, lock.text]))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _told_missing(job: Job, entries: Sequence[Entry], words: str, plan: Plan, record: Record | None) -> Sequence[str]:
    """What an installer that gave up did not find in the cache, in lines; nothing where others could be asked."""
    if not job.offline:
        return ()
    from jhansi_runner.runner.shortage import missing, tell

    wants = missing(entries, words, plan.requirements, job.folders.cache)
    return tell(job, wants, record) if wants else (_NOTHING_MISSING,)


def _explained(
    failed: StepFailed, plan: Plan, resolver: Resolver, policy: PolicySet, lacking: Sequence[str]
) -> RunnerError:
    """The error for an installer that gave up: what the policy refused if it did, and the installer's own words.

    `lacking` tells offline what is missing in the cache.
    """
    words = tuple(line for line in failed.words.strip().splitlines() if line.strip())[-25:]
    absent = tuple(lacking) if lacking and lacking[0] != _NOTHING_MISSING else ()
    # Gradle goes on to ask for a folder where it found no metadata: that is no package that was refused.
    refused = any(entry.verdict == DENY and (entry.purl or not absent) for entry in failed.entries)
    plainly = () if refused else tuple(resolver.explain(failed.words, plan))
    tell_refused([entry for entry in failed.entries if not (plainly or lacking) or entry.status != _ABSENT])
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


def _pinned(purl: str, specifier: str) -> tuple[Coordinate, ...]:
    """The one version that a requirement leaves, if it does."""
    version = specifier.removeprefix("==").strip()
    return (Coordinate.parse(purl).at(version),) if _VERSION.fullmatch(version) else ()
