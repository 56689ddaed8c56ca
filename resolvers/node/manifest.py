"""package.json: the nearest one that asks for something, or the root of the workspace that it belongs to.

What npm works from is written anew from it, without whatever runs something or names another place.

Source: npm's documentation of package.json and of workspaces.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from jhansi_runner.proxy.coordinate import npm
from jhansi_runner.resolvers.interface import ManifestError, Requirement, View
from jhansi_runner.resolvers.node import members, specs
from jhansi_runner.resolvers.node.local import inside, join, parents
from jhansi_runner.resolvers.node.names import package_of
from jhansi_runner.resolvers.node.text import Table, line_of, parse, read, table

PACKAGE = "package.json"
MANIFEST = "manifest"
SECTIONS = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies")
_RUN_BY_NPM = ("preinstall", "install", "postinstall", "prepublish", "preprepare", "prepare", "postprepare")


@dataclass(frozen=True, slots=True)
class Package:
    """A package.json of the workspace: its folder, its path, its text and what it says."""

    folder: str
    path: str
    text: str
    document: Table

    @property
    def name(self) -> str:
        """Its name, "" when it has none."""
        name = self.document.get("name")
        return name if isinstance(name, str) else ""

    def asks(self) -> bool:
        """Whether it asks for any package."""
        return any(self.document.get(section) for section in SECTIONS)

    def line(self, key: str, section: str = "") -> int:
        """The line of a key."""
        return line_of(self.text, key, section)


@dataclass(slots=True)
class Project:
    """A root with the packages of the workspace that npm links, all as npm gets to see them.

    `manifests` are by folder, and the root's is `folder`; `overrides` are what the author forces on all.
    """

    folder: str
    path: str
    manifests: dict[str, Table] = field(default_factory=dict)
    requirements: list[Requirement] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    packages: dict[str, Package] = field(default_factory=dict)

    @property
    def root(self) -> Table:
        """The root's manifest."""
        return self.manifests[self.folder]


def load(view: View, folder: str) -> Package | None:
    """The package.json of a folder, None when there is none. Raises ManifestError."""
    path = join(folder, PACKAGE)
    text = read(view, path)
    return None if text is None else Package(folder, path, text, parse(text, path))


def find(view: View, entry: str | None) -> Project | None:
    """The project that decides for `entry`, None when no package.json asks for anything. Raises ManifestError."""
    nearest: Package | None = None
    for folder in parents(entry) if entry is not None else ("",):
        found = load(view, folder)
        if found is None:
            continue
        wanted = members.patterns(found.document, view, folder)
        held = members.folders(view, folder, wanted) if wanted else ()
        if nearest is not None and nearest.folder in held:
            return _project(view, found, held)
        if nearest is None and (found.asks() or held):
            if held:
                return _project(view, found, held)
            nearest = found
    return _project(view, nearest, ()) if nearest is not None else None


def _project(view: View, root: Package, held: tuple[str, ...]) -> Project | None:
    project = Project(root.folder, root.path)
    packages = {root.folder: root}
    for folder in held:
        if member := load(view, folder):
            packages[folder] = member
    waiting = list(packages.values())
    names = frozenset(each.name for each in packages.values() if each.folder != root.folder and each.name)
    while waiting:
        package = waiting.pop(0)
        manifest = _written(package, project, names, is_root=package.folder == root.folder)
        project.manifests[package.folder] = manifest
        for target, line, name in _folders(manifest, package):
            if target not in packages:
                linked = load(view, target)
                if linked is None:
                    hint = "correct the path"
                    raise ManifestError(
                        package.path, line, f"{name} is {target or '.'}, which has no package.json", hint
                    )
                if len(packages) > members.MAX_MEMBERS:
                    hint = "link fewer folders"
                    raise ManifestError(package.path, line, f"more than {members.MAX_MEMBERS} folders are linked", hint)
                packages[target] = linked
                waiting.append(linked)
    if held:
        project.root["workspaces"] = [members.relative(folder, root.folder) for folder in held if folder in packages]
    project.packages = packages
    return project if any(each.asks() for each in packages.values()) else None


def _folders(manifest: Table, package: Package) -> Iterator[tuple[str, int, str]]:
    for section in SECTIONS:
        for name, spec in _entries(manifest.get(section)):
            folder = specs.folder_of(str(spec), package.folder)
            if folder is not None:
                yield folder, package.line(name, section), name


def _entries(value: object) -> list[tuple[str, object]]:
    return list(value.items()) if isinstance(value, dict) else []


def _written(package: Package, project: Project, names: frozenset[str], *, is_root: bool) -> Table:
    """A manifest as npm gets to see it, and its requirements into the project."""
    path, text, document = package.path, package.text, package.document
    name = package.name or package.folder.rpartition("/")[2]
    if not is_root and package_of(name) != name:
        raise ManifestError(path, package.line("name"), f"{name!r} is no name of a package", "correct it")
    written: Table = {} if is_root else {"name": name}
    version = document.get("version")
    if isinstance(version, str) and not is_root:
        written["version"] = version
    if not is_root and (programs := _programs(document.get("bin"), name)):
        written["bin"] = programs
    meta = table(document, "peerDependenciesMeta", path, text)
    for section in SECTIONS:
        wanted: Table = {}
        for name, spec in table(document, section, path, text).items():
            line = package.line(name, section)
            wanted[name] = checked = specs.checked(name, spec, path, line, package.folder, names)
            about = meta.get(name)
            skipped = section == "peerDependencies" and isinstance(about, dict) and about.get("optional") is True
            if not skipped and name not in names and specs.folder_of(checked, package.folder) is None:
                project.requirements.append(
                    requirement(name, checked, path, line, optional=section == "optionalDependencies")
                )
        if wanted:
            written[section] = wanted
    if meta:
        written["peerDependenciesMeta"] = {
            name: {"optional": True}
            for name, about in meta.items()
            if isinstance(about, dict) and about.get("optional")
        }
    if is_root:
        if overrides := table(document, "overrides", path, text):
            written["overrides"] = _overrides(overrides, package, names)
        if document.get("resolutions"):
            project.notes.append(f"{path}:{package.line('resolutions')}: npm knows no resolutions: write overrides")
    _note_scripts(package, project)
    return written


def _programs(told: object, name: str) -> dict[str, str]:
    """The commands of a package, by name: files of its own."""
    named = {name.rpartition("/")[2]: told} if isinstance(told, str) else told
    return {
        command: path
        for command, path in (named.items() if isinstance(named, dict) else ())
        if isinstance(path, str) and inside(path) and package_of(command) == command and "/" not in command
    }


def requirement(name: str, spec: str, path: str, line: int, *, optional: bool) -> Requirement:
    """What a dependency asks of the registry."""
    purl = npm(specs.real_name(name, spec)).purl
    return Requirement(name, specs.range_of(spec), purl, None, path, line, MANIFEST, optional=optional)


def _overrides(found: Mapping[str, object], package: Package, names: frozenset[str]) -> Table:
    """The versions that the author forces, however deep. Raises ManifestError."""
    written: Table = {}
    waiting: list[tuple[Mapping[str, object], Table]] = [(found, written)]
    while waiting:
        source, target = waiting.pop()
        for key, value in source.items():
            name = key if key == "." else "@".join(key.split("@")[: 2 if key.startswith("@") else 1])
            if isinstance(value, dict):
                inner: Table = {}
                target[key] = inner
                waiting.append((value, inner))
            elif isinstance(value, str) and value.startswith("$"):
                target[key] = value
            else:
                line = package.line(key, "overrides")
                spec = specs.checked("any" if name == "." else name, value, package.path, line, package.folder, names)
                target[key] = spec
    return written


def _note_scripts(package: Package, project: Project) -> None:
    scripts = package.document.get("scripts")
    for name in _RUN_BY_NPM:
        if isinstance(scripts, dict) and scripts.get(name):
            project.notes.append(f"{package.path}:{package.line(name, 'scripts')}: the script {name} is not run")


def as_text(manifest: Table) -> str:
    """A manifest as a file."""
    return json.dumps(manifest, indent=2, sort_keys=True) + "\n"
