"""What a Python program needs: a manifest decides, because its author knows; else a scan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from jhansi_runner.resolvers import alike
from jhansi_runner.resolvers.choices import Status, needed
from jhansi_runner.resolvers.interface import (
    NOTHING,
    SCAN,
    Import,
    ParseImports,
    Plan,
    Requirement,
    Undecided,
    View,
)
from jhansi_runner.resolvers.python import pylock
from jhansi_runner.resolvers.python.metadata import Told
from jhansi_runner.resolvers.python.names import Answer, NameMap, default_names
from jhansi_runner.resolvers.python.precedence import find_manifest
from jhansi_runner.resolvers.python.requirement import from_pep508, merged
from jhansi_runner.resolvers.python.scan import Scan, scan
from jhansi_runner.resolvers.python.stdlib import is_stdlib

PYTHON = "python"
MAX_UNDECIDED = 200

NEXT = "; if you mean a package, name it in requirements.txt"
SHARED = f"no file of the workspace provides it, and packages share this name or none is meant{NEXT}"
DEVICE = "it works only with a device, which sandboxes do not show, and the program goes on without it"
UNKNOWN = f"no file of the workspace provides it, and no map knows a package that does{NEXT}"


def plan(
    view: View,
    entry: str | None,
    parse: ParseImports,
    names: NameMap | None = None,
    told: Mapping[str, Told] | None = None,
) -> Plan:
    """The plan for the file `entry`, or for the whole workspace when it is None.

    `told` is what builds of projects have said, by the project's folder. Raises ManifestError for a manifest that
    cannot be obeyed, ViewError when the entry cannot be read.
    """
    manifest = find_manifest(view, entry, parse, told)
    maps = names or default_names()
    if manifest.decides:
        mistyped = () if pylock.is_lock(manifest.source) else alike.notes(manifest.requirements, maps.distributions())
        return Plan(
            PYTHON,
            manifest.source,
            manifest.requirements,
            manifest.constraints,
            notes=(*manifest.notes, *mistyped),
            allow_prereleases=manifest.allow_prereleases,
            requires_python=manifest.requires_python,
            files=pylock.files(manifest.source, manifest.requirements),
            unbuilt=manifest.unbuilt,
            roots=manifest.roots,
        )
    scanned = scan(view, entry, parse, manifest.roots)
    requirements, undecided = map_imports(scanned, maps)
    return Plan(
        PYTHON,
        SCAN if requirements or undecided else NOTHING,
        requirements,
        undecided=undecided,
        notes=(*manifest.notes, *scanned.notes),
        requires_python=manifest.requires_python,
        roots=manifest.roots,
    )


def map_imports(scanned: Scan, names: NameMap) -> tuple[tuple[Requirement, ...], tuple[Undecided, ...]]:
    """One requirement for each package that provides the imports, and the names that no map knows."""
    answers: dict[str, Answer | None] = {}

    def answer(name: str) -> Answer | None:
        if name not in answers:
            answers[name] = names.lookup(name)
        return answers[name]

    def found(each: Import) -> Answer | None:
        return None if each.optional and names.needs_device(each.name) else answer(each.name)

    def status(each: Import) -> Status:
        if is_stdlib(each.name) or scanned.modules.absolute(each.name) is not None:
            return Status.FREE
        return Status.KNOWN if found(each) else Status.UNKNOWN

    requirements: dict[str, Requirement] = {}
    undecided: dict[str, Undecided] = {}
    for file in scanned.files:
        for each in sorted(needed(file.imports, status), key=lambda item: (item.line, item.name)):
            if (known := found(each)) is None:
                _add_undecided(undecided, file.path, each, names)
            else:
                _add_requirements(requirements, file.path, each, known)
    by_name = sorted(undecided.values(), key=lambda item: item.import_name)
    return tuple(requirements[name] for name in sorted(requirements)), tuple(by_name)


def _add_requirements(requirements: dict[str, Requirement], path: str, each: Import, found: Answer) -> None:
    for text in found.requirements:
        new = from_pep508(text, path, each.line, origin=found.origin, import_name=found.matched, optional=each.optional)
        requirements[new.name] = merged(requirements[new.name], new) if new.name in requirements else new


def _add_undecided(undecided: dict[str, Undecided], path: str, each: Import, names: NameMap) -> None:
    name = names.undecided_name(each.name)
    if name in undecided:
        undecided[name] = replace(undecided[name], optional=undecided[name].optional and each.optional)
    elif len(undecided) < MAX_UNDECIDED:
        reason = SHARED if names.is_shared(name) else UNKNOWN
        closest = names.closest(name)
        if each.optional and names.needs_device(name):
            reason, closest = DEVICE, None
        undecided[name] = Undecided(name, path, each.line, reason, closest, each.optional)
