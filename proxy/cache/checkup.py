"""Compares everything in the cache with its hash, and moves aside what is damaged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from jhansi_runner.proxy.cache.artifacts import ArtifactFiles, Held
from jhansi_runner.proxy.cache.removal import quarantine
from jhansi_runner.proxy.cache.store import Artifact, Store

DAMAGED, MISSING = "damaged", "missing"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is not what it was. `problem` is damaged or missing; `place` is where it was moved, or "".

    `purl` and `filename` are "" for a file that no row names, as after a kill.
    """

    problem: str
    sha256: str
    purl: str = ""
    filename: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """How many artifacts were looked at, how many bytes they are, and what is wrong with some."""

    artifacts: int
    size: int
    faults: tuple[Fault, ...]


def check_all(store: Store, files: ArtifactFiles, now: float, *, keep: bool = False) -> Report:
    """Read every file. With `keep` nothing is moved or forgotten. Other processes may use the cache meanwhile."""
    rows = list(store.artifacts())
    by_hash: dict[str, list[Artifact]] = {}
    for _, artifact in rows:
        by_hash.setdefault(artifact.sha256, []).append(artifact)
    faults: list[Fault] = []
    for held in list(files.walk()):
        if not held.going and not files.verify(held.sha256):
            faults += _damaged(store, files, held, by_hash.get(held.sha256, []), now, keep=keep)
    damaged = {fault.sha256 for fault in faults}
    for key, artifact in rows:
        if artifact.sha256 not in damaged and _is_missing(store, files, key, artifact):
            faults.append(Fault(MISSING, artifact.sha256, artifact.purl, artifact.filename))
            if not keep:
                store.forget_artifact(key, lambda one: files.has(one.sha256))
    return Report(len(rows), sum(artifact.size for _, artifact in rows), tuple(faults))


def _damaged(
    store: Store, files: ArtifactFiles, held: Held, known: list[Artifact], now: float, *, keep: bool
) -> Iterator[Fault]:
    place = "" if keep else quarantine(store, files, held.sha256, now)
    there = files.held(held.sha256)
    if not place and (there is None or there.going or not keep):  # it went, or was fetched again, while we read
        return
    if not known:
        yield Fault(DAMAGED, held.sha256, place=place)
    for artifact in known:
        yield Fault(DAMAGED, held.sha256, artifact.purl, artifact.filename, place)


def _is_missing(store: Store, files: ArtifactFiles, key: str, artifact: Artifact) -> bool:
    """Whether a row has no file. Where files go for good reason their rows go first, so the row is looked at last."""
    if files.has(artifact.sha256):
        return False
    row = store.artifact(key)
    return row is not None and not files.has(row.sha256)
