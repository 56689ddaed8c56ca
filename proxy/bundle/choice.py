"""What of a cache crosses: what is wished for, whole, and allowed by the policy in force."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from jhansi_runner.proxy.bundle import naming
from jhansi_runner.proxy.bundle.judging import Judging, Refused, Wish
from jhansi_runner.proxy.bundle.manifest import ArtifactLine, DocumentLine, Seen
from jhansi_runner.proxy.bundle.strict import BadManifest
from jhansi_runner.proxy.cache.artifacts import ArtifactFiles
from jhansi_runner.proxy.cache.store import Artifact, Store
from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.registries.interface import Document


@dataclass(frozen=True, slots=True)
class Left:
    """Something that stays although it is wished for, and why."""

    what: str
    reason: str


@dataclass(slots=True)
class Stays:
    """All that stays: what the policy refuses, and what cannot cross."""

    refused: list[Refused] = field(default_factory=list)
    others: list[Left] = field(default_factory=list)


class Choice:
    """Goes through a cache once, artifacts first, by key; `stays` is filled meanwhile."""

    def __init__(self, store: Store, files: ArtifactFiles, judging: Judging, wish: Wish) -> None:
        self._store, self._files, self._judging, self._wish = store, files, judging, wish
        self.stays = Stays()
        self._package = ""
        self._seen: dict[str, tuple[float, str]] = {}
        self._kept_out: set[str] = set()
        self._crossing: set[str] = set()

    def artifacts(self) -> Iterator[ArtifactLine]:
        """What crosses, each carried."""
        for key, artifact in self._store.artifacts():
            coordinate = Coordinate.parse(artifact.purl)
            if not self._wish.means(coordinate, coordinate.type, artifact.filename):
                continue
            line = self._artifact(key, artifact, coordinate)
            if line is not None:
                self._crossing.add(coordinate.purl)
                yield line
            else:
                self._kept_out.add(coordinate.purl)

    def documents(self) -> Iterator[tuple[DocumentLine, Document]]:
        """What crosses, after the artifacts, with its content: not what only belongs to a release that stays."""
        for key, document in self._store.documents():
            if document.status != 200 or not naming.is_ours(key, self._judging.registries):
                continue
            line = _line(key, document)
            package = naming.package_of(line, self._judging.registries)
            if not self._wish.means(package, naming.type_of(key)) or not self._judging.is_public_or_own(line):
                continue
            stays = package is not None and package.version is not None and self._is_left(package)
            if stays or self._judging.document(line) is not None:
                continue
            yield replace(line, seen=self._seen_of(package, "")), document

    def _artifact(self, key: str, artifact: Artifact, coordinate: Coordinate) -> ArtifactLine | None:
        what = f"{artifact.purl} ({artifact.filename})"
        if not self._files.has(artifact.sha256, artifact.size):
            self.stays.others.append(Left(what, "its file is gone"))
            return None
        if not self._judging.is_own(key):
            self.stays.others.append(Left(what, "it came from an upstream that the policy in force does not name"))
            return None
        line = ArtifactLine(key, artifact, carried=True, seen=self._seen_of(coordinate, artifact.dated_as))
        try:
            known, refused = self._judging.artifact(line, self._files.path(artifact.sha256))
        except BadManifest as error:
            self.stays.others.append(Left(what, str(error)))
            return None
        if refused is not None:
            self.stays.refused.append(refused)
            return None
        return replace(line, artifact=known)

    def _is_left(self, release: Coordinate) -> bool:
        return release.purl in self._kept_out and release.purl not in self._crossing

    def _seen_of(self, release: Coordinate | None, filename: str) -> Seen:
        if release is None or release.version is None:
            return None
        package = release.at(None).purl
        if package != self._package:
            self._package, self._seen = package, self._store.seen(package)
        return self._seen.get(filename or release.version)


def _line(key: str, one: Document) -> DocumentLine:
    sha256 = hashlib.sha256(one.body).hexdigest()
    size = len(one.body)
    return DocumentLine(key, one.url, one.content_type, one.etag, one.modified, one.fetched, sha256, size, carried=True)
