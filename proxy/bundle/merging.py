"""What a line adds to a cache that may have something of it already. Source: ADR 0014."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from jhansi_runner.proxy.bundle import naming
from jhansi_runner.proxy.bundle.landing import Landing
from jhansi_runner.proxy.bundle.manifest import ArtifactLine, DocumentLine, Line, Seen
from jhansi_runner.proxy.bundle.naming import Registries
from jhansi_runner.proxy.bundle.strict import BadManifest
from jhansi_runner.proxy.cache.artifacts import ArtifactFiles
from jhansi_runner.proxy.cache.store import Artifact, Store
from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.registries.interface import Document


class Gone(OSError):
    """Something that was here when the bundle was read went meanwhile."""


class Merging:
    """Lines, in their order, against one cache."""

    def __init__(self, store: Store, files: ArtifactFiles, registries: Registries) -> None:
        self._store, self._files, self._registries = store, files, registries
        self._package = ""
        self._seen: dict[str, tuple[float, str]] = {}
        self._new: dict[str, tuple[float, str]] = {}

    def known(self, line: Line) -> Line:
        """A line with what this cache knows as well. Raises BadManifest where the two contradict each other."""
        line = replace(line, seen=self._first_seen(line))
        if isinstance(line, DocumentLine):
            return line
        kept = self._kept(line)
        return line if kept is None else replace(line, artifact=_both(kept, line.artifact))

    def is_here(self, line: Line) -> bool:
        """Whether the cache has what a line names and does not carry."""
        if isinstance(line, ArtifactLine):
            return self._files.has(line.sha256, line.size)
        kept = self._store.document(line.key)
        if kept is None or kept.status != 200:
            return False
        return kept.fetched >= line.fetched or hashlib.sha256(kept.body).hexdigest() == line.sha256

    def is_new(self, line: Line) -> bool:
        """Whether a line that was made by `known` brings something. Raises BadManifest."""
        if isinstance(line, ArtifactLine):
            return self._kept(line) is None
        kept = self._store.document(line.key)
        return kept is None or kept.status != 200 or kept.fetched < line.fetched

    def keep(self, line: Line, landing: Landing) -> bool:
        """Write the row of a line that was made by `known`; whether it is new. Raises BadManifest, Gone."""
        is_new = self.is_new(line)
        self._note(line)
        if isinstance(line, ArtifactLine):
            if not landing.choose(line):
                raise Gone(f"{line.artifact.purl} went from the cache meanwhile: import the bundle once more")
            if is_new or self._store.artifact(line.key) != line.artifact:
                self._store.keep_artifact(line.key, line.artifact)
        elif is_new:
            self._store.keep_document(line.key, self._document(line, landing))
        return is_new

    def finish(self) -> None:
        """Write what is left to be written."""
        if self._new:
            self._store.keep_seen(self._package, self._new)
        self._new = {}

    def _document(self, line: DocumentLine, landing: Landing) -> Document:
        body = landing.body(line)
        if body is None:
            kept = self._store.document(line.key)
            body = b"" if kept is None else kept.body
            if hashlib.sha256(body).hexdigest() != line.sha256:
                raise Gone(f"{line.key} went from the cache meanwhile: import the bundle once more")
        return Document(line.url, 200, line.content_type, line.etag, line.fetched, body, line.modified)

    def _kept(self, line: ArtifactLine) -> Artifact | None:
        """What is here under the key of a line, with its file. Raises BadManifest for another content."""
        kept = self._store.artifact(line.key)
        if kept is None or not self._files.has(kept.sha256, kept.size):
            return None
        if kept.sha256 != line.sha256:
            raise BadManifest(
                f"{line.artifact.filename} of {line.artifact.purl} is here with another content (sha256 "
                f"{kept.sha256}, in the bundle {line.sha256}): one of the two is not what the registry has. Find out "
                "which; if it is the one here, prune it before you import"
            )
        return kept

    def _first_seen(self, line: Line) -> Seen:
        """The second clock of both sides: of the same content the first time counts, of another one this cache's."""
        release = self._release(line)
        if release is None:
            return None
        ours, theirs = self._seen.get(_name(line, release)), line.seen
        if ours is None or theirs is None:
            return ours or theirs
        if ours[1] and theirs[1] and ours[1] != theirs[1]:
            return ours
        return min(ours[0], theirs[0]), ours[1] or theirs[1]

    def _note(self, line: Line) -> None:
        release, seen = self._release(line), self._first_seen(line)
        if release is not None and seen is not None and self._seen.get(_name(line, release)) != seen:
            self._new[_name(line, release)] = seen

    def _release(self, line: Line) -> Coordinate | None:
        """What a line is about, with the second clock of that package at hand."""
        if isinstance(line, ArtifactLine):
            release: Coordinate | None = naming.coordinate_of(line, self._registries)
        else:
            release = naming.package_of(line, self._registries)
        if release is None or release.version is None:
            return None
        package = release.at(None).purl
        if package != self._package:
            self.finish()
            self._package, self._seen = package, self._store.seen(package)
        return release


def _name(line: Line, release: Coordinate) -> str:
    return (line.artifact.dated_as if isinstance(line, ArtifactLine) else "") or release.version or ""


def _both(ours: Artifact, theirs: Artifact) -> Artifact:
    """What two caches know of one content: ours, and where we do not know, theirs."""
    return replace(
        ours,
        published=theirs.published if ours.published is None else ours.published,
        identity=ours.identity or theirs.identity,
        licence=theirs.licence if ours.licence is None else ours.licence,
        runs=ours.runs or theirs.runs,
        dated_as=ours.dated_as or theirs.dated_as,
        digests={**theirs.digests, **ours.digests},
    )
