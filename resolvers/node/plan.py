"""What a Node program needs: package.json decides, because its author knows; else a scan."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

from jhansi_runner.proxy.coordinate import npm
from jhansi_runner.resolvers import alike
from jhansi_runner.resolvers.choices import Status, needed
from jhansi_runner.resolvers.interface import (
    NOTHING,
    SCAN,
    Import,
    ManifestError,
    ParseImports,
    Plan,
    Requirement,
    Undecided,
    View,
    ViewError,
)
from jhansi_runner.resolvers.node import authored, foreign, manifest, members, npmrc
from jhansi_runner.resolvers.node.builtins import is_builtin
from jhansi_runner.resolvers.node.launch import LAUNCHERS, TSX, needs_tsx
from jhansi_runner.resolvers.node.local import join
from jhansi_runner.resolvers.node.names import KNOWN, TYPES, NameMap, default_names, package_of
from jhansi_runner.resolvers.node.scan import Scan, scan
from jhansi_runner.resolvers.node.steps import TREE
from jhansi_runner.resolvers.node.text import read
from jhansi_runner.resolvers.node.tree import name_at

NODE = "node"
LAUNCHER = "launcher"
NO_PACKAGE = ("/", "data:", "file:")
"""How imports begin that Node takes from a path, or from themselves. Source: Node's "Modules: ECMAScript modules"."""
TYPED = (".ts", ".tsx", ".mts", ".cts")
_INSTALLED = (".package-lock.json", ".yarn-integrity", ".yarn-state.yml", ".modules.yaml")
"""What npm, both Yarns and pnpm leave in a `node_modules`."""
MAX_UNDECIDED = 200
MAX_CLOSEST = 20

NO_NAME = "no file of the workspace provides it, and it cannot be the name of a package: correct the path"


def plan(view: View, entry: str | None, parse: ParseImports, names: NameMap | None = None) -> Plan:
    """The plan for the file `entry`, or for the whole workspace when it is None.

    Raises ManifestError for a manifest that cannot be obeyed, ViewError when the entry cannot be read.
    """
    project = manifest.find(view, entry)
    if project is not None:
        found = _of_project(view, project, names or default_names())
        return replace(found, requirements=(*found.requirements, *_launcher(entry, found.requirements)))
    scanned = scan(view, entry, parse)
    requirements, undecided = map_imports(scanned, names or default_names())
    npmrc.check(view, "", requirements, ())
    requirements = (*requirements, *_launcher(entry, requirements))
    source = SCAN if requirements or undecided else NOTHING
    return Plan(NODE, source, requirements, undecided=undecided, notes=(*_shadowed(view, ""), *scanned.notes))


def _launcher(entry: str | None, requirements: tuple[Requirement, ...]) -> tuple[Requirement, ...]:
    """tsx for what is no JavaScript, where nothing else that runs it is asked for.

    Node may run TypeScript by itself, or not: that is known when it is started.
    """
    if entry is None or not needs_tsx(entry) or not LAUNCHERS.isdisjoint(each.name for each in requirements):
        return ()
    optional = not entry.endswith("x")
    return (Requirement(TSX, "", npm(TSX).purl, None, entry, 1, LAUNCHER, optional=optional),)


def _shadowed(view: View, folder: str) -> Iterator[str]:
    """Notes on what lies in a workspace and means something else here."""
    modules = join(folder, "node_modules")
    if any(_is_there(view, f"{modules}/{name}") for name in _INSTALLED):
        yield f"{modules}: Node finds packages here first, which nobody has checked"
    if _is_there(view, join(folder, npmrc.NPMRC)):
        yield f"{join(folder, npmrc.NPMRC)}: is not obeyed: registries are set by the policy"


def _is_there(view: View, path: str) -> bool:
    try:
        return view.read(path) is not None
    except ViewError:
        return True


def _of_project(view: View, project: manifest.Project, names: NameMap) -> Plan:
    files = {}
    lock, notes = _lock(view, project)
    npmrc.check(view, project.folder, project.requirements, _hashed(lock))
    for folder, written in project.manifests.items():
        files[join(join(TREE, folder), manifest.PACKAGE)] = manifest.as_text(written)
    for name, text in lock.items():
        files[join(join(TREE, project.folder), name)] = text
    ordered = sorted(project.requirements, key=lambda each: (each.name, each.file, each.line))
    unique = {(each.name, each.purl, each.specifier, each.optional): each for each in reversed(ordered)}
    return Plan(
        NODE,
        project.path,
        tuple(reversed(unique.values())),
        notes=tuple(dict.fromkeys((*project.notes, *_alike(project, names), *notes, *_shadowed(view, project.folder)))),
        files=tuple(sorted(files.items())),
    )


def _alike(project: manifest.Project, names: NameMap) -> Iterator[str]:
    """Notes on names that look mistyped; in scopes of the author's own nothing does."""
    own = {package.name.partition("/")[0] for package in project.packages.values() if package.name.startswith("@")}
    asked = [each for each in project.requirements if each.name.partition("/")[0] not in own]
    yield from alike.notes(asked, names.known)


def _lock(view: View, project: manifest.Project) -> tuple[dict[str, str], list[str]]:
    """The author's lock as npm gets to see it, by its name, and notes. Raises ManifestError."""
    for name in authored.NAMES:
        path = join(project.folder, name)
        text = read(view, path)
        if text is not None:
            folders = {members.relative(folder, project.folder) for folder in project.manifests}
            lock, notes = authored.sanitised(text, path, folders - {"."})
            return {"package-lock.json": lock}, notes
    manager = str(project.packages[project.folder].document.get("packageManager", ""))
    order = (foreign.YARN, foreign.PNPM) if manager.startswith("yarn") else (foreign.PNPM, foreign.YARN)
    for name in order:
        path = join(project.folder, name)
        text = read(view, path)
        if text is not None:
            pins, notes = _pinned(project, path, text)
            if not pins:
                raise ManifestError(path, 0, "names no version that can be read", "write it anew, or remove it")
            return {foreign.YARN: foreign.as_yarn(pins)}, [f"{path}: npm installs the versions that it names", *notes]
    return {}, []


def _hashed(lock: Mapping[str, str]) -> frozenset[str]:
    """The names that a lock, as npm gets to see it, has a sha512 for."""
    names = {pin.name for pin in foreign.of_yarn(lock.get(foreign.YARN, "")) if pin.sha512}
    document = json.loads(lock.get("package-lock.json", "{}"))
    for place, entry in {**document.get("packages", {}), **document.get("dependencies", {})}.items():
        names |= {name_at(place) or place} if "integrity" in entry else set()
    return frozenset(names)


def _pinned(project: manifest.Project, path: str, text: str) -> tuple[tuple[foreign.Pin, ...], list[str]]:
    """The pins of Yarn's or pnpm's lock. pnpm's tells no ranges: what is asked for becomes the version that it got."""
    if path.endswith(foreign.YARN):
        return foreign.of_yarn(text, path), []
    pins = foreign.of_pnpm(text, path)
    versions = foreign.only_versions(pins)
    told = foreign.asked_of_pnpm(text)
    for folder, written in project.manifests.items():
        got = {**versions, **told.get(members.relative(folder, project.folder), {})}
        for section in manifest.SECTIONS[:3]:
            asked = written.get(section)
            if isinstance(asked, dict):
                asked |= {each: got[each] for each, spec in asked.items() if each in got and ":" not in str(spec)}
    asked = {each: spec for section in manifest.SECTIONS for each, spec in _entries(project.root.get(section))}
    forced = {each: version for each, version in versions.items() if asked.get(each, version) == version}
    project.root["overrides"] = {**forced, **dict(_entries(project.root.get("overrides")))}
    several = sorted({pin.name for pin in pins} - versions.keys())
    if not several:
        return pins, []
    shown = ", ".join(several[:5]) + (", ..." if len(several) > 5 else "")
    return pins, [f"{path}: has several versions of {shown}: npm chooses among all that fit"]


def _entries(value: object) -> list[tuple[str, object]]:
    return list(value.items()) if isinstance(value, dict) else []


def map_imports(scanned: Scan, names: NameMap) -> tuple[tuple[Requirement, ...], tuple[Undecided, ...]]:
    """One requirement for each package that the imports mean, and the imports that mean none we know."""
    requirements: dict[str, Requirement] = {}
    undecided: dict[str, Undecided] = {}
    for file in scanned.files:

        def status(each: Import, path: str = file.path) -> Status:
            if is_builtin(each.name) or each.name.startswith(NO_PACKAGE):
                return Status.FREE
            found = _packages(scanned, path, each.name)
            if scanned.local.mapped(path, each.name) is not None and not (each.name.startswith("#") and found):
                return Status.FREE
            return Status.KNOWN if any(map(names.is_known, found)) else Status.UNKNOWN

        for each in sorted(needed(file.imports, status), key=lambda item: (item.line, item.name)):
            found = _packages(scanned, file.path, each.name)
            if not found:
                _add_undecided(undecided, file.path, each, each.name, NO_NAME, None)
            for name in found:
                if names.is_known(name):
                    _add(requirements, name, file.path, each)
                else:
                    closest = names.closest(name) if len(undecided) < MAX_CLOSEST else None
                    if names.refused.get(name) == TYPES and file.path.endswith(TYPED):
                        each = replace(each, optional=True)
                    _add_undecided(undecided, file.path, each, name, names.undecided(name), closest)
    for name, versions in _versions(scanned, names).items():
        if name in requirements:
            requirements[name] = replace(requirements[name], specifier=versions)
    by_name = sorted(undecided.values(), key=lambda item: item.import_name)
    return tuple(requirements[name] for name in sorted(requirements)), tuple(by_name)


def _versions(scanned: Scan, names: NameMap) -> dict[str, str]:
    """The versions that offer what the files take from a package: all of them, where several ranges are told."""
    found: dict[str, set[str]] = {}
    for file in scanned.files:
        told = file.facts.get("forms") if isinstance(file.facts, dict) else None
        for each in told if isinstance(told, list) else ():
            match each:
                case [str(form), str(specifier)] | (str(form), str(specifier)):
                    name, versions = package_of(specifier), names.versions(form, specifier)
                    if name and versions:
                        found.setdefault(name, set()).add(versions)
    return {name: " ".join(sorted(ranges)) for name, ranges in found.items()}


def _packages(scanned: Scan, path: str, specifier: str) -> list[str]:
    """The packages that an import takes something from: one, or what a subpath import stands for."""
    told = scanned.local.packages(path, specifier) if specifier.startswith("#") else [specifier]
    return [name for each in told if not is_builtin(each) and (name := package_of(each))]


def _add(requirements: dict[str, Requirement], name: str, path: str, each: Import) -> None:
    new = Requirement(name, "", npm(name).purl, each.name, path, each.line, KNOWN, optional=each.optional)
    before = requirements.get(name)
    if before is None or (before.optional and not each.optional):
        requirements[name] = new


def _add_undecided(
    undecided: dict[str, Undecided], path: str, each: Import, name: str, reason: str, closest: str | None
) -> None:
    if name in undecided:
        undecided[name] = replace(undecided[name], optional=undecided[name].optional and each.optional)
    elif len(undecided) < MAX_UNDECIDED:
        undecided[name] = Undecided(name, path, each.line, reason, closest, each.optional)
