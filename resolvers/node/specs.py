"""What a package.json may ask for: versions of the registry, and folders of the workspace. Nothing else can be had.

Source: npm's documentation of package.json, "dependencies"; npm-package-arg.
"""

from __future__ import annotations

import posixpath
import re

from jhansi_runner.resolvers.interface import ManifestError
from jhansi_runner.resolvers.node.local import inside, join
from jhansi_runner.resolvers.node.names import package_of

FOLDER = ("file:", "link:", "portal:")
_WORKSPACE = "workspace:"
_ALIAS = re.compile(r"npm:(?P<name>(?:@[^@/]+/)?[^@/]+)(?:@(?P<range>.*))?")
_RANGE = re.compile(r"[\w.\-+<>=~^|* ]*", re.ASCII)
_ROOT_ABOVE = "the root that lists its packages lies above, if anywhere: name that folder with --workspace"
_ELSEWHERE = "name a version of the registry, or put the code into the workspace and write file:FOLDER"


def checked(name: str, spec: object, path: str, line: int, folder: str, members: frozenset[str]) -> str:
    """A dependency's version as npm gets to see it. Raises ManifestError for what cannot be had.

    `folder` is that of the package.json, `members` are names of packages that the workspace itself holds.
    """
    if package_of(name) != name:
        raise ManifestError(path, line, f"{name!r} is no name of a package", "correct it")
    if not isinstance(spec, str):
        raise ManifestError(path, line, f"the version of {name} is no string", 'write for example "^1.0.0"')
    spec = spec.strip()
    if spec.startswith(_WORKSPACE):
        if name not in members:
            hint = "correct its name, or add it" if members else _ROOT_ABOVE
            raise ManifestError(path, line, f"{name} is no package of this workspace", hint)
        return "*"
    if spec.startswith(FOLDER):
        return "file:" + _relative(name, spec, path, line, folder)
    if spec.startswith((".", "/", "~/")) and "/" in spec:
        return "file:" + _relative(name, "file:" + spec, path, line, folder)
    if spec.startswith("catalog:"):
        raise ManifestError(path, line, f"{name} has its version in a catalog of pnpm's", "write the version here")
    alias = _ALIAS.fullmatch(spec)
    wanted = (alias["range"] or "") if alias else spec
    if alias and package_of(alias["name"]) != alias["name"]:
        raise ManifestError(path, line, f"{name} stands for {alias['name']!r}, no name of a package", "correct it")
    if not _RANGE.fullmatch(wanted):
        raise ManifestError(path, line, f"{name} comes from {spec[:80]!r}, not from the registry", _ELSEWHERE)
    return spec


def _relative(name: str, spec: str, path: str, line: int, folder: str) -> str:
    target = spec.partition(":")[2].removeprefix("//")
    where = None if target.startswith(("/", "~")) else inside(join(folder, target))
    if where is None:
        raise ManifestError(path, line, f"{name} lies outside of the workspace", "copy it into the workspace")
    if target.endswith((".tgz", ".tar.gz", ".tar")):
        raise ManifestError(path, line, f"{name} is an archive, whose content nobody has checked", _ELSEWHERE)
    return posixpath.relpath(where or ".", folder or ".")


def folder_of(spec: str, folder: str) -> str | None:
    """The folder of the workspace that a checked dependency means, None for one of the registry."""
    return inside(join(folder, spec.removeprefix("file:"))) if spec.startswith("file:") else None


def real_name(name: str, spec: str) -> str:
    """The package that is fetched for a dependency, which may be called otherwise here."""
    alias = _ALIAS.fullmatch(spec)
    return alias["name"] if alias else name


def range_of(spec: str) -> str:
    """The versions that a dependency allows."""
    alias = _ALIAS.fullmatch(spec)
    return (alias["range"] or "") if alias else spec
