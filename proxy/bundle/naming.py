"""What the names of a line have to do with each other: its key, its package-url and its file's name say the same.

The mirror judges by the key's package first, and by what is kept under it then: a line whose two differ would let one
package in under another's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote

from jhansi_runner.proxy.bundle.manifest import ArtifactLine, DocumentLine
from jhansi_runner.proxy.bundle.strict import BadManifest
from jhansi_runner.proxy.coordinate import GOLANG, NPM, PYPI, Coordinate
from jhansi_runner.proxy.registries.interface import Kind, Registry, Wanted
from jhansi_runner.proxy.registries.pypi import projects_of
from jhansi_runner.proxy.registries.pypi_index import version_of

_METADATA = ".metadata"
_NPM_FORMS = ("full", "abbreviated")
Registries = Mapping[str, Registry]


def prefix_of(key: str) -> str:
    """Which registry, and whose, a key in the cache belongs to: what stands before its first blank."""
    return key.partition(" ")[0]


def type_of(key: str) -> str:
    """The package-url type of a key."""
    return prefix_of(key).partition("@")[0]


def coordinate_of(line: ArtifactLine, registries: Registries) -> Coordinate:
    """The release that an artifact is of. Raises BadManifest where its names do not agree."""
    coordinate = Coordinate.parse(line.artifact.purl)
    path = line.key.partition(" ")[2]
    registry = registries.get(type_of(line.key))
    wanted = registry.route(path) if registry is not None and coordinate.type == registry.type else None
    if wanted is None or wanted.kind is not Kind.FILE or wanted.path != path:
        raise BadManifest(f"{line.key} names no file of {coordinate.purl}")
    one = line.artifact
    named = one.filename == _filename(coordinate, path) and one.dated_as in ("", wanted.detail)
    if not named or not _fits(coordinate, wanted):
        raise BadManifest(f"{line.key} is a file of another package than {coordinate.purl}, or has another name")
    return coordinate


def package_of(line: DocumentLine, registries: Registries) -> Coordinate | None:
    """The package that a document is about, with its version where the key tells it; None for one about no package.

    Raises BadManifest for a key that the mirror never asks for.
    """
    type_, _, name = line.key.partition(" ")
    registry = registries.get(type_)
    path = _document_path(type_, name)
    wanted = registry.route(path) if registry is not None else None
    if wanted is None or (wanted.kind is Kind.FILE and not path.endswith(".pom")) or wanted.path != path:
        raise BadManifest(f"{line.key} names no document of a registry")
    return wanted.package


def is_ours(key: str, registries: Registries) -> bool:
    """Whether a document's key is one that can cross."""
    try:
        package_of(DocumentLine(key, "", "", "", "", 0.0, "", 0, carried=False), registries)
    except BadManifest:
        return False
    return True


def _document_path(type_: str, name: str) -> str:
    if type_ == PYPI:
        return f"/simple/{name}/"
    if type_ == NPM:
        name, _, form = name.rpartition(" ")
        return f"/{name}" if form in _NPM_FORMS else ""
    return name


def _fits(coordinate: Coordinate, wanted: Wanted) -> bool:
    if coordinate.type == PYPI:
        name = wanted.detail
        return coordinate.name in projects_of(name) and version_of(name, coordinate.name) == coordinate.version
    package = wanted.package
    if package is None or package.at(None) != coordinate.at(None):
        return False
    return package.version is None or package.version == coordinate.version


def _filename(coordinate: Coordinate, path: str) -> str:
    if coordinate.type == GOLANG:
        return f"{coordinate.version}.zip"
    return unquote(path.rpartition("/")[2])
