"""The lock: npm's package-lock.json, with nothing in it but files of the registry by their sha512, and folders.

It holds what is installed on this host and no more, and under `project` what the installer needs besides.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from jhansi_runner.proxy.coordinate import npm
from jhansi_runner.resolvers.node import registry
from jhansi_runner.resolvers.node.local import inside, join
from jhansi_runner.resolvers.node.names import package_of
from jhansi_runner.resolvers.node.text import Table
from jhansi_runner.resolvers.node.tree import MODULES, fitting, name_at, needs, owner
from jhansi_runner.resolvers.resolver import Locked, UnfitLock

PROJECT = "project"
_WORKSPACE = "/sandbox"
_HARMLESS = """
@apollo/protobufjs @nestjs/core @parcel/watcher @scarf/scarf @swc/core bufferutil classic-level core-js core-js-bundle
core-js-pure ejs es5-ext esbuild fsevents msgpackr-extract msw nx protobufjs sharp styled-components unrs-resolver
utf-8-validate
"""
"""Packages that work without their install script: it thanks, checks, or saves time. Source: the scripts themselves."""
_IN_VAIN = "@sentry/cli chromedriver cypress electron ffmpeg-static geckodriver puppeteer"
"""Packages whose script does nothing but fetch a program from where no sandbox gets to."""
_NOT_RUN = frozenset((*_HARMLESS.split(), *_IN_VAIN.split()))


def written(text: str, unfit: frozenset[str], folder: str, overrides: object) -> str:
    """The lock from what npm left. `unfit` are places of optional packages that this host cannot use.

    `folder` is the project's in the workspace, `overrides` the root's. Raises UnfitLock.
    """
    there = entries(text)
    root = {key: value for key, value in there.get("", {}).items() if key not in ("name", "version", "license")}
    kept = fitting({**there, "": root}, unfit)
    for place, entry in kept.items():
        _check(kept, place, entry, folder)
    project: Table = {"folder": folder}
    if overrides:
        project["overrides"] = overrides
    return json.dumps(
        {"lockfileVersion": 3, "requires": True, "packages": kept, PROJECT: project}, indent=1, sort_keys=True
    )


def entries(text: str) -> dict[str, Table]:
    """The packages of a lock by their place. Raises UnfitLock."""
    try:
        packages = json.loads(text)["packages"]
        if all(isinstance(entry, dict) for entry in packages.values()):
            return dict(packages)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        pass
    raise UnfitLock("npm left a lock that cannot be read")


def _check(entries: Mapping[str, Table], place: str, entry: Table, folder: str) -> None:
    """Raise UnfitLock unless an entry is the root, a folder of the workspace, or a file of the registry."""
    if entry.get("link") is True:
        target, name = entry.get("resolved"), name_at(place)
        if not isinstance(target, str) or inside(join(folder, target)) is None:
            raise UnfitLock(f"{place} is a link out of the workspace")
        if place != MODULES + name or package_of(name) != name:
            raise UnfitLock(f"{place} is no place for a package of the workspace")
        return
    name = name_at(place)
    if not name:
        if place and inside(join(folder, place)) is None:
            raise UnfitLock(f"{place} is a folder outside of the workspace")
        return
    if not place.startswith(MODULES) or any(package_of(part) != part for part in _names(place)):
        home = owner(place)
        beside = entries.get(MODULES + name, {}).get("version")
        raise UnfitLock(
            f"{home} needs {name} {entry.get('version')} for itself"
            + (f", and others {beside}" if beside else "")
            + ": there is one /node_modules for all packages of a workspace, so let them agree on a version"
        )
    if _is_bundled(entries, place):
        return
    package, version, url = package_at(place, entry), entry.get("version"), entry.get("resolved")
    if not isinstance(version, str) or not registry.VERSION.fullmatch(version):
        raise UnfitLock(f"{name} has no version in the lock")
    if not isinstance(url, str) or not registry.is_file_of(url, package):
        raise UnfitLock(f"{name} {version} does not come from the registry: {str(url)[:120]}")
    if not registry.sha512_of(entry.get("integrity")):
        raise UnfitLock(f"{name} {version} has no sha512 in the lock: let npm 7 or later write the lock file anew")


def _names(place: str) -> list[str]:
    return [part.strip("/") for part in f"/{place}".split(f"/{MODULES}")[1:]]


def package_at(place: str, entry: Table) -> str:
    """The package at a place, which another name may stand for."""
    name = entry.get("name")
    return name if isinstance(name, str) else name_at(place)


def _is_bundled(entries: Mapping[str, Table], place: str) -> bool:
    """Whether a package comes inside the file of one above it."""
    while place and entries.get(place, {}).get("inBundle") is True:
        place = owner(place)
        if entries.get(place, {}).get("inBundle") is not True:
            return bool(name_at(place)) and bool(entries.get(place, {}).get("bundleDependencies"))
    return False


def fetched(tree: dict[str, Table]) -> Iterator[tuple[dict[str, Table], str, Table]]:
    """The entries of a lock that are files of the registry, with their place."""
    for place, entry in tree.items():
        if name_at(place) and entry.get("link") is not True and not _is_bundled(tree, place):
            yield tree, place, entry


def locked(lock: str) -> Sequence[Locked]:
    """The packages of a lock, each version once. What comes inside another package's file is part of that one."""
    found: dict[str, Locked] = {}
    for tree, place, entry in fetched(entries(lock) if lock else {}):
        name, version = package_at(place, entry), str(entry.get("version"))
        purl = npm(name, version).purl
        needed = {
            npm(package_at(each, tree[each]), str(tree[each].get("version"))).purl
            for each, _ in needs(tree, place)
            if name_at(each) and not _is_bundled(tree, each) and tree[each].get("link") is not True
        }
        before = found[purl].needs if purl in found else ()
        hashes = (f"sha512:{registry.sha512_of(entry.get('integrity'))}",)
        found[purl] = Locked(name, version, purl, hashes, tuple(sorted({*before, *needed})))
    return tuple(found[purl] for purl in sorted(found))


def builders(lock: str) -> tuple[str, ...]:
    """The packages of a lock that cannot be used before a script of theirs has run."""
    every = fetched(entries(lock) if lock else {})
    names = {package_at(place, entry) for _, place, entry in every if entry.get("hasInstallScript") is True}
    return tuple(sorted(names - _NOT_RUN))


def project_files(lock: str) -> tuple[str, dict[str, str], list[tuple[str, str]]]:
    """The project's folder, the files that `npm ci` reads by their path below it, and the links to set.

    A link is where it leads, and its place below the folder of packages: a package of the workspace, or a command that
    one has. npm sets no link to what is not there yet.
    """
    document = json.loads(lock)
    project, entries = document.pop(PROJECT), document["packages"]
    files = {"package-lock.json": json.dumps(document, indent=1)}
    links = []
    for place, entry in entries.items():
        if entry.get("link") is True:
            name = name_at(place)
            links.append((join(_WORKSPACE, inside(join(project["folder"], entry["resolved"])) or ""), name))
            links += _commands(name, entries.get(entry["resolved"], {}).get("bin"))
        elif not name_at(place):
            manifest = dict(entry)
            if not place and "overrides" in project:
                manifest["overrides"] = project["overrides"]
            files[join(place, "package.json")] = json.dumps(manifest, indent=1)
    return project["folder"], files, links


def _commands(name: str, programs: object) -> list[tuple[str, str]]:
    """The links to the commands of a package of the workspace."""
    found = programs.items() if isinstance(programs, dict) else ()
    return [
        (f"../{name}/{inside(path)}", f".bin/{command}")
        for command, path in found
        if package_of(command) == command and "/" not in command and isinstance(path, str) and inside(path)
    ]
