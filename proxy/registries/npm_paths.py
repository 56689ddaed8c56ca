"""Paths of the npm registry: which there are, and what each names.

    GET /<name>                             the packument: what there is of a package
    GET /<name>/<version or tag>            one version of it
    GET /-/package/<name>/dist-tags         its tags
    GET /<name>/-/<file>.tgz                a tarball

A scoped name is `@scope/name`, and its slash may come as `%2f`; the one spelling that we keep is `/@scope/name`.
Everything else, such as search, keys, audits and logins, names nothing.

Source: the sources of npm 9 to 11, pnpm 10, Yarn 1 and 4, and Corepack; validate-npm-package-name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import unquote

from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.registries.interface import Kind, Wanted
from jhansi_runner.proxy.registries.npm_packument import FILENAME, VERSION

TYPE = "npm"
TAGS = ":dist-tags"
"""The detail of a listing of which only the tags are wanted; else it is a version, a tag, or "" for the packument."""

# Narrower than what npm still installs: no name with one of ~'!()*, which no new package may have.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,213}")
_SCOPED = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,213}")
_NEVER = ("node_modules", "favicon.ico")
_VERSION_IN_FILE = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+(?:[+-][A-Za-z0-9.+-]+)?")
_MAX_NAME, _MAX_PATH = 214, 1024


def read(path: str) -> Wanted | None:
    """Read a path, percent-encoded; None when it names nothing."""
    if not path.startswith("/") or len(path) > _MAX_PATH:
        return None
    # Each segment is decoded by itself; only a scope's may hold the slash that belongs to its name.
    segments = [unquote(part, errors="replace") for part in path[1:].split("/")]
    tags_only = segments[:2] == ["-", "package"]
    package, rest = _package(segments[2:] if tags_only else segments)
    if package is None:
        return None
    if tags_only:
        return _listing(package, f"/-/package{place(package)}/dist-tags", TAGS) if rest == ["dist-tags"] else None
    match rest:
        case []:
            return _listing(package, place(package))
        case [version] if VERSION.fullmatch(version):
            return _listing(package, f"{place(package)}/{version}", version)
        case ["-", name] if FILENAME.fullmatch(name):
            return Wanted(Kind.FILE, f"{place(package)}/-/{name}", _of_file(package, name), name)
    return None


def of_version(wanted: Wanted) -> Coordinate:
    """What a path names, with the version where it tells one."""
    assert wanted.package is not None, "every path here names a package"
    exact = wanted.kind is Kind.LISTING and _VERSION_IN_FILE.fullmatch(wanted.detail)
    return wanted.package.at(wanted.detail) if exact else wanted.package


def place(package: Coordinate) -> str:
    """The path of a package."""
    return f"/{package.namespace}/{package.name}" if package.namespace else f"/{package.name}"


def _package(segments: Sequence[str]) -> tuple[Coordinate | None, Sequence[str]]:
    """The package that a path begins with, and what follows it."""
    head, *rest = segments or [""]
    if not head.startswith("@"):
        known = _NAME.fullmatch(head) and head.lower() not in _NEVER
        return (Coordinate(TYPE, "", head) if known else None), rest
    scope, slash, name = head.partition("/")
    if not slash:
        name, *rest = rest or [""]
    known = _SCOPED.fullmatch(scope[1:]) and _SCOPED.fullmatch(name) and len(scope) + len(name) < _MAX_NAME
    return (Coordinate(TYPE, scope, name) if known else None), rest


def _listing(package: Coordinate, path: str, detail: str = "") -> Wanted:
    return Wanted(Kind.LISTING, path, package, detail)


def _of_file(package: Coordinate, filename: str) -> Coordinate:
    """The package with the version that a tarball's name says, where it says one; a scope is not part of the name."""
    version = filename.removeprefix(f"{package.name}-").removesuffix(".tgz")
    ordinary = filename == f"{package.name}-{version}.tgz" and _VERSION_IN_FILE.fullmatch(version)
    return package.at(version) if ordinary else package
