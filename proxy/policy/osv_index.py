"""The index of a folder of advisories: a database that is written once, and read by package.

What is in it are texts and numbers. It is complete when it is there: it is written beside its place and renamed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import sqlite3
import threading
import urllib.parse
from collections.abc import Iterator

from jhansi_runner.proxy.coordinate import GOLANG
from jhansi_runner.proxy.policy.advice import Advisory
from jhansi_runner.proxy.policy.osv_package import Affected
from jhansi_runner.proxy.policy.osv_record import Record

FORMAT = "osv index 2"
"""Part of an index's name: another format is another index."""
_NAME = re.compile(r"[0-9a-f]{32}\.db")
_ALIASES = 100
"""Other names of a record that are kept."""
_TROUBLES = 1000
"""Records in trouble that are named; all are counted."""
_TABLES = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -65536;
CREATE TABLE record (number INTEGER PRIMARY KEY, id TEXT, modified TEXT, digest BLOB UNIQUE, head TEXT);
CREATE INDEX by_id ON record (id, modified);
CREATE TABLE entry (package TEXT, record INTEGER, data TEXT);
CREATE TABLE trouble (file TEXT, what TEXT);
CREATE TABLE count (records INTEGER, troubles INTEGER);
"""
_KNOWN = "SELECT 1 FROM record WHERE digest = ?"
_OUTDATED = "SELECT 1 FROM record WHERE id = ? AND modified > ? LIMIT 1"
_REPLACE = "DELETE FROM record WHERE id = ? AND modified > '' AND modified < ?"
_FINISH = (
    "DELETE FROM entry WHERE record NOT IN (SELECT number FROM record)",
    "CREATE INDEX by_package ON entry (package)",
)
_ABOUT = "SELECT record.head, entry.data FROM entry JOIN record ON record.number = entry.record WHERE entry.package = ?"


class IndexDamaged(Exception):
    """The index is not what was written."""


class Writer:
    """Writes an index to a new file."""

    def __init__(self, path: str) -> None:
        self.records = self.troubles = 0
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.executescript(_TABLES)
        self._database.execute("BEGIN")

    def add(self, record: Record, data: bytes) -> None:
        """Add a record, which was read from `data`. Of several with one id, the one modified last counts.

        Where that cannot be told, all of them do.

        Source: Open Source Vulnerability format, "id, modified fields".
        """
        self.records += 1
        database, digest = self._database, hashlib.sha256(data).digest()
        if database.execute(_KNOWN, (digest,)).fetchone():
            return
        if record.modified:
            if database.execute(_OUTDATED, (record.id, record.modified)).fetchone():
                return
            database.execute(_REPLACE, (record.id, record.modified))
        head = [record.id, record.summary, record.malware, record.severity, record.aliases[:_ALIASES]]
        values = (self.records, record.id, record.modified, digest, json.dumps(head))
        database.execute("INSERT INTO record VALUES (?, ?, ?, ?, ?)", values)
        if not record.withdrawn:
            database.executemany("INSERT INTO entry VALUES (?, ?, ?)", _rows(record, self.records))

    def trouble(self, file: str, what: str) -> None:
        """Add what could not be read."""
        self.troubles += 1
        if self.troubles <= _TROUBLES:
            self._database.execute("INSERT INTO trouble VALUES (?, ?)", (file, what))

    def finish(self) -> None:
        """Complete the index. Raises sqlite3.Error."""
        for statement in _FINISH:
            self._database.execute(statement)
        self._database.execute("INSERT INTO count VALUES (?, ?)", (self.records, self.troubles))
        self._database.execute("COMMIT")

    def close(self) -> None:
        """Close the file, complete or not."""
        self._database.close()


class Index:
    """Reads an index. It can be asked from several threads."""

    def __init__(self, path: str) -> None:
        """`records` were read, of which `troubled` not in full; others not at all. Raises IndexDamaged, OSError."""
        os.stat(path)
        self.path = path
        self._lock = threading.Lock()
        with _damage(path):  # nobody writes to it, so nobody needs locks, which network file systems may lack
            uri = f"file:{urllib.parse.quote(path)}?mode=ro&immutable=1"
            self._database = sqlite3.connect(uri, uri=True, check_same_thread=False)
            self.records, self.troubled = self._database.execute("SELECT records, troubles FROM count").fetchone()

    def about(self, purl_type: str, path: str) -> list[Affected]:
        """What is known of a package, by its path as in Coordinate. Raises IndexDamaged."""
        with self._lock, _damage(self.path):
            return [_affected(*row) for row in self._database.execute(_ABOUT, (key(purl_type, path),))]

    def troubles(self) -> list[tuple[str, str]]:
        """Files that could not be read, in full or at all, and why. Raises IndexDamaged."""
        with self._lock, _damage(self.path):
            return self._database.execute("SELECT file, what FROM trouble ORDER BY rowid").fetchall()


def key(purl_type: str, path: str) -> str:
    """What a package is kept under, by its path as in Coordinate.

    Capital letters of Go are read as small ones, as in rules that deny: hosts of repositories often do, so that the
    same code can be had under another spelling, which no advisory names.
    """
    return f"{purl_type} {path.lower() if purl_type == GOLANG else path}"


def _rows(record: Record, number: int) -> Iterator[tuple[str, int, str]]:
    for entry in record.entries:
        yield key(entry.type, entry.path), number, json.dumps([entry.ranges, entry.versions], separators=(",", ":"))


def _affected(head: str, data: str) -> Affected:
    identifier, summary, malware, severity, aliases = json.loads(head)
    ranges, versions = json.loads(data)
    return Affected(
        Advisory(identifier, summary, malware, severity),
        tuple(aliases),
        tuple(tuple((kind, text) for kind, text in events) for events in ranges),
        tuple(versions),
    )


@contextlib.contextmanager
def _damage(path: str) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, ValueError, TypeError) as error:
        raise IndexDamaged(f"{path} is damaged: {error}") from error


def name_of(signature: str) -> str:
    """The name of the file that holds the index of a folder with this signature."""
    return hashlib.sha256(f"{FORMAT} {signature}".encode()).hexdigest()[:32] + ".db"


def is_name(text: str) -> bool:
    """Whether a text can be the name of an index."""
    return _NAME.fullmatch(text) is not None
