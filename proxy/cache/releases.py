"""The release that a kept artifact is of, for whoever judges it again: without the mirror, and without a network."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from jhansi_runner.proxy.cache.store import Artifact
from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.policy.release import Release
from jhansi_runner.proxy.registries.interface import Inside

_coordinate = lru_cache(maxsize=8192)(Coordinate.parse)


def release_of(artifact: Artifact) -> Release:
    """The release of a kept artifact, by what was known when it was fetched."""
    return Release(
        _coordinate(artifact.purl),
        artifact.published,
        artifact.identity,
        artifact.size,
        artifact.licence,
        artifact.runs,
        filename=artifact.dated_as,
    )


def looked_into(artifact: Artifact, inside: Inside) -> Artifact:
    """An artifact by the registry's word and by its own: where they differ both count."""
    licence = artifact.licence if inside.licence is None else inside.licence
    if artifact.licence and inside.licence and artifact.licence != inside.licence:
        licence = f"({artifact.licence}) AND ({inside.licence})"
    return replace(artifact, licence=licence, runs=artifact.runs or inside.runs, inspected=True)
