"""From a plan to a stored set of packages, named by its lock.

A set is filled only from a lock with hashes, by an installer that runs no package code; what needs code to build stays
with its workspace. It appears by rename: there is no half of one.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.ledger import Entry
from jhansi_runner.proxy.policy.decide import PolicySet
from jhansi_runner.resolvers.interface import Plan
from jhansi_runner.resolvers.resolver import CACHE, Locked, Resolver, UnfitLock
from jhansi_runner.runner import resolved
from jhansi_runner.runner.aftermath import tell_refused
from jhansi_runner.runner.console import counted, say
from jhansi_runner.runner.errors import REFUSED, RunnerError
from jhansi_runner.runner.evidence.gather import gather
from jhansi_runner.runner.evidence.stored import FILE, render
from jhansi_runner.runner.inventories import inventory, is_always_compared
from jhansi_runner.runner.job import Job
from jhansi_runner.runner.learning import learn
from jhansi_runner.runner.link import start_early
from jhansi_runner.runner.record import Record
from jhansi_runner.runner.rejudge import still_allowed
from jhansi_runner.runner.resolution import ABSENT, NOTHING_MISSING, Resolution, explained
from jhansi_runner.runner.resolved import Lock
from jhansi_runner.runner.stage import Stage, StepFailed, Workshop
from jhansi_runner.runner.toolchain import Toolchain

_FORMAT = "set 4"
_SHOWN = 8


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
        self._resolution = Resolution(job, resolver, tools, policy)

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
                stage, lock = self._resolution.obtained(workshop, self._plan)
                probed = {id(entry) for entry in stage.entries if entry.status == ABSENT}
                tell_refused([entry for entry in workshop.entries if id(entry) not in probed])
                name = self._set_name(lock)
                # first: it keeps the files in the cache until they have been compared
                resolved.keep(job.folders, request, lock)
                if not self._has(lock, name):
                    self._fill(stage, lock, name)
            except StepFailed as failed:
                lines = _told_missing(job, workshop.entries, failed.words, self._plan, record)
                raise explained(failed, self._plan, self._resolver, policy, lines) from None
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
    return tell(job, wants, record) if wants else (NOTHING_MISSING,)
