"""What the cache knows: raw upstream documents, and which artifact was fetched from where.

Values are bytes or JSON text. Artifacts themselves are files (`artifacts.py`). Only the mirror writes here.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sqlite3
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field

import diskcache

from jhansi_runner.proxy.cache.disk import ForeignRow, PlainDisk
from jhansi_runner.proxy.cache.filesystem import require_local
from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.registries.interface import Document

_DOCUMENT, _ARTIFACT, _SEEN, _CHECKED = "document", "artifact", "seen", "checked"
_WEIGHTS = (  # small values are in the row, and have no size there
    "SELECT key, store_time, size + coalesce(length(value), 0) FROM Cache WHERE raw = 1 AND key > ? AND key < ?"
)
_UNNAMED_SECONDS = 86400.0
"""What is younger may be about to be named."""
_KEYS = "SELECT key FROM Cache WHERE raw = 1 AND key >= ? AND key < ?"
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Artifact:
    """One artifact that was fetched, verified and kept. `size` is in bytes, `stored` in seconds since the epoch.

    The rest is what was known of its release when it was fetched (see Release; `dated_as` is its `filename`), and every
    digest that was computed; `inspected` tells that the file itself was asked as well.
    """

    purl: str
    filename: str
    sha256: str
    size: int
    stored: float
    published: float | None = None
    identity: str = ""
    licence: str | None = None
    runs: str = ""
    dated_as: str = ""
    inspected: bool = False
    digests: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Weight:
    """A document without its body: its key, when it was fetched (seconds since the epoch), its size in bytes."""

    key: str
    fetched: float
    size: int


class DamagedCache(OSError):
    """The database cannot be read."""


class Store:
    """Documents and the index of artifacts below one folder."""

    def __init__(self, folder: str) -> None:
        """Raises UnsuitableFileSystem, DamagedCache."""
        require_local(folder)
        index = os.path.join(folder, "index")
        self._database = os.path.join(index, "cache.db")
        self._imports = os.path.join(folder, "imported")
        try:
            self._rows = diskcache.Cache(
                index,
                disk=PlainDisk,
                eviction_policy="none",  # the default culls at 1 GiB
                size_limit=1 << 62,
                cull_limit=0,
                disk_min_file_size=1 << 15,
                tag_index=1,
            )
        except sqlite3.DatabaseError as error:
            raise DamagedCache(f"{index} is damaged ({error}): delete it, what it held is fetched again") from error

    def close(self) -> None:
        """Close the database."""
        self._rows.close()

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """All that is kept within comes in one step at the end, or none of it. Others can keep nothing meanwhile."""
        with self._rows.disk.together(), self._rows.transact(retry=True):
            yield

    @property
    def imports(self) -> int:
        """A number that is another one after each import: what was remembered of rows before is to be forgotten."""
        try:
            return os.stat(self._imports).st_mtime_ns
        except OSError:
            return 0

    def imported(self) -> None:
        """Tell all processes that rows were imported."""
        with open(self._imports, "ab"):
            os.utime(self._imports)

    def sweep(self, now: float) -> None:
        """Remove values that no row names, as whoever is killed while keeping some leaves them; `now` as usual."""
        with contextlib.closing(sqlite3.connect(self._database, timeout=60)) as database:
            named = {name for (name,) in database.execute("SELECT filename FROM Cache WHERE filename IS NOT NULL")}
        folder = os.path.dirname(self._database)
        for place, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(place, name)
                if name.endswith(".val") and os.path.relpath(path, folder) not in named:
                    with contextlib.suppress(OSError):
                        if os.stat(path).st_mtime < now - _UNNAMED_SECONDS:
                            os.unlink(path)

    def document(self, key: str) -> Document | None:
        """The document kept under a key, or None; a row that cannot be read counts as none."""
        row = self._get(_DOCUMENT, key)
        if not isinstance(row, bytes):
            return None
        head, _, body = row.partition(b"\n")
        try:
            found = Document(**json.loads(head), body=body)
        except (ValueError, TypeError, RecursionError):
            return None
        texts = (found.url, found.content_type, found.etag, found.modified)
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
        except (ValueError, TypeError, AttributeError, RecursionError):
            return None
        return found if _is_sound(found) else None

    def keep_artifact(self, key: str, artifact: Artifact) -> None:
        """Remember an artifact."""
        self._rows.set(f"{_ARTIFACT} {key}", json.dumps(asdict(artifact)), tag=artifact.sha256, retry=True)

    def forget_artifact(self, key: str, unless: Callable[[Artifact], bool] = lambda _: False) -> None:
        """Forget an artifact, as when its file is gone, unless it is (no other process can remember it meanwhile)."""
        with self._rows.transact(retry=True):
            found = self.artifact(key)
            if found is None or not unless(found):
                self._rows.delete(f"{_ARTIFACT} {key}")

    def forget_file(self, sha256: str) -> int:
        """Forget every artifact whose file has this hash; how many rows there were."""
        return int(self._rows.evict(sha256, retry=True))

    def checked(self, sha256: str) -> float:
        """When a file was last compared with its hash after it was kept, in seconds since the epoch; 0.0 for never."""
        row = self._get(_CHECKED, sha256)
        try:
            return float(row) if isinstance(row, str) else 0.0
        except ValueError:
            return 0.0

    def keep_checked(self, sha256: str, now: float) -> None:
        """Remember that a file was compared now."""
        self._rows.set(f"{_CHECKED} {sha256}", repr(now), tag=sha256, retry=True)

    def seen(self, package: str) -> dict[str, tuple[float, str]]:
        """When the releases of a package were first seen: by name, seconds since the epoch and what they were."""
        row = self._get(_SEEN, package)
        try:
            found = json.loads(row) if isinstance(row, str) else {}
            return {name: (float(time), str(identity)) for name, (time, identity) in found.items()}
        except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
            return {}

    def keep_seen(self, package: str, seen: Mapping[str, tuple[float, str]]) -> None:
        """Remember when the releases of a package were first seen, along with what others remembered meanwhile.

        Of two that saw the same content, the first counts.
        """
        with self._rows.transact(retry=True):
            merged = self.seen(package)
            for name, (time, identity) in seen.items():
                known = merged.get(name)
                same = known is not None and known[1] == identity
                merged[name] = (min(known[0], time) if known is not None and same else time), identity
            self._rows.set(f"{_SEEN} {package}", json.dumps(merged))

    def artifacts(self) -> Iterator[tuple[str, Artifact]]:
        """Every artifact with its key."""
        for key in self._keys(_ARTIFACT):
            found = self.artifact(key)
            if found is not None:
                yield key, found

    def artifacts_below(self, beginning: str) -> Iterator[tuple[str, Artifact]]:
        """Those whose key begins so, without reading the others."""
        low, high = f"{_ARTIFACT} {beginning}", f"{_ARTIFACT} {beginning}\U0010ffff"
        path = urllib.parse.quote(self._database)
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=60)) as database:
            keys = [key for (key,) in database.execute(_KEYS, (low, high)) if isinstance(key, str)]
        for key in (key.removeprefix(f"{_ARTIFACT} ") for key in keys):
            found = self.artifact(key)
            if found is not None:
                yield key, found

    def documents(self) -> Iterator[tuple[str, Document]]:
        """Every document with its key."""
        for key in self._keys(_DOCUMENT):
            found = self.document(key)
            if found is not None:
                yield key, found

    def weights(self) -> Iterator[Weight]:
        """Every document, without reading any: by what the database says of its rows. Raises sqlite3.Error."""
        path = urllib.parse.quote(self._database)
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=60)) as database:
            rows = database.execute(_WEIGHTS, (f"{_DOCUMENT} ", f"{_DOCUMENT}!"))
            for key, stored, size in rows:
                if isinstance(key, str) and isinstance(stored, float | int) and isinstance(size, int):
                    yield Weight(key.removeprefix(f"{_DOCUMENT} "), stored, size)

    def forget_document(self, key: str) -> None:
        """Forget a document."""
        self._rows.delete(f"{_DOCUMENT} {key}", retry=True)

    def _keys(self, kind: str) -> Iterator[str]:
        for key in self._rows.iterkeys():
            if isinstance(key, str) and key.startswith(f"{kind} "):
                yield key.removeprefix(f"{kind} ")

    def _get(self, kind: str, key: str) -> object:
        try:
            return self._rows.get(f"{kind} {key}")
        except (ForeignRow, OSError):
            return None


def _is_sound(artifact: Artifact) -> bool:
    """Whether a row holds what we write. The hash is also the file's name."""
    digests = artifact.digests
    texts = (artifact.filename, artifact.sha256, artifact.identity, artifact.runs, artifact.dated_as)
    return (
        all(isinstance(text, str) for text in texts)
        and _SHA256.fullmatch(artifact.sha256) is not None
        and isinstance(artifact.size, int)
        and isinstance(artifact.stored, int | float)
        and isinstance(artifact.published, int | float | None)
        and isinstance(artifact.licence, str | None)
        and isinstance(digests, dict)
        and all(isinstance(value, str) for value in digests.values())
    )
