"""Finding what is known of a run: its record, its stored set, what asked for it. Each error says what is not there."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from jhansi_runner.proxy.paths import Paths
from jhansi_runner.resolvers.all import resolvers
from jhansi_runner.resolvers.resolver import Locked, UnfitLock
from jhansi_runner.runner.errors import FAILED, RunnerError
from jhansi_runner.runner.evidence import asked, stored
from jhansi_runner.runner.evidence.components import Component, components, unaccounted
from jhansi_runner.runner.evidence.index import Index
from jhansi_runner.runner.evidence.runs import ENDED, RUNNING, Run
from jhansi_runner.runner.inventories import inventory

_LOOKED_AT = 1000
_OF_SANDBOXES = "run_"


@dataclass(frozen=True, slots=True)
class Dossier:
    """A run with the packages that it had; `problems` are sentences about what does not add up."""

    run: Run
    components: Sequence[Component]
    problems: Sequence[str]


def index(folders: Paths) -> Index:
    """The index of runs. Raises RunnerError where there are none."""
    try:
        return Index(folders.runs)
    except FileNotFoundError:
        raise RunnerError(f"no run is recorded in {folders.runs}", lines=("run a program first: exec FILE",)) from None


def named(runs: Index, run: str) -> Run:
    """The run of an id, also as sandboxes have it. Raises RunnerError that names those which are like it."""
    found = runs.run(run.removeprefix(_OF_SANDBOXES))
    if found is None:
        near = runs.close_to(run)
        hint = f"there are {', '.join(near)}" if near else "'jhansi-runner runs' lists them"
        raise RunnerError(f"there is no run {run}", lines=(hint,))
    return found


def last_of(runs: Index, workspace: str, program: str | None) -> Run:
    """The last run in a workspace, or of one program in it. Raises RunnerError."""
    found = next((each for each in runs.latest(_LOOKED_AT, workspace) if program in (None, each.program)), None)
    if found is None:
        what = f"of {program} " if program else ""
        raise RunnerError(f"no run {what}is recorded in the workspace {workspace}", lines=("name a run: see 'runs'",))
    return found


def dossier(folders: Paths, run: Run, *, or_nothing: bool = False) -> Dossier:
    """What is known of a run's packages; `or_nothing`: a run without any has an empty one. Raises RunnerError."""
    if run.state != ENDED:
        what = "has not ended yet" if run.state == RUNNING else "was killed before its packages were recorded"
        raise RunnerError(f"run {run.run} {what}", lines=("a later run of the same program tells",))
    if not run.dependencies:
        if or_nothing:
            return Dossier(run, (), ())
        failed = f": it ended with {run.code}, {run.error}" if run.error else ""
        raise RunnerError(f"run {run.run} had no packages{failed}", lines=("name another: see 'jhansi-runner runs'",))
    packages, contents = _stored(folders, run)
    try:
        who = asked.read(folders.runs, run.asked) if run.asked else ()
        missing = [] if run.asked else ["what asked for the packages was not recorded"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        who, missing = (), [f"what asked for the packages cannot be told: {error}"]
    site = f"{_set_folder(folders, run)}/site"
    try:
        present = inventory(run.language, site, packages, folders.cache, built=True)
    except OSError as error:
        present = [f"{site} cannot be read: {error.strerror}"]
    problems = [*unaccounted(packages, contents), *present, *missing]
    return Dossier(run, components(packages, contents, who), problems)


def installed_in(site: str, language: str) -> list[dict[str, str]]:
    """The packages of the set whose folder of packages this is, as `exec --json` tells them; none for ""."""
    if not site:
        return []
    try:
        with open(f"{os.path.dirname(site)}/lock.txt", encoding="utf-8", errors="surrogateescape", newline="") as file:
            packages = resolvers()[language].locked(file.read())
    except (OSError, KeyError, UnfitLock):  # it was deleted just now, and the run will say so
        return []
    return [{"name": one.name, "version": one.version, "purl": one.purl} for one in packages]


def _set_folder(folders: Paths, run: Run) -> str:
    return folders.stored_set(run.dependencies, run.sandbox, private=run.private)


def _stored(folders: Paths, run: Run) -> tuple[Sequence[Locked], stored.Contents]:
    folder = _set_folder(folders, run)
    resolver = resolvers().get(run.language)
    if resolver is None:
        raise RunnerError(f"run {run.run} was of {run.language}, which is not installed any more", code=FAILED)
    try:
        with open(f"{folder}/lock.txt", encoding="utf-8", errors="surrogateescape", newline="") as file:
            packages = resolver.locked(file.read())
        return packages, stored.read(folder)
    except FileNotFoundError as error:
        lines = (f"there is no {error.filename}", "run the program again: it is installed anew, under a new run")
        raise RunnerError(f"the packages of run {run.run} were deleted since", lines=lines) from None
    except (UnfitLock, ValueError) as error:
        raise RunnerError(f"what is known of {folder} cannot be read: {error}") from None
