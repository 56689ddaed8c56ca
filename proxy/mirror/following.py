"""Follows an artifact that another process fetches: its file is passed on while it grows."""

from __future__ import annotations

import asyncio
import os

from jhansi_runner.proxy.cache.artifacts import ArtifactFiles
from jhansi_runner.proxy.cache.flights import Flight, Told
from jhansi_runner.proxy.mirror.download import Download
from jhansi_runner.proxy.registries.upstreams import UpstreamFailure

_LOOK_SECONDS = 0.02


async def follow(download: Download, flight: Flight, files: ArtifactFiles) -> tuple[int, str] | None:
    """Follow until the artifact is kept, or until the lead is ours because the leader was killed.

    In the second case there may be a file to go on with, as `ArtifactFiles.incoming` gives it. Raises UpstreamFailure
    when the leader has failed, or when its file is gone while clients have had a part of it.
    """
    file: tuple[int, str] | None = None
    while True:
        told = flight.told()
        file = _open(download, files, told, file)
        if file is not None:
            size = os.fstat(file[0]).st_size
            if size > download.received:
                download.grow(size)
        if told.failure:
            raise UpstreamFailure(told.failure, told.status, told.retry_after)
        if told.kept:
            return None
        if flight.inherit():
            there = file is not None and os.path.exists(file[1])
            return file if there else None
        await asyncio.sleep(_LOOK_SECONDS)


def _open(download: Download, files: ArtifactFiles, told: Told, file: tuple[int, str] | None) -> tuple[int, str] | None:
    """The file that the leader writes, once it does; the one that we have already if it is that."""
    if not told.name or (file is not None and os.path.basename(file[1]) == told.name):
        return file
    if download.read:
        raise interrupted(download)
    found = files.arriving(told.name)
    if found is None:  # kept by now, or gone: the next word tells
        return file
    download.received = 0
    download.begin(*found, told.total)
    return found


def begun(download: Download, flight: Flight, files: ArtifactFiles) -> tuple[int, str] | None:
    """The file that a leader began before it was killed, if there is one; for whoever leads from the start."""
    told = flight.told()
    found = files.arriving(told.name) if told.name else None
    if found is not None:
        download.begin(*found, told.total)
    return found


def interrupted(download: Download) -> UpstreamFailure:
    """The failure of a download whose clients have had a part of a file that nobody can go on with."""
    return UpstreamFailure(f"the download of {download.promise.filename} was interrupted: try again", 503)
