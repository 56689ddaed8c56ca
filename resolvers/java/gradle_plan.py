"""The plan that a Gradle build makes: from its text where that tells, else from what it said when asked."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from jhansi_runner.resolvers.interface import (
    ManifestError,
    ParseImports,
    Plan,
    Requirement,
    SourceFile,
    Unbuilt,
    View,
    ViewError,
)
from jhansi_runner.resolvers.java import catalog, gradle, gradle_answer, maven_plan, pom
from jhansi_runner.resolvers.java.artifact import IMPORT, MANAGED, Artifact
from jhansi_runner.resolvers.java.maven_plan import MANIFEST
from jhansi_runner.resolvers.java.paths import join, parents
from jhansi_runner.resolvers.java.project import MAX_MODULES, normal
from jhansi_runner.resolvers.java.source import numbered
from jhansi_runner.resolvers.java.steps import POM_FILE

BUILT = "built"
_ROOT = re.compile(r"^\$\{?(?:rootDir|rootProject\.(?:projectDir|rootDir))\}?/")
_PROJECT = re.compile(r"^\$\{?(?:projectDir|project\.projectDir)\}?/")


@dataclass(frozen=True, slots=True)
class Build:
    """The script of a project at `path`, as numbered lines without comments."""

    path: str
    lines: tuple[tuple[str, int], ...]

    @property
    def folder(self) -> str:
        """The project's."""
        return posixpath.dirname(self.path)


def find(view: View, entry: str | None, parse: ParseImports) -> Build | None:
    """The nearest build script. Raises ManifestError."""
    for folder in parents(entry) if entry is not None else ("",):
        if (found := _at(view, folder, parse)) is not None:
            return found
    return None


def _at(view: View, folder: str, parse: ParseImports) -> Build | None:
    for name in gradle.NAMES:
        path = join(folder, name)
        data = _read(view, path)
        if data is not None:
            (answer,) = parse([SourceFile(path, data)])
            return Build(path, numbered(answer.facts))
    return None


def plan(view: View, entry: str | None, parse: ParseImports, built: Build, told: gradle_answer.Told | None) -> Plan:
    """The plan of a build; `unbuilt` where its text does not tell, and it has not `told`. Raises ManifestError."""
    if told is not None:
        line = next((line for words, line in built.lines if words.startswith("dependencies")), 1)
        rows = [(each, _line(each, built, line)) for each in told.artifacts]
        return _plan(view, entry, parse, [(built, rows)], told.folders, BUILT, ())
    top, named = _at(view, _top(view, built), parse), _catalog(view, built)
    try:
        projects, notes = _projects(view, parse, built)
        shared = [top] if top is not None and top not in projects and gradle.shares(top.lines) else []
        scripts = [*projects, *shared]
        scripts += _applied(view, parse, scripts, notes)
        known = _variables(view, top, scripts)
        read = [(each, gradle.artifacts(each.lines, each.path, named, known)) for each in scripts]
    except ManifestError as fault:
        return _to_ask(view, entry, parse, built, fault)
    notes.insert(0, f"{built.path}: read as text, Gradle itself is not run")
    return _plan(view, entry, parse, read, tuple(each.folder for each in projects), MANIFEST, notes)


def _projects(view: View, parse: ParseImports, built: Build) -> tuple[list[Build], list[str]]:
    """The project itself and those of its build that it needs, and notes for those that are not found.

    Raises ManifestError.
    """
    found, notes, top = [built], [], _top(view, built)
    for each in found:  # it grows
        for name, line in gradle.projects(each.lines, each.path):
            folder = normal(top, name.strip(":").replace(":", "/")) if name.strip(":") else None
            other = _at(view, folder, parse) if folder is not None else None
            if other is None:
                notes.append(f"{each.path}:{line}: the other project's artifacts are not added")
            elif other not in found and len(found) < MAX_MODULES:
                found.append(other)
    return found, notes


def _applied(view: View, parse: ParseImports, scripts: Sequence[Build], notes: list[str]) -> list[Build]:
    """The scripts of the workspace that these apply, and notes for those that are not found. Raises ManifestError."""
    found: dict[str, Build] = {}
    top = _top(view, scripts[0])
    for each in scripts:
        for words, line in gradle.applied(each.lines):
            base, path = each.folder, _PROJECT.sub("", words)
            if (below := _ROOT.sub("", words)) != words:
                base, path = top, below
            place = normal(base, path) if "$" not in path and ":" not in path else None
            data = _read(view, place) if place else None
            if place is None or data is None:
                notes.append(f"{each.path}:{line}: {words[:200]} is not read")
            elif place not in found and len(found) < MAX_MODULES:
                (answer,) = parse([SourceFile(place, data)])
                found[place] = Build(place, numbered(answer.facts))
    return list(found.values())


def _variables(view: View, top: Build | None, scripts: Sequence[Build]) -> dict[str, str]:
    """What a project's script finds by name, from its build's and its own properties and from the other scripts."""
    found: dict[str, str] = {}
    for each in (*([top] if top else []), *reversed(scripts)):
        found |= gradle.variables(each.lines)
    for folder in dict.fromkeys([_top(view, scripts[0]), scripts[0].folder]):
        data = _read(view, join(folder, gradle.PROPERTIES))
        found |= gradle.properties(data.decode("utf-8", "replace")) if data is not None else {}
    return found


def _plan(
    view: View,
    entry: str | None,
    parse: ParseImports,
    read: Sequence[tuple[Build, Sequence[tuple[Artifact, int]]]],
    folders: tuple[str, ...],
    origin: str,
    notes: Iterable[str],
) -> Plan:
    built = read[0][0]
    artifacts = list(dict.fromkeys(each for _, rows in read for each, _ in rows))
    requirements: dict[str, Requirement] = {}
    for each, rows in read:
        for one in requirements_of(rows, each.path, origin):
            requirements.setdefault(one.name, one)
    target = maven_plan.laid_out(view, entry, parse, folders, gradle.release(built.lines))
    return Plan(
        "java",
        built.path,
        tuple(requirements[name] for name in sorted(requirements)),
        notes=tuple(notes),
        files=((POM_FILE, pom.made_up(artifacts)),) if artifacts else (),
        target=target.encode(),
    )


def _to_ask(view: View, entry: str | None, parse: ParseImports, built: Build, fault: ManifestError) -> Plan:
    where = f"{fault.file}:{fault.line}: {fault.message}"
    if entry is None:
        note = f"{where}; for a command nothing is installed, and the build is not asked"
        return Plan("java", built.path, notes=(note,))
    line, reason = (fault.line, fault.message) if fault.file == built.path else (1, f"needs {where}")
    unbuilt = Unbuilt(_top(view, built), built.path, line, gradle_answer.BACKEND, reason=reason)
    note = f"{where}: before a run, the host's Gradle, if there is one, is asked for it in a sandbox"
    target = maven_plan.laid_out(view, entry, parse, (built.folder,), gradle.release(built.lines))
    return Plan("java", built.path, notes=(note,), target=target.encode(), unbuilt=unbuilt)


def _top(view: View, built: Build) -> str:
    """The folder of the build that a project belongs to: the nearest with settings, as Gradle looks for it."""
    for folder in parents(built.path):
        for name in gradle.SETTINGS:
            if _read(view, join(folder, name)) is not None:
                return folder
    return built.folder


def _line(artifact: Artifact, built: Build, otherwise: int) -> int:
    signs = (artifact.key, f":{artifact.name}:")
    return next((line for words, line in built.lines if any(sign in words for sign in signs)), otherwise)


def _catalog(view: View, built: Build) -> catalog.Catalog:
    """The catalog of the nearest folder that has one, from that of the build up."""
    for folder in parents(built.path):
        path = join(folder, catalog.PATH)
        data = _read(view, path)
        if data is not None:
            return catalog.parse(data, path)
    return {}


def _read(view: View, path: str) -> bytes | None:
    try:
        return view.read(path)
    except ViewError as fault:
        raise ManifestError(path, 0, fault.reason, "make it a regular file inside the workspace") from None


def requirements_of(artifacts: Iterable[tuple[Artifact, int]], file: str, origin: str = MANIFEST) -> list[Requirement]:
    """The requirements that a manifest's artifacts are, each once. What only gives versions is none."""
    found: dict[str, Requirement] = {}
    for each, line in artifacts:
        if each.scope not in (IMPORT, MANAGED):
            found.setdefault(each.key, each.requirement(file, line, origin))
    return [found[key] for key in sorted(found)]
