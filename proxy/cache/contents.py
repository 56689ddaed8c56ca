"""What is in the cache: for those who look at it, and for those who make room."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from jhansi_runner.proxy.cache.artifacts import FLIGHT, ArtifactFiles, Held
from jhansi_runner.proxy.cache.choice import Sort, Thing
from jhansi_runner.proxy.cache.removal import mark, remove
from jhansi_runner.proxy.cache.store import Artifact, Store
from jhansi_runner.proxy.coordinate import Coordinate


@dataclass(frozen=True, slots=True)
class Entry:
    """An artifact that can be served: what is known of it, and its file."""

    key: str
    artifact: Artifact
    held: Held


@dataclass(frozen=True, slots=True)
class Part:
    """What is cached of one registry, in numbers and bytes. One file under two names counts once in bytes."""

    packages: int
    artifacts: int
    size: int
    documents: int
    documents_size: int


@dataclass(frozen=True, slots=True)
class Stats:
    """The cache in numbers and bytes, by registry; what is on its way, and what is quarantined."""

    parts: Mapping[str, Part]
    incoming: int
    incoming_size: int
    quarantined: int
    quarantined_size: int
    size: int


def entries(store: Store, files: ArtifactFiles) -> list[Entry]:
    """Every artifact that can be served, by purl and file name."""
    there = {held.sha256: held for held in files.walk() if not held.going}
    found = [Entry(key, one, there[one.sha256]) for key, one in store.artifacts() if one.sha256 in there]
    return sorted(found, key=lambda entry: (entry.artifact.purl, entry.artifact.filename))


def stats(store: Store, files: ArtifactFiles) -> Stats:
    """The numbers of the cache. Reads every row."""
    found = entries(store, files)
    weights = list(store.weights())
    types = {_type(entry.artifact.purl) for entry in found} | {weight.key.partition(" ")[0] for weight in weights}
    parts = {}
    for type_ in sorted(types):
        own = [entry for entry in found if _type(entry.artifact.purl) == type_]
        papers = [weight.size for weight in weights if weight.key.partition(" ")[0] == type_]
        packages = {Coordinate.parse(entry.artifact.purl).at(None).purl for entry in own}
        sizes = {entry.held.sha256: entry.held.size for entry in own}
        parts[type_] = Part(len(packages), len(own), sum(sizes.values()), len(papers), sum(papers))
    coming = [size for name, size, _ in _files(f"{files.folder}/incoming") if not name.endswith(FLIGHT)]
    apart = [size for _, size, _ in _files(f"{files.folder}/quarantine")]
    size = sum(thing.size for thing in things(store, files, frozenset())) + sum(coming)
    return Stats(parts, len(coming), sum(coming), len(apart), sum(apart), size)


def things(store: Store, files: ArtifactFiles, pins: frozenset[str], stored: Mapping[str, float] = {}) -> list[Thing]:
    """All that takes room and may go. `stored` is when artifacts were fetched, by hash; else their last use counts."""
    found = [
        Thing(Sort.ARTIFACT, held.sha256, held.size, stored.get(held.sha256, held.used), held.used, held.sha256 in pins)
        for held in files.walk()
        if not held.going
    ]
    found += [Thing(Sort.DOCUMENT, one.key, one.size, one.fetched, one.fetched) for one in store.weights()]
    found += [
        Thing(Sort.QUARANTINED, name, size, changed, changed)
        for name, size, changed in _files(f"{files.folder}/quarantine")
    ]
    return found


def mark_all(store: Store, files: ArtifactFiles, chosen: list[Thing], now: float) -> list[Thing]:
    """Take the first step of removal; what really goes. Documents and what is quarantined go at once."""
    gone = []
    for thing in chosen:
        match thing.sort:
            case Sort.ARTIFACT:
                held = files.held(thing.name)
                if held is None or held.used > thing.used or not mark(store, files, held, now):
                    continue
            case Sort.DOCUMENT:
                store.forget_document(thing.name)
            case Sort.QUARANTINED:
                files.discard(f"{files.folder}/quarantine/{thing.name}")
        gone.append(thing)
    return gone


def remove_marked(store: Store, files: ArtifactFiles, now: float) -> int:
    """Remove what was marked a while ago, also by those who were killed; how much is marked and not gone yet."""
    left = 0
    for held in files.walk():
        if held.going and not remove(store, files, held.sha256, now):
            left += 1
    return left


def _type(purl: str) -> str:
    return purl.removeprefix("pkg:").partition("/")[0]


def _files(folder: str) -> Iterator[tuple[str, int, float]]:
    try:
        with os.scandir(folder) as found:
            for entry in found:
                try:
                    status = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                if entry.is_dir(follow_symlinks=False):  # of an import: its files are on their way
                    yield from _files(entry.path)
                else:
                    yield entry.name, status.st_size, status.st_mtime
    except FileNotFoundError:
        return
