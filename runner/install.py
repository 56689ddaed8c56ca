"""From a plan to a stored set of packages, named by its lock.

A set is filled only from a lock with hashes, by an installer that runs no package code; what needs code to build stays
with its workspace. It appears by rename: there is no half of one.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.coordinate import pypi
from jhansi_runner.proxy.ledger import DENY, WITHHELD
from jhansi_runner.proxy.policy.decide import PolicySet
from jhansi_runner.resolvers.interface import Plan
from jhansi_runner.resolvers.python import steps
from jhansi_runner.resolvers.resolver import UnfitLock
from jhansi_runner.runner.aftermath import tell_refused
from jhansi_runner.runner.console import counted, say
from jhansi_runner.runner.errors import FAILED, REFUSED, RunnerError
from jhansi_runner.runner.interpreter import Interpreter
from jhansi_runner.runner.inventory import check, differences
from jhansi_runner.runner.job import Job
from jhansi_runner.runner.link import start_early
from jhansi_runner.runner.record import Record
from jhansi_runner.runner.rejudge import still_allowed
from jhansi_runner.runner.stage import Stage, StepFailed, Workshop

_FORMAT = "set 1"
_NO_WHEEL = ("no usable wheels", "no wheels", "building from source is disabled")
"""How uv says that a package would have to be built."""


@dataclass(frozen=True, slots=True)
class Installed:
    """A stored set: its name, whether it is the workspace's own, and what is in it as name and version."""

    name: str
    private: bool
    packages: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Lock:
    text: str
    build: bool
    """Whether something in it has to be built."""


def installed_set(
    job: Job, plan: Plan, interpreter: Interpreter, policy: PolicySet, record: Record | None
) -> Installed:
    """The set for a plan: the stored one, or a new one. Raises RunnerError."""
    request = _request_digest(plan, interpreter, policy)
    kept = _kept_lock(job, request)
    allowed = kept is not None and still_allowed(kept.text, kept.build, policy, job.folders.cache, time.time())
    if kept is not None and allowed:
        name = _set_name(kept, interpreter)
        if os.path.isdir(f"{_base(job, kept)}/{name}/site"):
            if not job.options.no_install:
                say(f"{counted(len(steps.locked(kept.text)), 'package')}, installed before")
            return Installed(name, kept.build, tuple(steps.locked(kept.text)))
    if job.options.no_install:
        say(f"not installed: {', '.join(each.name for each in plan.requirements)} (--no-install)")
        return Installed("", False, ())
    if policy.egress.install == "none":
        raise RunnerError("the policy says egress.install: none, so nothing can be installed", code=REFUSED)
    start_early(job)
    with _locked(job, request):
        workshop = Workshop(job, interpreter, _find_uv())
        try:
            stage, lock = _obtained(workshop, plan, interpreter, policy)
            tell_refused(workshop.entries)
            paths.make(f"{job.folders.state}/requests")
            name = _set_name(lock, interpreter)
            _keep_lock(job, request, lock)  # first: it keeps the wheels in the cache until they have been compared
            if not os.path.isdir(f"{_base(job, lock)}/{name}/site"):
                _fill(job, stage, lock, interpreter, name)
        except StepFailed as failed:
            raise _explained(failed, plan, policy) from None
        finally:
            if record is not None:
                record.heard(workshop.entries)
            workshop.close()
    return Installed(name, lock.build, tuple(steps.locked(lock.text)))


def _obtained(workshop: Workshop, plan: Plan, interpreter: Interpreter, policy: PolicySet) -> tuple[Stage, _Lock]:
    """A lock for a plan, or for what of it is needed, and the stage that it was made in."""
    say("resolving")
    needed = tuple(each for each in plan.requirements if not each.optional)
    try:
        return _resolved(workshop, plan, interpreter, policy)
    except StepFailed:
        if len(needed) == len(plan.requirements):
            raise
    left_out = ", ".join(each.name for each in plan.requirements if each.optional)
    say(f"resolving without {left_out}, which the program can do without")
    if not needed:
        return workshop.stage(), _Lock("", False)
    return _resolved(workshop, replace(plan, requirements=needed), interpreter, policy)


def _resolved(workshop: Workshop, plan: Plan, interpreter: Interpreter, policy: PolicySet) -> tuple[Stage, _Lock]:
    """Resolve to wheels alone, else with what has to be built.

    Each attempt has a stage of its own: code that was built in a stage may have changed whatever is in it.
    """
    try:
        return _attempted(workshop.stage(), plan, interpreter, build=False)
    except StepFailed as failed:
        denied = any(entry.verdict == DENY for entry in failed.entries)  # older versions may do without what is denied
        if denied or policy.sdists == "deny" or not any(sign in failed.words for sign in _NO_WHEEL):
            raise
    say("not everything comes as a wheel: source distributions are built in the sandbox, for this workspace alone")
    return _attempted(workshop.stage(), plan, interpreter, build=True)


def _attempted(stage: Stage, plan: Plan, interpreter: Interpreter, *, build: bool) -> tuple[Stage, _Lock]:
    stage.run(steps.resolve(plan, interpreter.path, build=build))
    try:
        return stage, _Lock(steps.narrowed(stage.read("lock.txt"), plan), build)
    except UnfitLock as error:
        raise RunnerError(str(error), lines=("the files were changed, or the hashes are another version's",)) from None


def _fill(job: Job, stage: Stage, lock: _Lock, interpreter: Interpreter, name: str) -> None:
    packages = steps.locked(lock.text)
    shown = ", ".join(f"{package} {version}" for package, version in packages[:8])
    say(f"installing {counted(len(packages), 'package')}: {shown}{', ...' if len(packages) > 8 else ''}")
    began = time.monotonic()
    stage.run(steps.install(lock.text, interpreter.path, build=lock.build))
    stage.discard(steps.CACHE)
    site = stage.folder_named("site")
    problems = check(site, packages)
    if not lock.build:
        problems += differences(site, packages, steps.hashes(lock.text), job.folders.cache)
    if problems:
        raise RunnerError("what was installed is not what was locked; nothing was kept", lines=tuple(problems[:10]))
    size = sum(entry.size for entry in stage.entries)
    say(f"installed in {time.monotonic() - began:.1f} s ({size / 1e6:.1f} MB through the gate)")
    made = tempfile.mkdtemp(dir=stage.folder)
    os.rename(site, os.path.join(made, "site"))
    with open(os.path.join(made, "lock.txt"), "x", encoding="utf-8") as file:
        file.write(lock.text)
    target = f"{paths.make(_base(job, lock))}/{name}"
    try:
        os.rename(made, target)
    except OSError:
        if not os.path.isdir(f"{target}/site"):
            raise


def _explained(failed: StepFailed, plan: Plan, policy: PolicySet) -> RunnerError:
    """The error for an installer that gave up: what the policy refused if it did, and the installer's own words."""
    words = tuple(line for line in failed.words.strip().splitlines() if line.strip())[-25:]
    refused = any(entry.verdict == DENY for entry in failed.entries)
    tell_refused(failed.entries)
    withheld = [
        f"{each.file}:{each.line}: {decision.sentence(pypi(each.name, version))}"
        for each in plan.requirements
        for version in _pinned(each.specifier)
        if not (decision := policy.decide(pypi(each.name, version))).allowed
    ]
    withheld += dict.fromkeys(entry.reason for entry in failed.entries if entry.code == WITHHELD)
    if refused or withheld:
        return RunnerError("the policy refuses what the program needs", code=REFUSED, lines=(*withheld, *words))
    return RunnerError("the packages could not be installed", code=FAILED, lines=words)


def _pinned(specifier: str) -> tuple[str, ...]:
    return (specifier.removeprefix("==").strip(),) if specifier.startswith("==") and "," not in specifier else ()


def _request_digest(plan: Plan, interpreter: Interpreter, policy: PolicySet) -> str:
    """What is asked of which registries, whatever the policy's rules: two plans with one digest get one lock."""
    parts = [_FORMAT, interpreter.tag, interpreter.version, str(plan.allow_prereleases)]
    parts += sorted(each.locked_text for each in plan.requirements)
    parts += ["--", *sorted(each.text for each in plan.constraints)]
    parts += ["--", *sorted(f"{each.type} {each.upstream or ''}" for each in policy.registries)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _set_name(lock: _Lock, interpreter: Interpreter) -> str:
    return hashlib.sha256(f"{_FORMAT}\n{interpreter.tag}\n{interpreter.prefix}\n{lock.text}".encode()).hexdigest()


def _base(job: Job, lock: _Lock) -> str:
    return f"{job.folders.state}/private/{job.sandbox}" if lock.build else job.folders.sets


def _kept_lock(job: Job, request: str) -> _Lock | None:
    try:
        with open(f"{job.folders.state}/requests/{request}", encoding="utf-8") as file:
            kind, _, text = file.read().partition("\n")
    except OSError:
        return None
    return _Lock(text, build=kind == "build") if kind in ("build", "wheels") else None


def _keep_lock(job: Job, request: str, lock: _Lock) -> None:
    path = f"{job.folders.state}/requests/{request}"
    with open(f"{path}.{os.getpid()}", "w", encoding="utf-8") as file:
        file.write(("build" if lock.build else "wheels") + "\n" + lock.text)
    os.rename(f"{path}.{os.getpid()}", path)


@contextlib.contextmanager
def _locked(job: Job, request: str) -> Iterator[None]:
    """One install of a request at a time: whoever waits finds it done."""
    lock = os.open(
        f"{paths.make(job.folders.locks)}/request-{request[:32]}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
    )
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _find_uv() -> str:
    """The uv that came with us, and no other that lies on PATH. Raises RunnerError."""
    import uv

    try:
        return os.path.realpath(uv.find_uv_bin())
    except FileNotFoundError:
        raise RunnerError("uv is missing from this installation: install jhansi-runner again") from None
