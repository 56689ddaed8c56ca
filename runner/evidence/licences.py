"""What the files of a package declare as its licence, where the mirror was not asked to look.

A policy without conditions on licences makes the mirror look for none. What is said here is said to auditors; it
lets nothing in.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping

from jhansi_runner.proxy.cache.artifacts import ArtifactFiles
from jhansi_runner.proxy.cache.store import Artifact
from jhansi_runner.proxy.coordinate import MAVEN, NPM, PYPI, Coordinate, maven
from jhansi_runner.proxy.registries import maven_pom, npm_licence
from jhansi_runner.proxy.registries.archives import members, tolerated
from jhansi_runner.proxy.registries.pypi_licence import licence_inside

_MAX_BYTES = 4 << 20
_PARENTS = 10
POM = ".pom"


def declared(artifact: Artifact, files: ArtifactFiles, poms: Mapping[str, str]) -> str:
    """The licence of an artifact as its author wrote it, "" for none. `poms` are files of POMs, by purl.

    Raises nothing: what cannot be read declares nothing.
    """
    if artifact.licence is not None:
        return artifact.licence
    type_ = Coordinate.parse(artifact.purl).type
    path = files.path(artifact.sha256)
    with contextlib.suppress(OSError):
        if type_ == PYPI:
            return licence_inside(path, artifact.filename) or ""
        if type_ == NPM:
            return _in_tarball(path)
        if type_ == MAVEN:
            return _in_poms(artifact.purl, files, poms)
    return ""


def _in_tarball(path: str) -> str:
    """By the first package.json: to read all of a thousand tarballs would take longer than to install them."""
    with tolerated(), members(path, ".tgz") as archive:
        for member in archive:
            folder, _, last = member.name.removeprefix("./").partition("/")
            if folder and last == "package.json" and member.isfile():
                file = archive.extractfile(member)
                manifest = json.loads(file.read(_MAX_BYTES)) if file else None
                return (npm_licence.declared(manifest) or "") if isinstance(manifest, dict) else ""
    return ""


def _in_poms(purl: str, files: ArtifactFiles, poms: Mapping[str, str]) -> str:
    """By its own POM, or that of a parent, as far as they are cached."""
    for _ in range(_PARENTS):
        if purl not in poms or os.path.getsize(files.path(poms[purl])) > _MAX_BYTES:
            return ""
        with open(files.path(poms[purl]), "rb") as file:
            pom = maven_pom.parse(file.read(_MAX_BYTES))
        if pom.licence or pom.parent is None:
            return pom.licence
        try:
            purl = maven(pom.parent.group, pom.parent.artifact, pom.parent.version).purl
        except ValueError:
            return ""
    return ""
