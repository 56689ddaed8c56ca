"""What the cache knows: raw upstream documents, and which artifact was fetched from where.

Values are bytes or JSON text. Artifacts themselves are files (`artifacts.py`). Only the mirror writes here.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import diskcache

from jhansi_runner.proxy.cache.disk import ForeignRow, PlainDisk
from jhansi_runner.proxy.cache.filesystem import require_local
from jhansi_runner.proxy.coordinate import Coordinate

_DOCUMENT, _ARTIFACT = "document", "artifact"
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Document:
    """A document as the upstream sent it. `fetched` is in seconds since the epoch; `status` is 200 or 404."""

    url: str
    status: int
    content_type: str
    etag: str
    fetched: float
    body: bytes


@dataclass(frozen=True, slots=True)
class Artifact:
    """One artifact that was fetched, verified and kept. `size` is in bytes."""

    purl: str
    filename: str
    sha256: str
    size: int
    stored: float


class DamagedCache(OSError):
    """The database cannot be read."""


class Store:
    """Documents and the index of artifacts below one folder."""

    def __init__(self, folder: str) -> None:
        """Raises UnsuitableFileSystem, DamagedCache."""
        require_local(folder)
        index = os.path.join(folder, "index")
        try:
            self._rows = diskcache.Cache(
                index,
                disk=PlainDisk,
                eviction_policy="none",  # the default culls at 1 GiB
                size_limit=1 << 62,
                cull_limit=0,
                disk_min_file_size=1 << 15,
            )
        except sqlite3.DatabaseError as error:
            raise DamagedCache(f"{index} is damaged ({error}): delete it, what it held is fetched again") from error

    def close(self) -> None:
        """Close the database."""
        self._rows.close()

    def document(self, key: str) -> Document | None:
        """The document kept under a key, or None; a row that cannot be read counts as none."""
        row = self._get(_DOCUMENT, key)
        if not isinstance(row, bytes):
            return None
        head, _, body = row.partition(b"\n")
        try:
            found = Document(**json.loads(head), body=body)
        except (ValueError, TypeError):
            return None
        texts = (found.url, found.content_type, found.etag)
        sound = all(isinstance(text, str) for text in texts) and found.status in (200, 404)
        return found if sound and isinstance(found.fetched, float | int) else None

    def keep_document(self, key: str, document: Document) -> None:
        """Keep a document, in place of an older one."""
        head = {name: value for name, value in asdict(document).items() if name != "body"}
        self._rows.set(f"{_DOCUMENT} {key}", json.dumps(head).encode() + b"\n" + document.body)

    def artifact(self, key: str) -> Artifact | None:
        """What is known of an artifact, or None."""
        row = self._get(_ARTIFACT, key)
        if not isinstance(row, str):
            return None
        try:
            found = Artifact(**json.loads(row))
            Coordinate.parse(found.purl)
        except (ValueError, TypeError, AttributeError):
            return None
        # The hash is also the file's name.
        sound = isinstance(found.sha256, str) and _SHA256.fullmatch(found.sha256) and isinstance(found.filename, str)
        return found if sound and isinstance(found.size, int) else None

    def keep_artifact(self, key: str, artifact: Artifact) -> None:
        """Remember an artifact."""
        self._rows.set(f"{_ARTIFACT} {key}", json.dumps(asdict(artifact)))

    def forget_artifact(self, key: str) -> None:
        """Forget an artifact, as when its file turns out to be damaged."""
        self._rows.delete(f"{_ARTIFACT} {key}")

    def artifacts(self) -> Iterator[tuple[str, Artifact]]:
        """Every artifact with its key."""
        for key in self._keys(_ARTIFACT):
            found = self.artifact(key)
            if found is not None:
                yield key, found

    def documents(self) -> Iterator[tuple[str, Document]]:
        """Every document with its key."""
        for key in self._keys(_DOCUMENT):
            found = self.document(key)
            if found is not None:
                yield key, found

    def _keys(self, kind: str) -> Iterator[str]:
        for key in self._rows.iterkeys():
            if isinstance(key, str) and key.startswith(f"{kind} "):
                yield key.removeprefix(f"{kind} ")

    def _get(self, kind: str, key: str) -> object:
        try:
            return self._rows.get(f"{kind} {key}")
        except (ForeignRow, OSError):
            return None
